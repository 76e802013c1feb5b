import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaitway.errors import InputError
from gaitway.silhouettes import Cutout, IsolateConfig, isolate
from gaitway.types import Bodies
from support.sticks import bodies_of, box_of, draw_person

FRAME = (400, 300)


def in_frame(cutout: Cutout, frame_wh=FRAME):
    """Paint a cutout back into its frame, nearest pixel."""
    x1, y1, x2, y2 = cutout.region_xyxy
    height, width = cutout.mask.shape
    ys, xs = np.mgrid[: frame_wh[1], : frame_wh[0]] + 0.5
    column = np.floor((xs - x1) / (x2 - x1) * width).astype(int)
    row = np.floor((ys - y1) / (y2 - y1) * height).astype(int)
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    out = np.zeros(frame_wh[::-1], bool)
    out[inside] = cutout.mask[row[inside], column[inside]] > 0
    return out


def iou(a, b):
    return (a & b).sum() / max((a | b).sum(), 1)


def one_body(region, mask):
    """Return one person without keypoints."""
    keypoints = np.full((1, 33, 3), np.nan, np.float32)
    return Bodies(np.array([region], np.float32), (mask,), keypoints, np.ones(1, np.float32))


def crowd(places, height=150, *, together):
    """Return true masks, bodies and boxes of people; ``together``: every network run sees everybody."""
    drawn = [draw_person(FRAME, x, 280, height, phase) for x, phase in places]
    masks = [mask for mask, _ in drawn]
    boxes = np.stack([box_of(mask) for mask in masks])
    everybody = np.maximum.reduce(masks)
    seen = [everybody] * len(masks) if together else masks
    return masks, bodies_of(masks, [k for _, k in drawn], boxes, seen), boxes


class TestNeighbours:
    def test_one_person_alone_keeps_the_whole_mask(self):
        masks, bodies, boxes = crowd([(200, 1.0)], together=True)
        (cutout,) = isolate(bodies, boxes)
        assert iou(in_frame(cutout), masks[0] > 0) > 0.95
        assert cutout.contested == cutout.lost == 0

    @given(st.integers(35, 70), st.floats(0, 6.2), st.floats(0, 6.2))
    @settings(max_examples=25, deadline=None)
    def test_neighbours_do_not_leak(self, apart, phase_a, phase_b):
        masks, bodies, boxes = crowd([(170, phase_a), (170 + apart, phase_b)], together=True)
        for own, other, cutout in zip(masks, masks[::-1], isolate(bodies, boxes), strict=True):
            only_other = (other > 0) & (own == 0)
            leaked = (in_frame(cutout) & only_other).sum() / (own > 0).sum()
            assert leaked < 0.08
            assert iou(in_frame(cutout), own > 0) > 0.8

    def test_contested_pixels_have_one_owner(self):
        _, bodies, boxes = crowd([(170, 0.5), (205, 2.0)], together=True)
        a, b = (in_frame(cutout) for cutout in isolate(bodies, boxes))
        assert (a & b).sum() < 0.02 * a.sum()
        assert all(cutout.contested > 0.1 for cutout in isolate(bodies, boxes))

    def test_order_does_not_matter(self):
        _, bodies, boxes = crowd([(150, 0.5), (190, 2.0), (235, 4.0)], together=True)
        order = np.array([2, 0, 1])
        straight = isolate(bodies, boxes)
        mixed = isolate(bodies.select(order), boxes[order])
        for place, index in enumerate(order):
            np.testing.assert_array_equal(mixed[place].mask, straight[index].mask)

    def test_people_without_keypoints_part_by_their_boxes(self):
        masks, bodies, boxes = crowd([(170, 0.0), (225, 0.0)], together=True)
        blind = Bodies(
            bodies.region_xyxy, bodies.masks, np.full((2, 33, 3), np.nan, np.float32), bodies.presence
        )
        for own, cutout in zip(masks, isolate(blind, boxes), strict=True):
            assert iou(in_frame(cutout), own > 0) > 0.8


class TestPieces:
    def cut_person(self, *, cut_y):
        mask, keypoints = draw_person(FRAME, 200, 280, 200, 1.2)
        gap = mask.copy()
        gap[cut_y : cut_y + 5] = 0
        return mask, gap, keypoints

    def test_a_foot_cut_off_by_a_gap_stays(self):
        whole, gap, keypoints = self.cut_person(cut_y=258)
        box = box_of(whole)
        (cutout,) = isolate(bodies_of([gap], [keypoints], [box]), box[None])
        assert in_frame(cutout)[265:].sum() > 0.9 * (gap[265:] > 0).sum()

    def test_a_blob_apart_from_the_body_goes(self):
        mask, keypoints = draw_person(FRAME, 200, 280, 200, 1.2)
        box = box_of(mask)
        blob = mask.copy()
        blob[150:180, 262:280] = 255
        (cutout,) = isolate(bodies_of([blob], [keypoints], [box]), box[None])
        assert not in_frame(cutout)[150:180, 265:].any()

    def test_a_bigger_stranger_does_not_become_the_main_piece(self):
        mask, keypoints = draw_person(FRAME, 120, 280, 150, 0.0)
        box = box_of(mask)
        stranger = draw_person(FRAME, 180, 290, 170, 0.0, girth=1.8)[0]
        wide = IsolateConfig(box_margin=1.0)
        (cutout,) = isolate(bodies_of([np.maximum(mask, stranger)], [keypoints], [box]), box[None], wide)
        assert iou(in_frame(cutout), mask > 0) > 0.85


class TestEdges:
    def test_nobody(self):
        assert isolate(Bodies.empty(), np.zeros((0, 4), np.float32)) == []

    def test_a_blank_mask_stays_blank(self):
        bodies = one_body([0, 0, 9, 9], np.zeros((8, 8), np.float32))
        (cutout,) = isolate(bodies, np.array([[1, 1, 8, 8]], np.float32))
        assert not cutout.mask.any()

    def test_a_box_outside_its_region_leaves_nothing(self):
        bodies = one_body([0, 0, 9, 9], np.ones((8, 8), np.float32))
        (cutout,) = isolate(bodies, np.array([[50, 50, 60, 60]], np.float32))
        assert not cutout.mask.any()

    def test_pixels_become_square(self):
        bodies = one_body([0, 0, 50, 100], np.ones((96, 96), np.float32))
        (cutout,) = isolate(bodies, np.array([[0, 0, 50, 100]], np.float32))
        assert cutout.mask.shape == (96, 48)

    def test_boxes_must_fit_the_bodies(self):
        with pytest.raises(InputError, match="one box per body"):
            isolate(Bodies.empty(), np.zeros((1, 4), np.float32))
