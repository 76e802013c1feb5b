import numpy as np
import pytest

from gaitway.silhouettes import quality as q
from gaitway.silhouettes.isolate import Cutout, isolate
from support.sticks import bodies_of, box_of, draw_person, walk

FRAME = (400, 300)
GOOD = q.FrameQuality(1.0)


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
        got = q.walk_quality(walk(60), [GOOD] * 60, 30.0)
        assert got.reason is None
        assert got.usable == 60
        assert got.quality > 0.95

    def test_a_short_walk_says_so(self):
        assert q.walk_quality(walk(5), [GOOD] * 5, 30.0).reason == q.TOO_FEW

    def test_no_silhouette_at_all(self):
        got = q.walk_quality(np.zeros((0, 64, 64), np.uint8), [], 30.0)
        assert (got.reason, got.quality, got.usable) == (q.EMPTY, 0.0, 0)

    def test_the_commonest_fault_names_the_walk(self):
        frames = [q.FrameQuality(0.0, q.CUT)] * 30 + [q.FrameQuality(0.1, q.OCCLUDED)] * 5 + [GOOD] * 5
        assert q.walk_quality(walk(40), frames, 30.0).reason == q.CUT

    @pytest.mark.parametrize("noise", [0, 8, 15])
    def test_somebody_who_stands_is_not_walking(self, noise):
        rng = np.random.default_rng(0)
        still = np.repeat(walk(1), 60, axis=0).astype(int)
        still = np.clip(still + rng.normal(0, noise + 1e-9, still.shape), 0, 255).astype(np.uint8)
        assert q.walk_quality(still, [GOOD] * 60, 30.0).reason == q.STANDING

    def test_a_silhouette_unlike_the_rest_loses_its_weight(self):
        silhouettes = walk(40)
        silhouettes[7] = np.roll(silhouettes[7][::-1], 18, axis=1)
        got = q.walk_quality(silhouettes, [GOOD] * 40, 30.0)
        assert got.weights[7] == 0.0
        assert np.delete(got.weights, 7).min() > 0.5

    def test_leg_motion_is_zero_only_for_a_still_picture(self):
        assert q.leg_motion(np.repeat(walk(1), 40, axis=0)) == pytest.approx(0, abs=1e-3)
        assert q.leg_motion(walk(40)) > 0.5

    def test_a_long_walk_is_judged_in_blocks_to_the_same_numbers(self, monkeypatch):
        silhouettes = walk(50)
        whole = q.walk_quality(silhouettes, [GOOD] * 50, 30.0)
        monkeypatch.setattr(q, "_BLOCK", 7)
        np.testing.assert_allclose(
            q.walk_quality(silhouettes, [GOOD] * 50, 30.0).weights, whole.weights, atol=1e-5
        )
