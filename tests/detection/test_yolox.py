import numpy as np
import pytest

from gaitway.detection.decode import anchor_grid
from gaitway.detection.letterbox import preprocess
from gaitway.detection.yolox import YoloxConfig, YoloxDetector
from gaitway.errors import ConfigError, NetworkError
from gaitway.protocols import Detector
from support.networks import FakeNetwork


def yolo_that_sees(boxes_xyxy, scores, classes=80, column=0):
    """A network that puts each box (input pixels) on its own anchor of stride 8."""

    def run(blob):
        cells, strides = anchor_grid(blob.shape[2:])
        raw = np.zeros((1, len(cells), 5 + classes), np.float32)
        for row, (box, score) in enumerate(zip(boxes_xyxy, scores, strict=True)):
            centre, size = (np.array(box[:2]) + box[2:]) / 2, np.array(box[2:]) - box[:2]
            raw[0, row, :2] = centre / strides[row] - cells[row]
            raw[0, row, 2:4] = np.log(size / strides[row])
            raw[0, row, 4], raw[0, row, 5 + column] = 1.0, score
        return (raw,)

    return FakeNetwork(run, (1, 3, -1, -1))


IMAGE = np.full((270, 480, 3), 90, np.uint8)


def test_boxes_come_back_in_picture_pixels_surest_first():
    network = yolo_that_sees([(10, 20, 30, 80), (100, 30, 130, 110)], [0.4, 0.9])
    detector = YoloxDetector(network, YoloxConfig(long_side=256))
    found = detector.detect(IMAGE)
    assert isinstance(detector, Detector)
    assert np.allclose(found.xyxy * (256 / 480), [[100, 30, 130, 110], [10, 20, 30, 80]], atol=1e-3)
    assert np.allclose(found.confidence, [0.9, 0.4])
    assert found.bodies is None


def test_low_scores_are_kept_for_the_trackers_second_stage_and_lower_ones_are_not():
    network = yolo_that_sees([(10, 20, 30, 80), (100, 30, 130, 110)], [0.11, 0.09])
    assert len(YoloxDetector(network).detect(IMAGE)) == 1
    assert len(YoloxDetector(network, YoloxConfig(min_confidence=0.001)).detect(IMAGE)) == 2


def test_bicycles_are_not_people():
    network = yolo_that_sees([(10, 20, 30, 80)], [0.9], column=1)
    assert len(YoloxDetector(network).detect(IMAGE)) == 0


def test_the_network_gets_the_preprocessed_picture_at_its_own_size():
    seen = []

    def run(blob):
        seen.append(blob)
        return (np.zeros((1, len(anchor_grid(blob.shape[2:])[0]), 6), np.float32),)

    YoloxDetector(FakeNetwork(run, (1, 3, 160, 288)), YoloxConfig(mode="bytetrack", size=(64, 64))).detect(
        IMAGE
    )
    assert np.array_equal(seen[0][0], preprocess(IMAGE, (160, 288), "bytetrack")[0])


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("column", [2, 4])
def test_values_that_are_not_finite_are_a_network_error(value, column):
    def run(blob):
        raw = np.ones((1, len(anchor_grid(blob.shape[2:])[0]), 6), np.float32)
        raw[0, 3, column] = value
        return (raw,)

    with pytest.raises(NetworkError, match="not finite"):
        YoloxDetector(FakeNetwork(run, (1, 3, -1, -1))).detect(IMAGE)


def test_output_of_another_network_is_a_network_error():
    network = FakeNetwork(lambda _: (np.zeros((1, 7, 85), np.float32),), (1, 3, -1, -1))
    with pytest.raises(NetworkError, match=r"shape \(1, 7, 85\)"):
        YoloxDetector(network).detect(IMAGE)


@pytest.mark.parametrize("wrong", [{"size": (100, 64)}, {"min_confidence": 1.5}, {"max_iou": -0.1}])
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(ConfigError):
        YoloxConfig(**wrong)


def test_bytetracks_networks_keep_their_published_suppression():
    assert YoloxConfig(mode="bytetrack").suppression_iou == 0.7
    assert YoloxConfig().suppression_iou == 0.6
    assert YoloxConfig(max_iou=0.45).suppression_iou == 0.45
