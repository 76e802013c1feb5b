from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gaitway.geometry import (
    box_area,
    box_intersection,
    box_iou,
    clip_boxes,
    square_around,
    tlwh_to_xyxy,
    xyxy_to_tlwh,
)


@st.composite
def boxes(draw, limit=200):
    """Return 0 to 5 valid boxes with whole corners, some of them without area."""
    corners = draw(hnp.arrays(np.int64, (draw(st.integers(0, 5)), 4), elements=st.integers(-limit, limit)))
    low, high = np.minimum(corners[:, :2], corners[:, 2:]), np.maximum(corners[:, :2], corners[:, 2:])
    return np.concatenate([low, high], axis=1).astype(np.float64)


def counted_pixels(a, b):
    """Count the pixels that two boxes share, one by one."""
    shared = 0
    for x in range(int(a[0]), int(a[2])):
        for y in range(int(a[1]), int(a[3])):
            shared += b[0] <= x < b[2] and b[1] <= y < b[3]
    return shared


@given(boxes())
def test_conversions_invert_each_other_and_leave_their_input(xyxy):
    before = xyxy.copy()
    assert (tlwh_to_xyxy(xyxy_to_tlwh(xyxy)) == xyxy).all()
    assert (xyxy == before).all()


@given(boxes(limit=8), boxes(limit=8))
def test_intersection_counts_pixels(a, b):
    slow = np.array([[counted_pixels(x, y) for y in b] for x in a]).reshape(len(a), len(b))
    assert (box_intersection(a, b) == slow).all()


@given(boxes(), boxes())
def test_iou_is_symmetric_and_between_zero_and_one(a, b):
    iou = box_iou(a, b)
    assert iou.shape == (len(a), len(b))
    assert (iou == box_iou(b, a).T).all()
    assert ((iou >= 0) & (iou <= 1)).all()


@given(boxes())
def test_iou_with_itself_is_one_unless_the_box_has_no_area(xyxy):
    assert (np.diag(box_iou(xyxy, xyxy)) == (box_area(xyxy) > 0)).all()


@given(boxes(), st.integers(-50, 50))
def test_iou_ignores_a_common_shift(xyxy, shift):
    assert (box_iou(xyxy, xyxy[::-1]) == box_iou(xyxy + shift, xyxy[::-1] + shift)).all()


@given(boxes())
def test_area_is_width_times_height(xyxy):
    tlwh = xyxy_to_tlwh(xyxy)
    assert (box_area(xyxy) == tlwh[:, 2] * tlwh[:, 3]).all()


def test_a_degenerate_box_has_no_area():
    assert box_area(np.array([[5.0, 5.0, 3.0, 9.0]])).tolist() == [0.0]


@given(boxes())
def test_clipping_keeps_the_part_inside_and_is_done_once(xyxy):
    clipped = clip_boxes(xyxy, (64, 48))
    frame = np.array([[0.0, 0.0, 64.0, 48.0]])
    assert (box_area(clipped) == box_intersection(xyxy, frame)[:, 0]).all()
    assert (clip_boxes(clipped, (64, 48)) == clipped).all()


@given(boxes(), st.sampled_from([0.5, 1.0, 1.25]), st.sampled_from(["longer", "height"]))
def test_a_square_keeps_the_centre_and_has_the_side_asked_for(xyxy, scale, by):
    square = square_around(xyxy, scale, by=by)
    tlwh = xyxy_to_tlwh(square)
    size = xyxy_to_tlwh(xyxy)[:, 2:]
    side = scale * (size.max(axis=1) if by == "longer" else size[:, 1])
    np.testing.assert_allclose(tlwh[:, 2:], np.stack([side, side], axis=1), atol=1e-9)
    np.testing.assert_allclose(square[:, :2] + square[:, 2:], xyxy[:, :2] + xyxy[:, 2:], atol=1e-9)


@pytest.mark.parametrize(
    "function", [xyxy_to_tlwh, tlwh_to_xyxy, lambda b: clip_boxes(b, (9, 9)), lambda b: square_around(b, 2.0)]
)
def test_nobody_stays_nobody_and_float32_stays_float32(function):
    out = function(np.zeros((0, 4), np.float32))
    assert out.shape == (0, 4)
    assert out.dtype == np.float32
