import cv2
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gaitway.errors import InputError
from gaitway.segmentation.crop import crop_square

RNG = np.random.default_rng(3)
IMAGE = RNG.integers(0, 256, (120, 160, 3), dtype=np.uint8)
SMOOTH = cv2.resize(
    RNG.integers(0, 256, (12, 16, 3), dtype=np.uint8), (1600, 1200), interpolation=cv2.INTER_CUBIC
)


def square(x, y, side):
    return np.array([x, y, x + side, y + side], np.float32)


@given(st.integers(-90, 200), st.integers(-90, 160))
def test_at_scale_one_it_is_a_slice_with_the_border_going_on(x, y):
    padded = np.pad(IMAGE, ((200, 200), (200, 200), (0, 0)), mode="edge")
    wanted = padded[200 + y : 264 + y, 200 + x : 264 + x]
    assert np.array_equal(crop_square(IMAGE, square(x, y, 64), 64), wanted)


@pytest.mark.parametrize("factor", [2, 4, 8])
def test_shrinking_averages(factor):
    big = np.kron(IMAGE, np.ones((factor, factor, 1), np.uint8))
    crop = crop_square(big, square(16 * factor, 24 * factor, 64 * factor), 64)
    assert np.abs(crop.astype(int) - IMAGE[24:88, 16:80]).max() <= 1


@given(st.floats(-100, 1500), st.floats(-100, 1100), st.floats(40, 1400))
def test_any_square_shows_the_right_place(x, y, side):
    crop = crop_square(SMOOTH, square(x, y, side), 64)
    centres = np.float32((np.arange(64) + 0.5) * side / 64 - 0.5)
    wanted = cv2.remap(
        SMOOTH,
        np.tile(np.float32(x) + centres, (64, 1)),
        np.tile((np.float32(y) + centres)[:, None], (1, 64)),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    # Beyond the border a shrunken picture repeats blocks, not pixels: compare what lies a block inside.
    block = side / 64
    columns, rows = (
        (start + centres >= block) & (start + centres < length - block)
        for start, length in ((x, SMOOTH.shape[1]), (y, SMOOTH.shape[0]))
    )
    assume(columns.sum() >= 8 and rows.sum() >= 8)
    inner = np.abs(crop.astype(int) - wanted)[rows][:, columns]
    assert np.median(inner) <= 3
    assert np.percentile(inner, 95) <= 40


@pytest.mark.parametrize("place", [(5000, 5000), (-5000, 10)])
def test_squares_far_outside_are_border_pixels(place):
    assert crop_square(IMAGE, square(*place, 900), 32).shape == (32, 32, 3)


def test_a_square_without_area_is_refused():
    with pytest.raises(InputError, match="side of 0"):
        crop_square(IMAGE, square(3, 3, 0), 64)
