"""``dataset prepare`` from videos: one person's walk per video, through the stages of a pack."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from gaitway.adapters.datasets.layouts import subfolders
from gaitway.adapters.datasets.sinks import Note
from gaitway.adapters.video.kinds import videos_in
from gaitway.config import Settings, with_pack
from gaitway.errors import GaitwayError, InputError
from gaitway.files import translated
from gaitway.progress import Report, silent
from gaitway.results import TrackSummary, VideoResult
from gaitway.silhouettes.quality import usable_silhouettes
from gaitway.wiring.prepare import PrepareConfig, Prepared, PrepareReport, opened_output
from gaitway.wiring.stages import Stages, build_stages
from gaitway.wiring.video import follow_video

COLUMNS = ("video", "subject", "condition", "view")


@dataclass(frozen=True, slots=True)
class VideoWalk:
    """A video and whose walk it shows.

    Attributes:
        video: The file.
        subject: Who walks.
        condition: How.
        view: From where.
        track: Which of the people in it; None for the one seen longest.
    """

    video: Path
    subject: str
    condition: str
    view: str
    track: int | None = None


def find_videos(root: Path) -> list[VideoWalk]:
    """Return the videos of a tree <subject>/<condition>/<view>.mp4, or any other video suffix."""
    return [
        VideoWalk(video, subject.name, condition.name, video.stem)
        for subject in subfolders(root)
        for condition in subfolders(subject)
        for video in videos_in(condition)
    ]


def read_labels(path: Path) -> list[VideoWalk]:
    """Read a csv file with the columns video, subject, condition, view and, if wanted, track.

    Videos are named from the file's folder on.

    Raises:
        InputError: It cannot be read, or lacks a column or a value.
    """
    try:
        with translated("read", path), path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(
            f"{path} is no csv text ({error}): wanted the columns {', '.join(COLUMNS)}"
        ) from error
    if not rows:
        raise InputError(f"{path} has no rows, wanted the columns {', '.join(COLUMNS)} and a row per video")
    return [_labelled(path, number, row) for number, row in enumerate(rows, 2)]


def prepare_videos(
    videos: Sequence[VideoWalk],
    out: str | Path,
    config: PrepareConfig | None = None,
    *,
    settings: Settings | None = None,
    partition: str | Path | None = None,
    report: Report = silent,
) -> PrepareReport:
    """Follow and cut out the people of videos and keep one walk of each; one that was stopped goes on.

    Args:
        videos: Each under its own subject, condition and view.
        out: Folder; made if absent.
        config: How; ``align``, ``maps`` and ``workers`` do not matter here, the stages use all cores.
        settings: Which stages.
        partition: Copied beside the walks.
        report: Told about the progress.

    Raises:
        InputError: Two videos have the same labels, or ``out`` holds something else.
        ModelError: A stage's files cannot be had.
        StoreError: Something cannot be written.
    """
    config, settings = config or PrepareConfig(), with_pack(settings, None)
    labels = [(video.subject, video.condition, video.view) for video in videos]
    twice = next((names for names in labels if labels.count(names) > 1), None)
    if twice:
        raise InputError(f"two videos are the walk {'/'.join(twice)}, wanted one: label them differently")
    with opened_output(Path(out), config, "videos", partition) as output:
        waiting = [v for v, names in zip(videos, labels, strict=True) if not output.is_done(names)]
        return output.fill(_followed(waiting, settings, report), labels, report)


def _followed(videos: Sequence[VideoWalk], settings: Settings, report: Report) -> Iterator[Prepared]:
    if not videos:
        return
    stages = build_stages(settings, report)
    try:
        for video in videos:
            yield _walk_of(video, stages, settings, report)
    finally:
        stages.networks.close()


def _walk_of(video: VideoWalk, stages: Stages, settings: Settings, report: Report) -> Prepared:
    labels = (video.subject, video.condition, video.view)
    try:
        found = follow_video(str(video.video), "/".join(labels), stages, settings, report)
        summary, remark = choose_track(found, video.track)
    except GaitwayError as error:
        return Note(*labels, remark=str(error)), None
    walk = found.walks[summary.track_id]
    good = usable_silhouettes(walk)
    return Note(*labels, kept=len(good), empty=len(walk) - len(good), remark=remark), good


def choose_track(found: VideoResult, wanted: int | None) -> tuple[TrackSummary, str]:
    """Return the track that is the video's walk, and what is odd about the choice.

    Raises:
        InputError: Nobody in the video can be used, or not the one who was wanted.
    """
    usable = [s for s in found.summaries if s.reason is None and s.track_id in found.walks]
    if wanted is not None:
        usable = [s for s in usable if s.track_id == wanted]
    if not usable:
        who = "nobody" if wanted is None else f"no track {wanted}"
        reasons = ", ".join(f"#{s.track_id}: {s.reason or 'usable'}" for s in found.summaries) or "no tracks"
        raise InputError(
            f"{who} in {found.source} walks long enough to be used ({reasons}): film longer walks"
        )
    best = max(usable, key=lambda s: (s.frames, -s.track_id))
    others = len(usable) - 1
    remark = (
        f"{others} more people walk in {found.source}; track {best.track_id} is the longest" if others else ""
    )
    return best, remark


def _labelled(path: Path, number: int, row: dict[str, str | None]) -> VideoWalk:
    missing = [name for name in COLUMNS if not (row.get(name) or "").strip()]
    if missing:
        raise InputError(f"line {number} of {path} lacks {', '.join(missing)}: wanted {', '.join(COLUMNS)}")
    video, *labels = ((row[name] or "").strip() for name in COLUMNS)
    track = (row.get("track") or "").strip()
    if track and not track.isdecimal():
        raise InputError(f"line {number} of {path} names the track {track!r}, wanted a number or nothing")
    subject, condition, view = labels
    return VideoWalk(path.parent / video, subject, condition, view, int(track) if track else None)
