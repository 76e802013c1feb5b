"""``demo``: sample videos of generated walkers through the main job, the answers beside the truth."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from gaitway._version import __version__
from gaitway.adapters.video.sink import VideoWriter
from gaitway.config import Settings
from gaitway.files import translated, write_text
from gaitway.geometry import box_iou
from gaitway.progress import Progress, Report, silent
from gaitway.results import IdentifyResult, VideoResult
from gaitway.synthetic.demo import Film, demo_films
from gaitway.wiring.identify import identify

MIN_IOU = 0.5
Truth = dict[int, dict[str, list[float]]]  # frame -> who -> xyxy


@dataclass(frozen=True)
class DemoAnswer:
    """One probe track beside the truth.

    Attributes:
        video: Probe video.
        track_id: Its track.
        truth: Who it really is; None where it is nobody.
        answer: Whom gaitway named; None for unknown.
        is_enrolled: Whether the true person is in the gallery video.
    """

    video: str
    track_id: int
    truth: str | None
    answer: str | None
    is_enrolled: bool

    @property
    def is_right(self) -> bool:
        """Whether the right person was named, or a stranger left unknown."""
        return self.answer == self.truth if self.is_enrolled else self.answer is None


@dataclass(frozen=True)
class DemoOutcome:
    """What the demo found and where it lies."""

    answers: tuple[DemoAnswer, ...]
    result: IdentifyResult
    latest: Path


def run_demo(
    out: Path, *, settings: Settings | None = None, seconds: float = 7.0, report: Report = silent
) -> DemoOutcome:
    """Render the sample videos (once), identify the probes' people and compare with the truth.

    Args:
        out: Folder for the videos and the results.
        settings: As for ``identify``.
        seconds: Length of each video.
        report: Told about the progress.

    Raises:
        GaitwayError: As ``identify``.
    """
    films = demo_films(seconds=seconds)
    folder = out / "videos"
    truths = {film.name: render(film, folder, report) for film in films}
    paths = {
        role: [folder / f"{f.name}.mp4" for f in films if f.role == role] for role in ("gallery", "probe")
    }
    result = identify(paths["gallery"], paths["probe"], out, settings=settings, report=report)
    enrolled = {
        f"{video.name}-{track_id:03d}": who
        for video in result.gallery
        for track_id, who in people_of(video, truths[video.name]).items()
    }
    answers = tuple(
        DemoAnswer(
            match.video,
            match.track_id,
            truth,
            enrolled.get(match.label) if match.label is not None else None,
            truth in enrolled.values(),
        )
        for video in result.probes
        for who in [people_of(video, truths[video.name])]
        for match in result.matches
        if match.video == video.name
        for truth in [who.get(match.track_id)]
    )
    return DemoOutcome(answers, result, out / "OutputVideos" / "latest")


def render(film: Film, folder: Path, report: Report) -> Truth:
    """Write a film and its truth, unless this version of gaitway did so before."""
    video, truth_file = folder / f"{film.name}.mp4", folder / f"{film.name}.truth.json"
    made_by = f"{__version__} {film.scene.config!r}"
    if video.exists() and truth_file.exists():
        kept = json.loads(truth_file.read_text("utf-8"))
        if kept.get("made_by") == made_by:
            return {int(frame): boxes for frame, boxes in kept["boxes"].items()}
    with translated("make", folder):
        folder.mkdir(parents=True, exist_ok=True)
    total = round(film.frame_rate * film.scene.config.seconds)
    boxes: Truth = {}
    with VideoWriter(
        video, film.scene.camera.size_wh, Fraction(film.frame_rate).limit_denominator(1001)
    ) as sink:
        for index, frame in enumerate(film.frames()):
            sink.write(frame.image_rgb, frame.time_s)
            who = [film.identities[i] for i in frame.truth.actor]
            boxes[index] = dict(zip(who, frame.truth.xyxy.tolist(), strict=True))
            report(Progress("render", film.name, index + 1, total))
    report(Progress("render", film.name, len(boxes), len(boxes), is_last=True))
    write_text(truth_file, json.dumps({"made_by": made_by, "boxes": boxes}))
    return boxes


def people_of(video: VideoResult, truth: Truth) -> dict[int, str]:
    """Return who each track is: the person it overlaps in most of its frames."""
    votes: dict[int, Counter[str]] = {}
    table = video.tracks
    for frame, track_id, box in zip(table.frame_index, table.track_id, table.xyxy, strict=True):
        people = truth.get(int(frame), {})
        if not people:
            continue
        names, boxes = list(people), np.array(list(people.values()), np.float32)
        iou = box_iou(box[None], boxes)[0]
        if iou.max() >= MIN_IOU:
            votes.setdefault(int(track_id), Counter())[names[int(iou.argmax())]] += 1
    return {track_id: seen.most_common(1)[0][0] for track_id, seen in votes.items()}
