from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gaitway.drawing import DrawStyle, MaskPiece, draw_people
from gaitway.drawing.people import SKELETON
from gaitway.errors import InputError

RED = (255, 0, 0)
GREY = np.full((120, 160, 3), 100, np.uint8)
BOX = np.array([[40.0, 30.0, 90.0, 110.0]], np.float32)


def changed(image):
    return (image != GREY).any(axis=2)


def test_the_frame_is_left_as_it_was():
    frame = GREY.copy()
    frame.flags.writeable = False
    image = draw_people(frame, BOX, ["anna"], [RED])
    assert not np.shares_memory(image, frame)
    assert (frame == 100).all()


def test_nobody_gives_an_equal_copy():
    assert (draw_people(GREY, np.zeros((0, 4), np.float32), [], []) == GREY).all()


def test_a_boxs_edge_lies_on_its_own_pixels():
    """x2 and y2 are exclusive: the last column drawn is x2 - 1."""
    rows, columns = np.nonzero(changed(draw_people(GREY, BOX, [""], [RED], style=DrawStyle(line_scale=0.0))))
    assert (columns.min(), columns.max(), rows.min(), rows.max()) == (40, 89, 30, 109)
    assert (draw_people(GREY, BOX, [""], [RED])[30, 60] == RED).all()


def test_a_filled_box_is_dashed():
    solid = changed(draw_people(GREY, BOX, [""], [RED], filled=np.array([False])))
    dashed = changed(draw_people(GREY, BOX, [""], [RED], filled=np.array([True])))
    assert solid[30, 40:90].all()
    assert 0.3 < dashed[30, 40:90].mean() < 0.8
    assert not (dashed & ~solid)[:, :30].any()


def test_a_silhouette_is_tinted_only_inside_its_mask_and_only_in_its_mode():
    mask = np.zeros((40, 20), bool)
    mask[5:35, 5:15] = True
    pieces = [MaskPiece(55, 50, mask)]
    shown = draw_people(GREY, BOX, [""], [RED], pieces=pieces)
    plain = draw_people(GREY, BOX, [""], [RED], pieces=pieces, style=DrawStyle(mode="none"))
    where = np.zeros(GREY.shape[:2], bool)
    where[50:90, 55:75] = mask
    touched = (shown != plain).any(axis=2)
    assert touched[where].all()
    grown = where.copy()
    grown[54:86, 59:71] = True  # the edge is one anti-aliased pixel wide
    assert not touched[~grown].any()
    assert shown[70, 65].tolist() == [170, 55, 55]  # 0.55 of the frame, 0.45 of the colour


def test_a_piece_that_sticks_out_of_the_frame_is_cut():
    piece = MaskPiece(-10, -10, np.ones((30, 30), bool))
    image = draw_people(GREY, BOX, [""], [RED], pieces=[piece])
    assert changed(image)[:20, :20].all()
    assert not changed(image)[25:, :30].any()


def test_bones_join_the_points_that_are_sure():
    points = np.full((1, 33, 3), np.nan, np.float32)
    points[0, 24], points[0, 26], points[0, 28] = (60, 60, 0.9), (60, 80, 0.9), (60, 100, 0.2)
    style = DrawStyle(mode="keypoints")
    drawn = changed(draw_people(GREY, BOX, [""], [RED], keypoints=points, style=style))
    assert drawn[60:81, 60].all()
    assert not drawn[85:105, 60].any()


def test_the_skeleton_has_blazeposes_points_once_a_side():
    assert {point for bone in SKELETON for point in bone} == set(range(33))
    assert len({frozenset(bone) for bone in SKELETON}) == len(SKELETON) == 35


def test_hd_and_4k_look_alike():
    """The share of the picture that is drawn over stays the same."""
    shares = []
    for scale in (8, 16):
        frame = np.zeros((120 * scale, 160 * scale, 3), np.uint8)
        image = draw_people(frame, BOX * scale, ["anna 0.81"], [RED], style=DrawStyle(mode="none"))
        shares.append(image.any(axis=2).mean())
    assert 0.7 < shares[0] / shares[1] < 1.4  # line widths are whole pixels


@given(
    hnp.arrays(np.float32, (3, 4), elements=st.floats(-300, 500, width=32)),
    st.sampled_from([(1, 1), (2, 30), (48, 64), (120, 160)]),
    st.sampled_from(["silhouette", "keypoints", "none"]),
)
def test_boxes_anywhere_on_frames_of_any_size_are_drawn_or_left_out(corners, size, mode):
    frame = np.zeros((*size, 3), np.uint8)
    xyxy = np.concatenate(
        [np.minimum(corners[:, :2], corners[:, 2:]), corners.max(axis=1)[:, None].repeat(2, 1)], 1
    )
    points = np.concatenate([corners, corners], axis=1).repeat(33, 0).reshape(3, 33, 8)[..., :3]
    image = draw_people(
        frame, xyxy, ["anna 0.81"] * 3, [RED] * 3, keypoints=points, style=DrawStyle(mode=mode)
    )
    assert image.shape == frame.shape
    inside = (xyxy[:, :2] < np.array(size[::-1])).all(axis=1) & (xyxy[:, 2:] > 0).all(axis=1)
    inside &= (xyxy[:, 2:] > xyxy[:, :2]).all(axis=1)
    assert (image.any() or not inside.any()) if mode != "keypoints" else True


def test_lists_of_other_lengths_are_refused():
    with pytest.raises(InputError, match="2 labels for 1 boxes"):
        draw_people(GREY, BOX, ["a", "b"], [RED])


def test_an_unknown_mode_is_refused():
    with pytest.raises(InputError, match="use silhouette, keypoints or none"):
        DrawStyle(mode="skeleton")
