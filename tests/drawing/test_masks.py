from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gaitway.drawing.masks import aligned_piece, mask_piece
from support.outcomes import walker


def in_frame(piece, size_wh):
    frame = np.zeros(size_wh[::-1], bool)
    height, width = piece.mask.shape
    frame[piece.top : piece.top + height, piece.left : piece.left + width] = piece.mask
    return frame


@given(st.integers(-20, 60), st.integers(-20, 60), st.integers(1, 40), st.integers(1, 40))
def test_a_mask_at_frame_scale_is_cropped_to_the_frame_pixel_for_pixel(x, y, width, height):
    mask = (np.random.default_rng(0).random((height, width)) > 0.5).astype(np.float32)
    piece = mask_piece(np.array([x, y, x + width, y + height], np.float32), mask, (50, 50))
    slow = np.zeros((50, 50), bool)
    for row in range(height):
        for column in range(width):
            if 0 <= y + row < 50 and 0 <= x + column < 50:
                slow[y + row, x + column] = mask[row, column] > 0.5
    assert (in_frame(piece, (50, 50)) == slow).all()


def test_a_small_mask_grows_to_its_region_without_a_shift():
    mask = np.zeros((8, 8), np.float32)
    mask[2:6, 2:6] = 1.0
    rows, columns = np.nonzero(
        in_frame(mask_piece(np.array([10.0, 20, 90, 100]), mask, (200, 200)), (200, 200))
    )
    assert abs(rows.mean() - 59.5) < 0.6
    assert abs(columns.mean() - 49.5) < 0.6
    assert abs(np.ptp(rows) + 1 - 40) <= 2


def test_a_region_outside_the_frame_gives_nothing():
    assert not mask_piece(np.array([60.0, 0, 90, 30]), np.ones((4, 4), np.float32), (50, 50)).mask.any()


def test_a_stored_silhouette_fills_its_box_again():
    silhouette = walker(1.2)
    columns = np.flatnonzero((silhouette > 127).any(axis=0))
    width = (columns[-1] + 1 - columns[0]) * 3.0
    piece = aligned_piece(silhouette, np.array([100.0, 50, 100 + width, 50 + 192]), (400, 300))
    rows, columns = np.nonzero(in_frame(piece, (400, 300)))
    assert abs(columns.min() - 100) <= 3
    assert abs(columns.max() - (99 + width)) <= 3
    assert 50 <= rows.min() <= 60
    assert 228 <= rows.max() <= 241
