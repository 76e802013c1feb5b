"""The wrapped detector says what a test scripts; the landmark network sees the bars that are drawn."""

import numpy as np
import pytest

from gaitway.detection.steady import SteadyConfig, SteadyDetector
from gaitway.errors import ConfigError
from gaitway.protocols import Detector
from gaitway.segmentation.blazepose import BlazePoseSegmenter
from gaitway.tracking.bytetrack import ByteTracker
from gaitway.types import Detections
from support.networks import bar_landmark_network, draw_people

BOX = np.array([100, 80, 124, 160], np.float32)
STEP = np.array([2, 0, 2, 0], np.float32)
LOWER = np.array([0, 32, 0, 0], np.float32)  # added to a box: its lower 60 %


class Scripted:
    """A detector without memory."""

    def __init__(self):
        self.boxes, self.scores, self.resets = [], [], 0

    def detect(self, image_rgb):
        boxes = np.array(self.boxes, np.float32).reshape(-1, 4)
        return Detections(boxes, np.array(self.scores, np.float32))

    def reset(self, frame_rate=None):
        self.resets += 1


class Scene:
    """Shows drawn people to a steadied detector, and counts looks."""

    def __init__(self, config=None):
        self.plain, self.network = Scripted(), bar_landmark_network()
        self.detector = SteadyDetector(self.plain, BlazePoseSegmenter(self.network), config)

    def show(self, drawn, boxes, scores):
        """Detect on a picture with people ``drawn`` where the wrapped detector finds ``boxes``."""
        self.plain.boxes, self.plain.scores = boxes, scores
        return self.detector.detect(draw_people(drawn))

    def walk(self, frames, start=BOX):
        """One person surely found for some frames; return the box of the next frame."""
        for t in range(frames):
            self.show([start + t * STEP], [start + t * STEP], [0.9])
        return start + frames * STEP


@pytest.fixture
def scene():
    return Scene()


def test_it_is_a_detector(scene):
    assert isinstance(scene.detector, Detector)


def test_sure_detections_pass_unchanged_and_nobody_is_looked_for(scene):
    for t in range(8):
        boxes = [BOX + t * STEP, BOX + 100 - t * STEP]
        found = scene.show(boxes, boxes, [0.9, 0.6])
        assert found.xyxy == pytest.approx(np.array(boxes))
        assert found.confidence == pytest.approx(np.array([0.9, 0.6]))
    assert scene.network.runs == scene.detector.looks == 0


def test_a_missing_person_is_found_where_expected_for_second_rounds_only(scene):
    box = scene.walk(8)
    found = scene.show([box], [], [])
    assert len(found) == 1
    assert found.xyxy[0] == pytest.approx(box, abs=4)
    assert 0.1 <= found.confidence[0] < 0.5
    assert scene.network.runs == 1


@pytest.mark.parametrize("score", [0.3, 0.57])
def test_a_box_of_the_lower_body_is_replaced_by_the_whole_person(scene, score):
    box = scene.walk(8)
    found = scene.show([box], [box + LOWER], [score])
    assert len(found) == 1
    assert found.xyxy[0] == pytest.approx(box, abs=4)


def test_fragments_beside_a_doubtful_whole_are_dropped(scene):
    box = scene.walk(8)
    found = scene.show([box], [box + LOWER, box], [0.4, 0.2])
    assert found.xyxy == pytest.approx(box[None])
    assert scene.network.runs == 0


def test_a_person_who_turns_small_for_good_is_believed(scene):
    box = scene.walk(8)
    for _ in range(SteadyConfig().follow.patience + 3):
        found = scene.show([box + LOWER], [box + LOWER], [0.8])
        assert found.xyxy == pytest.approx((box + LOWER)[None])


def test_whoever_left_is_not_seen_and_soon_not_looked_for(scene):
    scene.walk(8)
    patience = SteadyConfig().follow.patience
    for _ in range(patience + 5):
        assert len(scene.show([], [], [])) == 0
    assert scene.network.runs <= patience + 1


def test_whom_the_detector_never_finds_again_is_given_up_though_something_stands_there(scene):
    box = scene.walk(8)
    seen = [len(scene.show([box], [], [])) for _ in range(60)]
    limit = SteadyConfig().follow.max_unsure
    assert all(seen[:limit])
    assert not any(seen[limit + 1 :])


def test_strangers_and_newcomers_are_not_looked_for(scene):
    assert len(scene.show([BOX], [], [])) == 0
    box = scene.walk(SteadyConfig().follow.trusted_after - 1)
    assert len(scene.show([box], [], [])) == 0
    assert scene.network.runs == 0


def test_people_of_low_scores_only_are_left_to_the_tracker(scene):
    for t in range(8):
        scene.show([BOX + t * STEP], [BOX + t * STEP], [0.4])
    assert len(scene.show([BOX + 8 * STEP], [], [])) == 0
    assert scene.network.runs == 0


def test_whoever_passes_behind_another_is_not_invented(scene):
    """Two meet: the one behind is hidden. The one in front must stay one person with its own box."""
    front, behind = BOX, BOX + np.array([60, 4, 60, 4], np.float32)
    for t in range(8):
        boxes = [front + t * STEP, behind - t * STEP]
        scene.show(boxes, boxes, [0.9, 0.9])
    for t in range(8, 24):
        here = front + t * STEP
        hidden = behind - t * STEP
        overlap = min(here[2], hidden[2]) - max(here[0], hidden[0])
        if overlap > 12:
            found = scene.show([here], [here], [0.9])
            assert found.xyxy == pytest.approx(here[None])
        else:
            scene.show([here, hidden], [here, hidden], [0.9, 0.9])


def test_two_missing_people_are_not_both_seen_in_one(scene):
    first, second = BOX, BOX + np.array([16, 0, 16, 0], np.float32)
    for _ in range(8):
        scene.show([first, second], [first, second], [0.9, 0.9])
    found = scene.show([first], [], [])
    assert len(found) <= 1


def test_a_cut_and_a_reset_forget_everybody(scene):
    box = scene.walk(8)
    scene.detector.reset()
    assert scene.plain.resets == 1
    assert len(scene.show([box], [], [])) == 0
    box = scene.walk(8)
    scene.plain.boxes, scene.plain.scores = [], []
    other = np.zeros((240, 320, 3), np.uint8)
    other[:, 160:] = 255
    assert len(scene.detector.detect(other)) == 0
    assert scene.network.runs == 0


def test_a_track_lives_through_gaps_and_nothing_else_begins(scene):
    tracker, ids = ByteTracker(frame_rate=30), []
    for t in range(40):
        box = BOX + t * STEP
        lost = 10 <= t < 14 or 20 <= t < 26
        found = scene.show([box], [] if lost else [box], [] if lost else [0.9])
        tracks = tracker.update(found.xyxy, found.confidence)
        ids.append(tracks.track_id.tolist())
    assert ids == [[1]] * 40


def test_a_ratio_below_one_is_refused():
    with pytest.raises(ConfigError, match="max_height_ratio"):
        SteadyConfig(max_height_ratio=1.0)


def test_a_second_box_of_a_known_person_is_dropped_and_a_child_before_it_is_not(scene):
    box = scene.walk(8)
    second = box + np.array([3, 10, -2, 0], np.float32)
    child = box + np.array([5, 44, -5, 0], np.float32)
    found = scene.show([box], [box, second, child], [0.9, 0.66, 0.64])
    assert found.xyxy == pytest.approx(np.array([box, child]))


def test_whoever_leaves_by_the_border_is_no_background(scene):
    """The box of who leaves holds ever more background, which looks the same when the person is gone."""
    for t in range(20):
        box = BOX + np.array([176 + 2 * t, 0, 176 + 2 * t, 0], np.float32)
        scene.show([box], [np.minimum(box, 320)], [0.9])
    assert all(len(scene.show([], [], [])) == 0 for _ in range(20))


def test_a_look_alone_is_believed_for_half_a_second_only(scene):
    """The network sees nobody, but the picture stays as it was."""
    box = scene.walk(8, BOX)
    scene.show([box], [box], [0.9])
    runs = scene.network.function
    scene.network.function = lambda crop: runs(np.zeros_like(crop))
    seen = [len(scene.show([box], [], [])) for _ in range(40)]
    assert seen[0] == 1
    assert sum(seen) <= SteadyConfig().follow.patience


def test_two_doubtful_halves_that_make_up_a_known_person_are_one_box(scene):
    box = scene.walk(8)
    left, right = box - np.float32([0, 0, 10, 0]), box - np.float32([-10, 0, 0, 0])
    found = scene.show([box], [left, right], [0.4, 0.3])
    assert found.xyxy == pytest.approx(box[None])
    assert found.confidence[0] < SteadyConfig().sure
    assert scene.network.runs == 0


def test_boxes_that_together_are_larger_than_the_person_stay_apart(scene):
    box = scene.walk(8)
    far, half = box + 30 * STEP, box - np.float32([0, 0, 12, 0])
    found = scene.show([box], [half, far], [0.4, 0.3])
    assert not (found.xyxy[:, 2] - found.xyxy[:, 0] > 40).any()
