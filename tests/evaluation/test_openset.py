import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaitway.errors import InputError
from gaitway.evaluation.openset import OpenSet, find_nearest, hold_out_subjects


@st.composite
def open_sets(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**31)))
    count = int(rng.integers(2, 40))
    mated = np.concatenate([[True, False], rng.random(count - 2) < 0.5])
    return OpenSet(np.round(rng.random(count), 2), mated & (rng.random(count) < 0.7), mated)


class TestRates:
    @given(open_sets(), st.floats(-0.1, 1.1))
    def test_rates_are_counts(self, found, threshold):
        named = found.distance <= threshold
        assert found.fpir(threshold) == pytest.approx(100 * named[~found.mated].mean())
        assert found.fnir(threshold) == pytest.approx(100 * (~(named & found.right))[found.mated].mean())

    @given(open_sets(), st.floats(0, 100))
    def test_the_threshold_keeps_its_promise_and_is_the_largest_that_does(self, found, percent):
        threshold = found.threshold_at_fpir(percent)
        assert found.fpir(threshold) <= percent + 1e-6
        if np.isfinite(threshold):
            assert found.fpir(np.nextafter(threshold, np.inf)) > percent

    @given(open_sets())
    def test_the_curve_agrees(self, found):
        for threshold, fpir, fnir in zip(*found.curve(), strict=True):
            assert (found.fpir(threshold), found.fnir(threshold)) == pytest.approx((fpir, fnir))

    def test_strangers_are_needed(self):
        with pytest.raises(InputError, match="people not in it"):
            OpenSet(np.ones(2), np.ones(2, bool), np.ones(2, bool))


class TestFind:
    def test_finds_the_nearest_and_who_is_a_stranger(self):
        gallery = np.array([0.0, 10.0]).reshape(2, 1, 1)
        probes = np.array([1.0, 8.0, 4.0]).reshape(3, 1, 1)
        found = find_nearest((probes, gallery), (np.array(["a", "a", "c"]), np.array(["a", "b"])))
        np.testing.assert_allclose(found.distance, [1, 2, 4])
        assert found.right.tolist() == [True, False, False]
        assert found.mated.tolist() == [True, True, False]

    def test_held_out_subjects_leave_wholly(self):
        labels = np.repeat(np.arange(10), 3)
        kept = hold_out_subjects(labels, 0.3, seed=1)
        assert kept.sum() == 21
        assert not set(labels[kept]) & set(labels[~kept])
