"""What every VideoSource keeps, whatever it reads from."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from gaitway.adapters.video import open_video
from gaitway.errors import InputError
from gaitway.protocols import VideoSource
from gaitway.types import Frame
from support.clips import marked_picture, write_clip
from support.fakes_video import FakeVideo

FRAMES, WH = 12, (96, 64)


def _file(folder: Path) -> VideoSource:
    return open_video(write_clip(folder / "walk.mp4", frames=FRAMES, wh=WH, options={"crf": "4"}))


def _images(folder: Path) -> VideoSource:
    pictures = folder / "walk"
    pictures.mkdir()
    for i in range(FRAMES):
        cv2.imwrite(str(pictures / f"{i + 95}.png"), marked_picture(i, WH)[..., ::-1])
    return open_video(pictures)


def _fake(folder: Path) -> VideoSource:
    return FakeVideo([marked_picture(i, WH) for i in range(FRAMES)], name="walk")


@pytest.fixture(params=[_file, _images, _fake])
def video(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[VideoSource]:
    with request.param(tmp_path) as source:
        yield source


class TestVideoSource:
    def test_fits_the_protocol(self, video):
        assert isinstance(video, VideoSource)

    def test_tells_what_it_is_before_reading(self, video):
        assert video.name == "walk"
        assert video.frame_rate == Fraction(30)
        assert video.size_wh == WH
        assert video.frame_count == FRAMES

    def test_frames_are_numbered_from_zero_and_timed_by_the_rate(self, video):
        frames = list(video)
        assert [f.index for f in frames] == list(range(FRAMES))
        np.testing.assert_allclose([f.time_s for f in frames], np.arange(FRAMES) / 30, atol=1e-6)

    def test_pictures_are_the_ones_that_went_in(self, video):
        for frame in video:
            assert isinstance(frame, Frame)
            assert frame.size_wh == video.size_wh
            assert frame.image.flags.c_contiguous
            error = np.abs(frame.image.astype(int) - marked_picture(frame.index, WH))
            assert error.mean() < 4  # chroma has half the resolution; a shifted or swapped picture gives > 10

    def test_a_whole_video_has_no_warnings(self, video):
        assert len(list(video)) == FRAMES
        assert video.warnings == []

    def test_is_read_once(self, video):
        list(video)
        with pytest.raises(InputError, match="again"):
            iter(video)

    def test_may_be_left_half_read(self, video):
        frames = iter(video)
        assert next(frames).index == 0
        video.__exit__(None, None, None)

    def test_frames_outlive_each_other(self, video):
        frames = list(video)
        assert np.abs(frames[0].image.astype(int) - marked_picture(0, WH)).mean() < 4
        assert not np.shares_memory(frames[0].image, frames[1].image)

    def test_reads_in_a_background_thread(self, video):
        seen: list[int] = []
        thread = threading.Thread(target=lambda: seen.extend(f.index for f in video))
        thread.start()
        thread.join(30)
        assert seen == list(range(FRAMES))
