import numpy as np
import pytest

from gaitway.errors import ConfigError, NetworkError
from gaitway.protocols import Segmenter
from gaitway.segmentation.blazepose import BlazePoseSegmenter, BlazePoseSegmenterConfig
from gaitway.types import Bodies
from support.networks import FakeNetwork, bar_landmark_network, draw_people, segment_bar

LEFT, RIGHT = (60, 60, 84, 140), (150, 40, 190, 160)
IMAGE = draw_people([LEFT, RIGHT])
BOXES = np.array([RIGHT, LEFT], np.float32)


def extent(bodies: Bodies, row: int):
    rows, columns = np.nonzero(bodies.masks[row] > 0.5)
    scale = (bodies.region_xyxy[row, 2] - bodies.region_xyxy[row, 0]) / bodies.masks[row].shape[1]
    low, high = np.array([columns.min(), rows.min()]), np.array([columns.max() + 1, rows.max() + 1])
    return np.concatenate([low, high]) * scale + np.tile(bodies.region_xyxy[row, :2], 2)


def test_one_body_per_box_in_the_boxes_order():
    segmenter = BlazePoseSegmenter(bar_landmark_network())
    bodies = segmenter.segment(IMAGE, BOXES)
    assert isinstance(segmenter, Segmenter)
    assert len(bodies) == 2
    for row, box in enumerate(BOXES):
        assert extent(bodies, row) == pytest.approx(box, abs=1.5)
        assert np.nanmin(bodies.keypoints[row, :, 0]) == pytest.approx(box[0], abs=1.5)
        assert np.nanmax(bodies.keypoints[row, :, 1]) == pytest.approx(box[3], abs=1.5)
    assert (bodies.presence > 0.9).all()
    assert bodies.keypoints[:, :, 2].max() <= 1


def test_the_square_is_one_and_a_quarter_body_heights_round_the_middle():
    bodies = BlazePoseSegmenter(bar_landmark_network()).segment(IMAGE, BOXES[1:])
    assert bodies.region_xyxy.tolist() == [[22, 50, 122, 150]]


def test_submitting_gives_the_same_as_waiting():
    segmenter = BlazePoseSegmenter(bar_landmark_network())
    first, second = segmenter.submit(IMAGE, BOXES[:1]), segmenter.submit(IMAGE, BOXES[1:])
    both = segmenter.segment(IMAGE, BOXES)
    assert np.array_equal(first.result().masks[0], both.masks[0])
    assert np.array_equal(second.result().masks[0], both.masks[1])


def test_nobody_to_cut_out_runs_nothing():
    network = bar_landmark_network()
    assert len(BlazePoseSegmenter(network).segment(IMAGE, np.zeros((0, 4), np.float32))) == 0
    assert network.runs == 0


def test_the_network_sees_rgb_from_0_to_1():
    seen = []

    def run(crop):
        seen.append(crop)
        return segment_bar(crop)

    BlazePoseSegmenter(FakeNetwork(run, (1, 256, 256, 3))).segment(
        np.full((80, 60, 3), 255, np.uint8), BOXES[:1]
    )
    assert seen[0].shape == (1, 256, 256, 3)
    assert seen[0].dtype == np.float32
    assert np.allclose(seen[0], 1.0)


@pytest.mark.parametrize("box", [(10, 10, 10, 10), (-400, -400, -380, -300), (0, 0, 5000, 9000)])
def test_odd_boxes_have_bodies_too(box):
    assert len(BlazePoseSegmenter(bar_landmark_network()).segment(IMAGE, np.array([box], np.float32))) == 1


def test_output_that_is_not_finite_or_another_networks_is_a_network_error():
    def broken(crop):
        outputs = segment_bar(crop)
        outputs[2][0, 5, 5, 0] = np.nan
        return outputs

    for function, words in ((broken, "not finite"), (lambda crop: (crop,), "pose_landmark_full")):
        with pytest.raises(NetworkError, match=words):
            BlazePoseSegmenter(FakeNetwork(function, (1, 256, 256, 3))).segment(IMAGE, BOXES)


def test_impossible_settings_are_refused():
    with pytest.raises(ConfigError):
        BlazePoseSegmenterConfig(roi_scale=0.5)
