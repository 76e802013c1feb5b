"""The pipeline on fakes: order, memory, errors, early stop."""

import threading

import numpy as np
import pytest

from gaitway.pipeline import PipelineConfig, cut_out, follow, prefetch, watch
from support.fakes import CountingTracker, FullSegmenter, OneBoxDetector, frames


def run(count, detector):
    return list(
        watch(frames(count), detector, CountingTracker(), FullSegmenter(), size_wh=(64, 48), frame_rate=30.0)
    )


@pytest.mark.parametrize("with_bodies", [False, True])
def test_every_frame_comes_once_and_in_order(with_bodies):
    seen = run(40, OneBoxDetector(with_bodies=with_bodies))
    assert [s.frame.index for s in seen] == list(range(40))
    assert all(s.silhouettes.track_id.tolist() == [1] for s in seen)
    assert all(s.silhouettes.xyxy[0, 0] == s.frame.index % 32 for s in seen)


def test_an_empty_video_is_an_honest_empty_result():
    assert run(0, OneBoxDetector()) == []


def test_the_detector_is_reset_before_each_video():
    detector = OneBoxDetector()
    run(2, detector)
    run(2, detector)
    assert detector.resets == 2


def test_a_body_made_by_the_detector_is_not_cut_out_again():
    class Forbidden(FullSegmenter):
        def submit(self, image_rgb, xyxy):
            pytest.fail("the segmenter ran although the detector had the masks")

    followed = follow(frames(3), OneBoxDetector(with_bodies=True), CountingTracker(), frame_rate=30.0)
    assert len(list(cut_out(followed, Forbidden()))) == 3


def test_people_not_followed_are_kept_apart_as_others():
    class Two(OneBoxDetector):
        def detect(self, image_rgb):
            one = super().detect(image_rgb)
            from gaitway.types import Detections
            from support.fakes import body

            xyxy = np.concatenate([one.xyxy, one.xyxy + 1])
            return Detections(xyxy, np.array([0.9, 0.2], np.float32), body(xyxy))

    class OnlySecond(CountingTracker):
        def update(self, xyxy, scores, camera=None):
            from gaitway.types import Tracks

            return Tracks(xyxy[1:], scores[1:], np.array([7]), np.array([1]))

    (sighting,) = cut_out(follow(frames(1), Two(), OnlySecond(), frame_rate=30.0), FullSegmenter())
    assert sighting.silhouettes.track_id.tolist() == [7]
    assert len(sighting.others) == 1
    assert sighting.others.region_xyxy[0, 0] == 0


def test_the_tracker_is_told_how_the_camera_moved_and_so_is_who_reads_the_sightings():
    class Panning:
        def __init__(self):
            self.frame = -1

        def update(self, image_rgb, xyxy):
            assert xyxy.shape == (1, 4)
            self.frame += 1
            return np.array([[1, 0, self.frame], [0, 1, 0.0]]) if self.frame else None

    class Told(CountingTracker):
        def __init__(self):
            self.cameras = []

        def update(self, xyxy, scores, camera=None):
            self.cameras.append(None if camera is None else camera[0, 2])
            return super().update(xyxy, scores)

    tracker = Told()
    followed = follow(frames(3), OneBoxDetector(), tracker, Panning(), frame_rate=30.0)
    seen = [s.camera for s in cut_out(followed, FullSegmenter())]
    assert tracker.cameras == [None, 1, 2]
    assert seen[0] is None
    assert [c[0, 2] for c in seen[1:]] == [1, 2]
    assert all(s.camera is None for s in run(3, OneBoxDetector()))


def test_an_error_in_any_stage_reaches_the_caller():
    class Broken(OneBoxDetector):
        def detect(self, image_rgb):
            if image_rgb[0, 0, 0] == 5:
                raise ValueError("broken at 5")
            return super().detect(image_rgb)

    seen = []
    with pytest.raises(ValueError, match="broken at 5"):
        seen.extend(
            s.frame.index
            for s in watch(
                frames(20), Broken(), CountingTracker(), FullSegmenter(), size_wh=(64, 48), frame_rate=30.0
            )
        )


def test_stopping_early_stops_the_threads_and_closes_the_source():
    closed = threading.Event()

    def endless():
        try:
            index = 0
            while True:
                yield index
                index += 1
        finally:
            closed.set()

    before = set(threading.enumerate())
    items = prefetch(endless(), depth=2)
    assert [next(items), next(items)] == [0, 1]
    assert len(set(threading.enumerate()) - before) == 1
    items.close()
    assert closed.is_set()
    assert not set(threading.enumerate()) - before


def test_no_more_than_depth_items_wait():
    made = []

    def source():
        for index in range(100):
            made.append(index)
            yield index

    items = prefetch(source(), depth=3)
    for index in range(50):
        assert next(items) == index
        assert len(made) <= index + 1 + 3 + 2  # taken, waiting, one in hand, one being made
    items.close()


def test_queues_shrink_with_large_pictures():
    config = PipelineConfig()
    assert config.depth((640, 480)) == config.max_queue
    assert config.depth((7680, 4320)) == 2
