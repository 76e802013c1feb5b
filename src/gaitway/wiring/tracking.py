"""``track``: follow and cut out the people of videos, without naming anybody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gaitway.config import Settings, with_pack
from gaitway.drawing import identity_colours
from gaitway.errors import ConfigError
from gaitway.progress import Report, silent
from gaitway.results import IdentifyResult, VideoResult
from gaitway.wiring.draw import Names
from gaitway.wiring.job import open_job
from gaitway.wiring.outputs import RunFolder


@dataclass(frozen=True)
class TrackResult:
    """What ``track_videos`` found.

    Attributes:
        videos: Tracks and walks of every video that could be read.
        failures: Input -> what was wrong with it.
    """

    videos: tuple[VideoResult, ...]
    failures: Mapping[str, str]


def track_videos(
    videos: Sequence[str | Path],
    out: str | Path,
    pack: str | None = None,
    *,
    settings: Settings | None = None,
    report: Report = silent,
) -> TrackResult:
    """Follow and cut out the people of videos: silhouettes, features, texts, annotated videos, a report.

    Args, errors: as ``identify``.
    """
    if not videos:
        raise ConfigError("no videos were given: name at least one")
    settings = with_pack(settings, pack)
    with open_job(Path(out), [videos], settings, report) as (job, (sources,)):
        run = RunFolder(job.folder.open_run(), [], settings, report)
        done: dict[str, VideoResult] = {}
        for source, video in job.videos(sources):
            done[source] = video
            names: Names = {s.track_id: (f"#{s.track_id}", None) for s in video.summaries}
            colours = identity_colours(f"#{s.track_id}" for s in video.summaries)
            job.afterwards(source, run.gallery_video(source, video, names, colours))
        job.settle()
        result = TrackResult(tuple(done.values()), job.failures)
        as_gallery = IdentifyResult(result.videos, (), (), (), job.failures)
        run.finish(as_gallery, job.record())
        job.folder.finish_run(run.path)
    return result
