import numpy as np
import pytest

from gaitway.detection.bodies import body_boxes, clarity, covers, join, mask_overlap, paint_out, select
from gaitway.types import Bodies, Detections


def bodies_of(*rectangles, region=(0, 0, 128, 128), value=1.0):
    """Bodies with a rectangular mask each, given in frame pixels, keypoints on its diagonal."""
    masks, points = [], []
    scale = 64 / (region[2] - region[0])
    for x0, y0, x1, y1 in rectangles:
        mask = np.zeros((64, 64), np.float32)
        c0, c1 = (round((x - region[0]) * scale) for x in (x0, x1))
        r0, r1 = (round((y - region[1]) * scale) for y in (y0, y1))
        mask[r0:r1, c0:c1] = value
        masks.append(mask)
        points.append(np.stack([np.linspace(x0, x1, 33), np.linspace(y0, y1, 33), np.ones(33)], axis=1))
    n = len(masks)
    return Bodies(
        np.tile(np.array(region, np.float32), (n, 1)),
        tuple(masks),
        np.array(points, np.float32).reshape(n, 33, 3),
        np.ones(n, np.float32),
    )


def test_the_box_is_the_masks_extent_in_the_frame():
    bodies = bodies_of((1010, 520, 1030, 600), region=(1000, 500, 1128, 628))
    assert body_boxes(bodies).tolist() == [[1010, 520, 1030, 600]]


def test_specks_do_not_stretch_the_box():
    bodies = bodies_of((20, 20, 40, 100))
    mask = bodies.masks[0].copy()
    mask[0, 63] = 1.0
    speckled = Bodies(bodies.region_xyxy, (mask,), bodies.keypoints, bodies.presence)
    assert np.array_equal(body_boxes(speckled), body_boxes(bodies))


def test_an_umbrella_beyond_the_bodys_reach_is_cut_off():
    bodies = bodies_of((20, 20, 40, 100))
    mask = bodies.masks[0].copy()
    mask[12:30, 10:60] = 1.0
    with_umbrella = Bodies(bodies.region_xyxy, (mask,), bodies.keypoints, bodies.presence)
    box = body_boxes(with_umbrella)[0]
    assert box[2] == pytest.approx(40 + 0.15 * 80)
    assert box[[0, 1, 3]].tolist() == [20, 20, 100]


def test_an_empty_mask_has_a_box_without_area():
    box = body_boxes(bodies_of((30, 30, 30, 30)))[0]
    assert (box[2:] == box[:2]).all()


def test_clarity_tells_decided_masks_from_undecided_ones():
    assert clarity(bodies_of((20, 20, 40, 100)))[0] == 1
    assert clarity(bodies_of((20, 20, 40, 100), value=0.6))[0] == 0
    assert clarity(bodies_of((30, 30, 30, 30)))[0] == 0


def test_overlap_is_the_share_of_the_smaller_body():
    bodies = bodies_of((20, 20, 40, 100), (30, 20, 50, 100), (20, 20, 40, 60), (80, 20, 100, 100))
    boxes = body_boxes(bodies)
    assert mask_overlap(bodies, boxes, 0, 1) == pytest.approx(0.5, abs=0.05)
    assert mask_overlap(bodies, boxes, 0, 2) == pytest.approx(1.0, abs=0.05)
    assert mask_overlap(bodies, boxes, 0, 3) == 0
    assert mask_overlap(bodies, boxes, 0, 1) == mask_overlap(bodies, boxes, 1, 0)


def test_a_point_is_covered_by_the_mask_not_by_the_box():
    bodies = bodies_of((20, 20, 40, 100))
    assert covers(bodies, 0, np.array([30.0, 50.0]))
    assert not covers(bodies, 0, np.array([60.0, 50.0]))
    assert not covers(bodies, 0, np.array([-500.0, 9000.0]))


def test_join_and_select_keep_people_and_bodies_together():
    bodies = bodies_of((20, 20, 40, 100), (80, 20, 100, 100))
    people = Detections(body_boxes(bodies), np.array([0.5, 0.9], np.float32), bodies)
    both = join(select(people, np.array([1])), select(people, np.array([0])))
    assert both.confidence.tolist() == pytest.approx([0.9, 0.5])
    assert np.array_equal(body_boxes(both.bodies), both.xyxy)
    assert len(join(Detections.empty(), both)) == 2


class TestPaintOut:
    def test_a_body_takes_the_colour_around_it_and_the_rest_stays(self):
        image = np.full((128, 128, 3), 90, np.uint8)
        image[40:100, 50:70] = 250
        painted = paint_out(image, bodies_of((50, 40, 70, 100)))
        assert np.abs(painted.astype(int) - 90).max() <= 1
        assert image[60, 60, 0] == 250
        assert np.array_equal(painted[:, :40], image[:, :40])

    def test_nobody_leaves_the_picture_as_it_is(self):
        image = np.random.default_rng(0).integers(0, 255, (40, 60, 3)).astype(np.uint8)
        assert np.array_equal(paint_out(image, Bodies.empty()), image)

    @pytest.mark.parametrize("region", [(-60, -60, 68, 68), (100, 90, 228, 218), (500, 500, 628, 628)])
    def test_bodies_partly_or_wholly_outside_do_no_harm(self, region):
        x, y = region[:2]
        image = np.full((128, 150, 3), 7, np.uint8)
        assert (
            paint_out(image, bodies_of((x + 5, y + 5, x + 120, y + 120), region=region)).shape == image.shape
        )

    def test_a_picture_full_of_one_body_is_still_a_picture(self):
        image = np.full((64, 64, 3), 200, np.uint8)
        painted = paint_out(image, bodies_of((0, 0, 64, 64), region=(0, 0, 64, 64)))
        assert painted.dtype == np.uint8
        assert painted.shape == image.shape
