"""What PP-HumanSeg is shown and how its answer is placed, without any network."""

from concurrent.futures import Future

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaitway.errors import ConfigError, NetworkError
from gaitway.protocols import Segmenter
from gaitway.segmentation.humanseg import HumanSegConfig, HumanSegSegmenter, normalisation_table, seed_mask
from gaitway.segmentation.humanseg_crops import box_region, cut_region

KINDS = ("context", "stretched", "seed")
COORDINATE = st.floats(-80, 260, width=32)


class Brightness:
    """A runtime whose person probability is the picture's red channel."""

    input_shapes = ((-1, 3, -1, -1),)
    busy_s = 0.0

    def __init__(self, output=None) -> None:
        self.output, self.batches = output, []

    def submit(self, *inputs: np.ndarray) -> Future:
        self.batches.append(len(inputs[0]))
        person = inputs[0][:, :1] * 0.5 + 0.5
        output = np.concatenate([1 - person, person], axis=1) if self.output is None else self.output
        done: Future = Future()
        done.set_result((output.astype(np.float32),))
        return done

    def run(self, *inputs: np.ndarray) -> tuple[np.ndarray, ...]:
        return self.submit(*inputs).result()


@pytest.fixture
def picture() -> np.ndarray:
    image = np.zeros((200, 160, 3), np.uint8)
    image[60:140, 70:100] = 255  # a white person on black
    return image


def test_it_is_a_segmenter():
    assert isinstance(HumanSegSegmenter(Brightness()), Segmenter)


@pytest.mark.parametrize("kind", KINDS)
def test_the_person_is_where_the_mask_says(picture, kind):
    box = np.array([[70, 60, 100, 140]], np.float32)
    bodies = HumanSegSegmenter(Brightness(), HumanSegConfig(crop=kind)).segment(picture, box)
    x1, y1, x2, y2 = bodies.region_xyxy[0]
    height, width = bodies.masks[0].shape
    assert (x2 - x1) / (y2 - y1) == pytest.approx(width / height, rel=0.02)  # square pixels
    rows = (np.arange(height) + 0.5) / height * (y2 - y1) + y1
    columns = (np.arange(width) + 0.5) / width * (x2 - x1) + x1
    inside = ((rows > 62) & (rows < 138))[:, None] & ((columns > 72) & (columns < 98))[None]
    in_frame = (rows[:, None] < 200) & (columns[None] >= 60) & (columns[None] < 110) & (rows[:, None] > 54)
    outside = ~(((rows > 58) & (rows < 142))[:, None] & ((columns > 68) & (columns < 102))[None]) & in_frame
    assert (bodies.masks[0][inside] > 0.9).all()
    if kind != "seed":
        assert (bodies.masks[0][outside] < 0.1).all()
    assert bodies.presence[0] > 0.9
    assert np.isnan(bodies.keypoints).all()


@given(corners=st.tuples(COORDINATE, COORDINATE, COORDINATE, COORDINATE), kind=st.sampled_from(KINDS))
def test_any_box_gives_a_crop_and_a_region(corners, kind):
    x, y, x2, y2 = corners
    box = np.array([min(x, x2), min(y, y2), max(x, x2), max(y, y2)], np.float32)
    image = np.full((120, 90, 3), 7, np.uint8)
    region = box_region(box, (120, 90), kind)
    assert (region.xyxy[2:] - region.xyxy[:2] >= 1 - 1e-4).all()  # corners are float32
    assert cut_region(image, region, (192, 192)).shape == (192, 192, 3)


@pytest.mark.parametrize("count", [0, 1, 4, 9])
def test_batches_are_bounded_and_order_is_kept(count):
    runtime = Brightness()
    segmenter = HumanSegSegmenter(runtime, HumanSegConfig(batch_size=4))
    pictures = np.zeros((count, 192, 192, 3), np.uint8) + (
        np.arange(count, dtype=np.uint8)[:, None, None, None] * 20
    )
    got = segmenter.probabilities(pictures)
    assert np.allclose(got[:, 0, 0], np.arange(count) * 20 / 255, atol=1e-6)
    assert max(runtime.batches, default=0) <= 4
    assert sum(runtime.batches) == count


def test_nobody_is_a_normal_result(picture):
    runtime = Brightness()
    assert len(HumanSegSegmenter(runtime).segment(picture, np.zeros((0, 4), np.float32))) == 0
    assert runtime.batches == []


def test_normalisation_equals_the_plain_formula():
    mean, std = (0.4, 0.5, 0.6), (0.2, 0.3, 0.5)
    values = np.arange(256, dtype=np.float32)[None] / np.float32(255)
    plain = (values - np.array(mean, np.float32)[:, None]) / np.array(std, np.float32)[:, None]
    assert np.array_equal(normalisation_table(mean, std), plain)


def test_seed_mask_threshold():
    assert seed_mask(np.array([[79.9, 80.0]], np.float32) / 255).tolist() == [[0, 255]]


@pytest.mark.parametrize("output", [np.zeros((1, 1, 192, 192)), np.full((1, 2, 192, 192), np.nan)])
def test_nonsense_from_the_network_is_refused(picture, output):
    segmenter = HumanSegSegmenter(Brightness(output))
    with pytest.raises(NetworkError):
        segmenter.segment(picture, np.array([[10, 10, 50, 90]], np.float32))


@pytest.mark.parametrize("wrong", [{"size_wh": (8, 192)}, {"std": (0.5, 0.0, 0.5)}, {"batch_size": 0}])
def test_impossible_settings(wrong):
    with pytest.raises(ConfigError):
        HumanSegConfig(**wrong)


def test_a_neighbour_in_the_square_is_not_in_the_mask(picture):
    picture[60:140, 120:150] = 255
    alone = HumanSegSegmenter(Brightness()).segment(picture, np.array([[70, 60, 100, 140]], np.float32))
    width = alone.masks[0].shape[1]
    x1, _, x2, _ = alone.region_xyxy[0]
    neighbour = int((122 - x1) / (x2 - x1) * width)
    assert x2 > 125  # the square does show the neighbour
    assert alone.masks[0][:, neighbour:].max() == 0.0
    assert alone.masks[0].max() > 0.9
