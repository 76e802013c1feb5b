import numpy as np
import pytest

from gaitway.silhouettes import quality as q
from gaitway.silhouettes.isolate import Cutout, isolate
from support.sticks import bodies_of, box_of, draw_person, walk

FRAME = (400, 300)
GOOD = q.FrameQuality(1.0)


def judge(silhouettes, frames=None, boxes=None):
    """Judge a walk at 30 frames a second, on the spot if no boxes are given."""
    count = len(silhouettes)
    boxes = np.tile(np.array([[100, 50, 160, 200]], np.float32), (count, 1)) if boxes is None else boxes
    return q.walk_quality(silhouettes, frames or [GOOD] * count, boxes, 30.0)


def look(*, x=200, feet=280, height=150, presence=1.0, box=None, frame=FRAME):
    mask, keypoints = draw_person((400, 300), x, feet, height, 0.8)
    box = box_of(mask) if box is None else np.array(box, np.float32)
    (cutout,) = isolate(bodies_of([mask], [keypoints], [box]), box[None])
    return q.frame_quality(cutout, box, presence, frame)


class TestFrame:
    def test_a_clear_person_has_full_weight(self):
        assert look() == q.FrameQuality(1.0, None)

    @pytest.mark.parametrize(
        ("case", "reason"),
        [
            ({"height": 30, "feet": 200}, q.TOO_SMALL),
            ({"presence": 0.35}, q.NOBODY),
            ({"frame": (400, 280)}, q.CUT),
            ({"box": (150, 133, 250, 350), "frame": (400, 400)}, q.OCCLUDED),
        ],
    )
    def test_each_fault_lowers_the_weight_and_says_why(self, case, reason):
        got = look(**case)
        assert got.weight < 0.5
        assert got.reason == reason

    def test_pixels_lost_to_another_person_count_as_occlusion(self):
        mask = np.full((20, 10), 255, np.uint8)
        region = np.array([100, 50, 150, 150], np.float32)
        weights = [
            q.frame_quality(Cutout(mask, region, lost, lost), region, 1.0, FRAME).weight
            for lost in (0.0, 0.2, 0.4)
        ]
        assert weights[0] == 1.0
        assert weights[0] > weights[1] > weights[2] == 0.0

    def test_a_blank_mask_is_empty(self):
        region = np.array([100, 50, 150, 150], np.float32)
        cutout = Cutout(np.zeros((20, 10), np.uint8), region, 0.0, 0.0)
        assert q.frame_quality(cutout, region, 1.0, FRAME) == q.FrameQuality(0.0, q.EMPTY)


class TestWalk:
    def test_a_clear_walk_is_good(self):
        got = judge(walk(60))
        assert got.reason is None
        assert got.usable == 60
        assert got.quality > 0.95

    def test_a_short_walk_says_so(self):
        assert judge(walk(5)).reason == q.TOO_FEW

    def test_no_silhouette_at_all(self):
        got = judge(np.zeros((0, 64, 64), np.uint8))
        assert (got.reason, got.quality, got.usable) == (q.EMPTY, 0.0, 0)

    def test_the_commonest_fault_names_the_walk(self):
        frames = [q.FrameQuality(0.0, q.CUT)] * 30 + [q.FrameQuality(0.1, q.OCCLUDED)] * 5 + [GOOD] * 5
        assert judge(walk(40), frames).reason == q.CUT

    @pytest.mark.parametrize("noise", [0, 8, 15])
    def test_somebody_who_stands_is_not_walking(self, noise):
        rng = np.random.default_rng(0)
        still = np.repeat(walk(1), 60, axis=0).astype(int)
        still = np.clip(still + rng.normal(0, noise + 1e-9, still.shape), 0, 255).astype(np.uint8)
        assert judge(still).reason == q.STANDING

    def test_legs_hidden_by_a_coat_still_walk_if_the_person_gets_somewhere(self):
        still = np.repeat(walk(1), 60, axis=0)
        boxes = np.tile(np.array([[100, 50, 160, 200]], np.float32), (60, 1))
        nearer = boxes + np.arange(60, dtype=np.float32)[:, None] * np.array([-0.1, 0, 0.1, 0.5], np.float32)
        assert judge(still, boxes=boxes).reason == q.STANDING
        assert judge(still, boxes=nearer).reason is None

    def test_only_the_seconds_of_walking_count_where_somebody_stops(self):
        stop = np.concatenate([walk(60), np.repeat(walk(1), 120, axis=0)])
        got = judge(stop)
        assert got.reason is None
        assert (got.weights[:55] > 0.5).all()
        assert (got.weights[95:] == 0).all()

    def test_a_silhouette_unlike_the_rest_loses_its_weight(self):
        silhouettes = walk(40)
        silhouettes[7] = np.roll(silhouettes[7][::-1], 18, axis=1)
        got = judge(silhouettes)
        assert got.weights[7] == 0.0
        assert np.delete(got.weights, 7).min() > 0.5

    def test_leg_motion_is_zero_only_for_a_still_picture(self):
        assert q.leg_motion(np.repeat(walk(1), 40, axis=0)) == pytest.approx(0, abs=1e-3)
        assert q.leg_motion(walk(40)) > 0.5

    def test_a_long_walk_is_judged_in_blocks_to_the_same_numbers(self, monkeypatch):
        silhouettes = walk(50)
        whole = judge(silhouettes)
        monkeypatch.setattr(q, "_BLOCK", 7)
        np.testing.assert_allclose(judge(silhouettes).weights, whole.weights, atol=1e-5)
