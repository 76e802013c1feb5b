import numpy as np
import pytest

from gaitway.detection.motion import MotionConfig, MotionDetector
from gaitway.errors import ConfigError
from gaitway.geometry import box_iou
from gaitway.protocols import Detector
from support.networks import draw_people


def walk(detector, frames=60):
    found = []
    for t in range(frames):
        box = (20 + 4 * t, 100, 50 + 4 * t, 190)
        found.append((np.array([box], np.float32), detector.detect(draw_people([box]))))
    return found


def test_a_walker_before_a_fixed_camera_is_found_in_most_frames():
    detector = MotionDetector()
    assert isinstance(detector, Detector)
    later = walk(detector)[30:]
    hits = [len(found) == 1 and box_iou(truth, found.xyxy)[0, 0] > 0.5 for truth, found in later]
    assert np.mean(hits) > 0.9


def test_nothing_moves_nobody_is_found_and_a_moving_camera_says_nothing():
    detector = MotionDetector()
    still = draw_people([])
    assert all(len(detector.detect(still)) == 0 for _ in range(20))
    rng = np.random.default_rng(0)
    assert len(detector.detect(rng.integers(0, 256, still.shape, dtype=np.uint8))) == 0


def test_reset_and_another_size_start_again():
    detector = MotionDetector()
    walk(detector, 30)
    detector.reset()
    assert all(len(found) == 0 for _, found in walk(detector, 10))
    assert len(detector.detect(np.zeros((64, 64, 3), np.uint8))) == 0


def test_boxes_come_back_in_the_pixels_of_a_large_picture():
    detector = MotionDetector(MotionConfig(work_height=120))
    later = walk(detector)[30:]
    assert np.mean([len(f) == 1 and box_iou(t, f.xyxy)[0, 0] > 0.5 for t, f in later]) > 0.9


def test_impossible_settings_are_refused():
    with pytest.raises(ConfigError):
        MotionConfig(min_aspect=7.0)
