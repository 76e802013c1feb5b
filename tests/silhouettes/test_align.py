import json

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gaitway.errors import EmptyMaskError, InputError
from gaitway.silhouettes import align, align_all, align_seed
from support.shared import shared
from support.sticks import draw_person


def plain_align(mask, size=64, min_sum=10_000, *, needs_centre=True):
    """The same rules, pixel by pixel and with the padding that the rules' text describes."""
    if mask.sum(dtype=np.int64) <= min_sum:
        return None
    rows = [r for r in range(len(mask)) if mask[r].sum() > 0]
    cut = mask[rows[0] : rows[-1] + 1]
    width = int(size * cut.shape[1] / cut.shape[0])
    if width == 0:
        return None
    scaled = cv2.resize(cut, (width, size), interpolation=cv2.INTER_CUBIC)
    mass = scaled.sum(axis=0, dtype=np.int64).tolist()
    centre = next((k for k in range(width) if sum(mass[: k + 1]) > sum(mass) / 2), None)
    if centre is None or (needs_centre and centre == 0):
        return None
    left = centre - size // 2
    if left <= 0 or left + size >= width:
        scaled = np.pad(scaled, ((0, 0), (size // 2, size // 2)))
        left += size // 2
    return scaled[:, left : left + size]


def either(function, mask, *args):
    try:
        return function(mask, *args)
    except EmptyMaskError:
        return None


class TestFixtures:
    def test_equals_the_field_to_the_byte(self):
        folder = shared("fixtures/opengait/pretreatment")
        inputs, expected = np.load(folder / "inputs.npz"), np.load(folder / "expected.npz")
        cases = json.loads((folder / "cases.json").read_text())["cases"]
        for name, case in cases.items():
            source, size = name.split("@")
            got = either(align, inputs[source], int(size))
            assert (got is not None) == case["kept"], name
            if got is not None:
                np.testing.assert_array_equal(got, expected[name], err_msg=name)

    def test_equals_the_seed_to_the_byte(self):
        fixture = np.load(shared("fixtures/humanseg/seed_pretreat.npz"))
        for mask, wanted, status in zip(
            fixture["mask"], fixture["expected64"], fixture["status"], strict=True
        ):
            got = either(align_seed, mask)
            assert (got is not None) == (status == "ok")
            if got is not None:
                np.testing.assert_array_equal(got, wanted)


class TestProperties:
    @settings(deadline=None)
    @given(
        arrays(
            np.uint8,
            st.tuples(st.integers(1, 90), st.integers(1, 90)),
            elements=st.sampled_from([0, 60, 255]),
        ),
        st.sampled_from([64, 128, 32]),
    )
    def test_equals_the_plain_twin(self, mask, size):
        for function, options in ((align, {}), (align_seed, {"min_sum": 0, "needs_centre": False})):
            got, wanted = either(function, mask, size), plain_align(mask, size, **options)
            assert (got is None) == (wanted is None)
            if got is not None:
                np.testing.assert_array_equal(got, wanted)

    @settings(deadline=None)
    @given(st.integers(0, 60), st.integers(-100, 100), st.integers(-100, 100))
    def test_ignores_where_the_person_stands(self, phase, dx, dy):
        here, _ = draw_person((400, 400), 200, 250, 100, phase / 10)
        there, _ = draw_person((400, 400), 200 + dx, 250 + dy, 100, phase / 10)
        # Scaling samples the columns at a phase that depends on the width only, so a shift by a whole number
        # of target columns is exact; any other moves edges by less than a column.
        difference = align(here).astype(int) - align(there)
        assert np.abs(difference).mean() < 12

    def test_feet_stand_on_the_last_row_and_the_head_on_the_first(self):
        silhouette = align(draw_person((400, 400), 130, 250, 140, 0.7)[0])
        assert silhouette[0].any()
        assert silhouette[-1].any()

    def test_a_batch_is_its_masks_one_by_one(self):
        masks = [draw_person((300, 200), 150, 190, h, h)[0] for h in (60, 90, 150)]
        masks.insert(1, np.zeros((50, 40), np.uint8))
        silhouettes, kept = align_all(masks)
        assert kept.tolist() == [True, False, True, True]
        np.testing.assert_array_equal(silhouettes, np.stack([align(m) for m in masks if m.any()]))

    def test_an_empty_batch_is_empty(self):
        silhouettes, kept = align_all([np.zeros((9, 9), np.uint8)], size=128)
        assert silhouettes.shape == (0, 128, 128)
        assert not kept.any()


class TestErrors:
    @pytest.mark.parametrize("shape", [(0, 0), (5, 0), (64, 64)])
    def test_nobody_is_an_empty_mask(self, shape):
        with pytest.raises(EmptyMaskError, match="drop this frame"):
            align(np.zeros(shape, np.uint8))

    def test_a_mask_too_thin_to_scale_is_empty(self):
        with pytest.raises(EmptyMaskError, match="too thin"):
            align(np.full((200, 1), 255, np.uint8))

    @pytest.mark.parametrize("size", [0, 63, -2])
    def test_odd_sizes_are_refused(self, size):
        with pytest.raises(InputError, match="even"):
            align(np.full((64, 64), 255, np.uint8), size)
