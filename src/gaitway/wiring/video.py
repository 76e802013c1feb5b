"""One video through the stages that a run has chosen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

from gaitway._version import __version__
from gaitway.adapters.results.keys import FORMAT
from gaitway.adapters.video.container import ReaderConfig
from gaitway.adapters.video.source import open_video
from gaitway.config import Settings, with_pack
from gaitway.pipeline import follow, prefetch
from gaitway.progress import Report, silent
from gaitway.results import VideoResult
from gaitway.types import Frame, Tracks
from gaitway.wiring.analysis import analyse
from gaitway.wiring.stages import Stages, build_stages


def reader_config(settings: Settings) -> ReaderConfig:
    """Return how videos are read under ``settings``."""
    return ReaderConfig(threads=settings.threads)


def recipe(stages: Stages, settings: Settings) -> dict[str, Any]:
    """Return everything besides the input that decides what is found in a video: a stored result's key."""
    return {
        "format": FORMAT,
        "gaitway": __version__,
        "detector": stages.names["detector"],
        "segmenter": stages.names["segmenter"],
        "models": stages.seen_with,
        "precision": settings.precision,
        "device": settings.device,
        "crop": settings.crop,
        "camera_motion": settings.camera_motion,
        "link": (settings.link, settings.link_by_looks, settings.link_by_gait),
    }


def follow_video(source: str, name: str, stages: Stages, settings: Settings, report: Report) -> VideoResult:
    """Follow and cut out the people of one video.

    Raises:
        GaitwayError: The video cannot be read, or a network failed.
    """
    with open_video(source, config=reader_config(settings)) as video:
        return analyse(video, stages, settings, report, name=name, source=source)


def track(
    video: str, pack: str | None = None, *, settings: Settings | None = None, report: Report = silent
) -> Iterator[tuple[Frame, Tracks]]:
    """Follow the people of one video and yield every frame with its tracks, as it goes.

    Args:
        video: File, image folder, camera or url.
        pack: Model pack; overrides the settings'.
        settings: Everything else.
        report: Told when models are fetched.

    Yields:
        Each frame and the people followed in it; ``detection_index`` is -1 for boxes that are predicted.

    Raises:
        GaitwayError: The video cannot be read, or a model cannot be had.
    """
    settings = with_pack(settings, pack)
    stages = build_stages(settings, report)
    with open_video(video, config=reader_config(settings)) as source:
        rate = float(source.frame_rate)
        tracker, camera = stages.tracker(rate), stages.camera(settings)
        frames = prefetch(source, settings.pipeline.depth(source.size_wh))
        with closing(frames):
            for item in follow(frames, stages.detector, tracker, camera, frame_rate=rate):
                yield item.frame, item.tracks
