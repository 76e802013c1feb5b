"""The real networks on generated walkers: boxes and masks against the truth."""

from itertools import islice

import cv2
import numpy as np
import pytest

from gaitway.adapters.runtimes.openvino import OpenVinoRuntime
from gaitway.detection.blazepose import BlazePoseDetector
from gaitway.geometry import box_iou
from gaitway.segmentation.blazepose import BlazePoseSegmenter
from gaitway.synthetic.demo import demo_films

pytestmark = [pytest.mark.models, pytest.mark.slow]


@pytest.fixture(scope="module")
def seen(builtin_models):
    """Twelve frames of a street with two walkers in full view, and what the detector said."""
    with (
        OpenVinoRuntime(builtin_models / "pose_detection.tflite", threads=1) as people,
        OpenVinoRuntime(builtin_models / "pose_landmark_full.tflite", threads=1) as landmarks,
    ):
        detector = BlazePoseDetector(people, BlazePoseSegmenter(landmarks))
        film = demo_films(seed=3, seconds=3.0)[2]
        return [(frame, detector.detect(frame.image_rgb)) for frame in islice(film.frames(), 16, 28)]


def in_full_view(frame):
    truth = frame.truth
    width = frame.image_rgb.shape[1]
    inside = (truth.xyxy[:, 0] > 1) & (truth.xyxy[:, 2] < width - 1)
    return np.flatnonzero((truth.visibility > 0.95) & inside)


def test_every_walker_is_found_in_every_frame_and_nobody_else(seen):
    for frame, found in seen:
        rows = in_full_view(frame)
        assert len(rows) >= 2
        assert (box_iou(frame.truth.xyxy[rows], found.xyxy).max(axis=1) > 0.8).all()
        assert (box_iou(found.xyxy, frame.truth.xyxy).max(axis=1) > 0.3).all()


def test_masks_are_the_walkers_pixels(seen):
    for frame, found in seen[::4]:
        height, width = frame.image_rgb.shape[:2]
        for row in in_full_view(frame):
            best = int(box_iou(frame.truth.xyxy[[row]], found.xyxy)[0].argmax())
            region, mask = found.bodies.region_xyxy[best], found.bodies.masks[best]
            step = (region[2] - region[0]) / mask.shape[1]
            to_frame = np.array(
                [[step, 0, region[0] + step / 2 - 0.5], [0, step, region[1] + step / 2 - 0.5]]
            )
            cut_out = cv2.warpAffine(mask, to_frame, (width, height)) > 0.5
            truth = frame.truth.owner == frame.truth.actor[row] + 1
            assert (cut_out & truth).sum() / (cut_out | truth).sum() > 0.85
