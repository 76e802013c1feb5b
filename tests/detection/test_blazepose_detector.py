import numpy as np
import pytest

from gaitway.detection.blazepose import BlazePoseConfig, BlazePoseDetector
from gaitway.detection.newcomers import NewcomerConfig
from gaitway.errors import ConfigError
from gaitway.geometry import box_iou
from gaitway.protocols import Detector
from gaitway.segmentation.blazepose import BlazePoseSegmenter
from support.networks import bar_detector_network, bar_landmark_network, draw_people


@pytest.fixture
def networks():
    return bar_detector_network(), bar_landmark_network()


@pytest.fixture
def detector(networks):
    return BlazePoseDetector(networks[0], BlazePoseSegmenter(networks[1]))


def covered(truth, found):
    return box_iou(np.array(truth, np.float32).reshape(-1, 4), found.xyxy).max(axis=1, initial=0) > 0.6


def test_everybody_is_found_in_the_first_frame_small_or_tall(detector):
    people = [(20, 30, 36, 80), (100, 40, 130, 140), (200, 20, 260, 220)]
    found = detector.detect(draw_people(people))
    assert isinstance(detector, Detector)
    assert len(found) == 3
    assert covered(people, found).all()
    assert found.bodies is not None
    assert len(found.bodies) == 3


def test_two_close_people_are_two(detector):
    people = [(100, 60, 124, 140), (134, 60, 158, 140)]
    found = detector.detect(draw_people(people))
    assert len(found) == 2
    assert covered(people, found).all()


def test_walkers_are_followed_in_every_frame_and_a_frame_stays_within_its_budget(detector, networks):
    config = BlazePoseConfig()
    for t in range(40):
        people = [(20 + 3 * t, 60, 44 + 3 * t, 140), (250 - 3 * t, 100, 280 - 3 * t, 200)]
        before = [n.runs for n in networks]
        found = detector.detect(draw_people(people))
        if abs((32 + 3 * t) - (265 - 3 * t)) > 40:
            assert covered(people, found).all(), t
        if t:
            looks, cuts = (n.runs - b for n, b in zip(networks, before, strict=True))
            assert looks == config.tiles_per_s / config.frame_rate
            assert cuts <= 2 + 2 * config.confirmations_per_s / config.frame_rate


def test_somebody_who_comes_in_later_is_found(detector):
    still = (20, 60, 44, 140)
    detector.detect(draw_people([still]))
    both = [still, (200, 70, 224, 150)]
    hits = [covered(both, detector.detect(draw_people(both))).all() for _ in range(30)]
    assert hits[-1]


def test_nobody_is_a_normal_result_and_people_are_forgotten_when_they_leave(detector):
    assert len(detector.detect(draw_people([]))) == 0
    detector.reset()
    assert len(detector.detect(draw_people([(20, 60, 44, 140)]))) == 1
    assert [len(detector.detect(draw_people([]))) for _ in range(5)] == [0] * 5


def test_reset_or_another_frame_size_begins_anew(detector, networks):
    detector.detect(draw_people([(20, 60, 44, 140)]))
    whole = networks[0].runs
    detector.detect(draw_people([]))
    assert networks[0].runs - whole < whole
    detector.reset()
    before = networks[0].runs
    detector.detect(draw_people([]))
    assert networks[0].runs - before == whole
    detector.detect(draw_people([(20, 60, 44, 140)], (400, 300)))
    assert networks[0].runs - before > whole


def test_one_pixel_pictures_do_no_harm(detector):
    assert len(detector.detect(np.zeros((1, 1, 3), np.uint8))) == 0


def test_impossible_settings_are_refused():
    with pytest.raises(ConfigError):
        BlazePoseConfig(tiles_per_s=0)


@pytest.mark.parametrize(("frame_rate", "tiles"), [(10.0, 12), (30.0, 4), (None, 4), (60.0, 2), (500.0, 1)])
def test_a_second_is_searched_alike_however_many_frames_it_has(detector, networks, frame_rate, tiles):
    detector.reset(frame_rate)
    detector.detect(draw_people([]))
    before = networks[0].runs
    detector.detect(draw_people([]))
    assert networks[0].runs - before == tiles


def test_a_cut_does_not_forget_the_frame_rate(detector, networks):
    detector.reset(10.0)
    detector.detect(draw_people([]))
    detector.detect(draw_people([], (400, 300)))
    before = networks[0].runs
    detector.detect(draw_people([], (400, 300)))
    assert networks[0].runs - before == 12


@pytest.mark.parametrize(("max_aspect", "people"), [(1.1, 0), (3.0, 1)])
def test_what_lies_on_the_floor_is_nobody_new(networks, max_aspect, people):
    config = BlazePoseConfig(newcomer=NewcomerConfig(max_aspect=max_aspect))
    detector = BlazePoseDetector(networks[0], BlazePoseSegmenter(networks[1]), config)
    assert len(detector.detect(draw_people([(100, 100, 180, 140)]))) == people


def test_a_cut_to_another_shot_is_searched_whole(detector, networks):
    detector.detect(draw_people([(20, 60, 44, 140)]))
    whole = networks[0].runs
    other = draw_people([(200, 70, 224, 150)])
    other[:, :, 1:] = np.linspace(0, 60, 320).astype(np.uint8)[None, :, None]
    found = detector.detect(other)
    assert networks[0].runs == 2 * whole
    assert covered([(200, 70, 224, 150)], found).all()
