"""Boxes that hold half a person."""

import numpy as np
import pytest

from gaitway.detection.wholeness import make_whole
from gaitway.types import Bodies, Silhouettes

SIZE_WH = (200, 200)
BODY = np.array([80.0, 40.0, 120.0, 160.0], np.float32)
LEFT_HALF = np.array([80.0, 40.0, 99.0, 160.0], np.float32)


def body(extent, *, certain=1.0, knows_joints=True):
    """Return somebody standing in ``extent``, as a network with a square region cuts people out."""
    x0, y0, x1, y1 = extent
    centre, side = np.array([x0 + x1, y0 + y1]) / 2, 1.25 * (y1 - y0)
    region = np.concatenate([centre - side / 2, centre + side / 2])
    steps = (np.arange(128) + 0.5) / 128
    xs, ys = region[0] + steps * side, region[1] + steps * side
    inside = ((ys >= y0) & (ys <= y1))[:, None] & ((xs >= x0) & (xs <= x1))
    mask = np.where(inside, certain, 0.05).astype(np.float32)
    keypoints = np.full((33, 3), np.nan, np.float32)
    if knows_joints:
        middle = (x0 + x1) / 2
        keypoints[:] = (middle, (y0 + y1) / 2, 1)
        keypoints[0], keypoints[31] = (middle, y0 + 8, 1), (middle, y1 - 4, 1)
        for joint, part in ((11, 0.2), (23, 0.5)):
            keypoints[joint] = (middle - 12, y0 + part * (y1 - y0), 1)
            keypoints[joint + 1] = (middle + 12, y0 + part * (y1 - y0), 1)
    return region, mask, keypoints


def people(boxes, bodies):
    regions, masks, keypoints = zip(*bodies, strict=True)
    n = len(boxes)
    cut_out = Bodies(
        np.array(regions, np.float32), tuple(masks), np.array(keypoints, np.float32), np.ones(n, np.float32)
    )
    return Silhouettes(np.arange(1, n + 1), np.array(boxes, np.float32), cut_out)


@pytest.mark.parametrize(
    "half",
    [LEFT_HALF, np.array([101, 40, 120, 160]), np.array([80, 110, 120, 160]), np.array([80, 130, 120, 160])],
)
def test_a_box_that_misses_half_of_the_trunk_gets_the_extent_of_the_mask(half):
    whole = make_whole(people([half], [body(BODY)]), SIZE_WH)
    shares = np.prod(half[2:] - half[:2]) / np.prod(BODY[2:] - BODY[:2])
    if shares < 0.3:  # too little to say that it is the same person
        np.testing.assert_array_equal(whole.xyxy, half[None])
    else:
        np.testing.assert_allclose(whole.xyxy[0], BODY, atol=2)


def test_a_box_that_only_misses_a_hand_or_an_edge_stays():
    box = BODY + np.array([6, 4, -4, 0], np.float32)
    seen = people([box], [body(BODY)])
    assert make_whole(seen, SIZE_WH) is seen


@pytest.mark.parametrize("how", [{"certain": 0.7}, {"knows_joints": False}])
def test_an_undecided_mask_and_one_without_joints_change_nothing(how):
    seen = people([LEFT_HALF], [body(BODY, **how)])
    np.testing.assert_array_equal(make_whole(seen, SIZE_WH).xyxy, seen.xyxy)


def test_a_mask_that_is_somebody_elses_changes_nothing():
    seen = people([LEFT_HALF, BODY + 2], [body(BODY), body(BODY + 2)])
    np.testing.assert_array_equal(make_whole(seen, SIZE_WH).xyxy, seen.xyxy)


def test_who_is_cut_off_by_the_border_keeps_the_box():
    entering = np.array([0, 40, 19, 160], np.float32)
    seen = people([entering], [body(BODY - np.array([90, 0, 90, 0], np.float32))])
    assert make_whole(seen, SIZE_WH) is seen


def test_nobody_is_nobody():
    seen = Silhouettes(np.zeros(0, np.int64), np.zeros((0, 4), np.float32), Bodies.empty())
    assert make_whole(seen, SIZE_WH) is seen
