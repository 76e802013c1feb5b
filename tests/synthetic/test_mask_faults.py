import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaitway.synthetic.mask_faults import FaultRates, spoil


def body(count=10):
    masks = np.zeros((count, 120, 100), np.uint8)
    masks[:, 10:110, 35:65] = 255
    return masks


ONLY = {
    name: FaultRates(**{n: float(n == name) for n in FaultRates.__slots__}) for name in FaultRates.__slots__
}


@given(st.integers(0, 2**32))
@settings(max_examples=30, deadline=None)
def test_any_faults_leave_masks_of_0_and_255_and_at_least_one_frame(seed):
    masks = body()
    out = spoil(masks, np.random.default_rng(seed), FaultRates(*[0.7] * 11))
    assert 1 <= len(out) <= 10
    assert out.dtype == np.uint8
    assert set(np.unique(out)) <= {0, 255}
    np.testing.assert_array_equal(masks, body())  # the input is left alone


@pytest.mark.parametrize("name", [name for name in ONLY if name != "soft"])
def test_every_fault_does_something_to_some_of_twenty(name):
    changed = 0
    for seed in range(20):
        out = spoil(body(), np.random.default_rng(seed), ONLY[name])
        changed += out.shape != body().shape or bool((out != body()).any())
    assert changed >= 12


def test_edge_noise_stays_at_the_body():
    out = spoil(body(), np.random.default_rng(4), ONLY["edge"])
    assert not out[:, :, :28].any()
    assert not out[:, :, 72:].any()


def test_lost_feet_only_shorten():
    for seed in range(10):
        out = spoil(body(), np.random.default_rng(seed), ONLY["feet"])
        assert (out <= body()).all()
        assert out[:, 10:95].all(axis=(0, 1))[35:65].all()


def test_merged_people_only_add():
    for seed in range(10):
        assert (spoil(body(), np.random.default_rng(seed), ONLY["merged"]) >= body()).all()


def test_bulges_only_add_and_bites_only_take_beside_the_trunk():
    for seed in range(10):
        more = spoil(body(), np.random.default_rng(seed), ONLY["bulges"])
        less = spoil(body(), np.random.default_rng(seed), ONLY["bites"])
        assert (more >= body()).all()
        assert (less <= body()).all()
        assert less[:, 10:110, 47:53].all()  # the middle of the body stays
        np.testing.assert_array_equal(less[:, 95:], body()[:, 95:])


def test_a_soft_mask_loses_narrow_gaps_and_keeps_wide_ones():
    gapped = body(1)
    gapped[:, 60:110, 49:50] = 0
    gapped[:, 60:110, 55:60] = 0
    closed = 0
    for seed in range(20):
        out = spoil(gapped, np.random.default_rng(seed), ONLY["soft"])
        closed += bool(out[0, 70:90, 49].all())
        assert not out[0, 70:90, 57].any()
    assert closed >= 10


def test_no_rates_no_faults():
    np.testing.assert_array_equal(spoil(body(), np.random.default_rng(0), FaultRates(*[0.0] * 11)), body())
