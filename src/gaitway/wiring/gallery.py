"""Enrolling from videos, and saying who of a lasting gallery walks in others."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from gaitway.adapters.gallery import Candidate, Decided, Gallery, Subject, Walk
from gaitway.config import Settings, with_pack
from gaitway.errors import ConfigError, InputError
from gaitway.progress import Report, silent
from gaitway.recognition.openset import OpenSetConfig, Verdict, decide
from gaitway.results import TrackSummary, VideoResult
from gaitway.wiring.job import Job, open_job

CANDIDATES = 20  # people per track that enter the decision


@dataclass(frozen=True)
class EnrollResult:
    """What ``enroll`` did.

    Attributes:
        subject: The person now; None where no video could be used.
        walks: The walks enrolled.
        failures: Input -> what was wrong with it.
    """

    subject: Subject | None
    walks: tuple[Walk, ...]
    failures: Mapping[str, str]


@dataclass(frozen=True)
class TrackAnswer:
    """Who one track of a video is.

    Attributes:
        video: Name of the video.
        summary: The track: frames, quality.
        status: "certain", "review" (a human should look) or "unknown".
        subject_id: Who, or None.
        name: Their name, or None.
        score: One minus the chance that a stranger comes as near; likeness only without a calibration.
        reason: Why nobody is named, or None.
        candidates: The nearest people, nearest first.
    """

    video: str
    summary: TrackSummary
    status: str
    subject_id: str | None
    name: str | None
    score: float
    reason: str | None
    candidates: tuple[Candidate, ...] = ()


@dataclass(frozen=True)
class GallerySearch:
    """What ``search`` answers.

    Attributes:
        answers: One per track, by video and track.
        failures: Input -> what was wrong with it.
        is_calibrated: Whether the thresholds belong to a stated FPIR.
    """

    answers: tuple[TrackAnswer, ...]
    failures: Mapping[str, str] = field(default_factory=dict)
    is_calibrated: bool = False


def enroll(
    gallery: Gallery,
    videos: Sequence[str | Path],
    name: str,
    *,
    track: int | None = None,
    out: str | Path | None = None,
    settings: Settings | None = None,
    report: Report = silent,
) -> EnrollResult:
    """Enrol the person of videos, one and the same in all of them.

    Args:
        gallery: Open.
        videos: Where the person walks.
        name: Theirs; known people get further templates.
        track: Which track they are, where others walk too.
        out: Where to keep silhouettes and features; nowhere when None. ``forget`` erases them there too.
        settings: Models and the like.
        report: Told about the progress.

    Raises:
        ConfigError: No video, or an unknown setting.
        StoreError: The gallery or ``out`` cannot be written.
    """
    walks: list[Walk] = []
    with _job(videos, out, settings, report) as (job, sources):
        for source, video in job.videos(sources):
            with job.tolerated(source):
                walks.append(_chosen(walks_of(job, video), video, track))
        job.settle()
        failures = dict(job.failures)
    subject = gallery.enroll(name, walks) if walks else None
    if walks and out is not None:
        gallery.remember_output(out)
    return EnrollResult(subject, tuple(walks), failures)


def search(
    gallery: Gallery,
    videos: Sequence[str | Path],
    *,
    config: OpenSetConfig | None = None,
    top: int = 5,
    out: str | Path | None = None,
    settings: Settings | None = None,
    report: Report = silent,
) -> GallerySearch:
    """Say who of the gallery walks in videos, and keep what was seen and decided in the gallery.

    Args:
        gallery: Open.
        videos: To look through.
        config: When to name a track.
        top: Candidates to list per track.
        out: As for ``enroll``.
        settings: Models and the like; the encoder must be the one the gallery was made with.
        report: Told about the progress.

    Raises:
        ConfigError: No video, or an unknown setting.
        IncompatibleModelsError: The gallery has this model's embeddings in another shape.
        StoreError: The gallery or ``out`` cannot be written.
    """
    answers: list[TrackAnswer] = []
    with _job(videos, out, settings, report) as (job, sources):
        for _, video in job.videos(sources):
            answers += search_video(gallery, video, walks_of(job, video), config, top)
        job.settle()
        failures, model = dict(job.failures), job.stages.encoder.model_id
    if out is not None:
        gallery.remember_output(out)
    return GallerySearch(tuple(answers), failures, gallery.calibration(model) is not None)


def search_video(
    gallery: Gallery, video: VideoResult, walks: Mapping[int, Walk], config: OpenSetConfig | None, top: int
) -> list[TrackAnswer]:
    """Decide who the tracks of one processed video are, all together, and record it."""
    tracks = sorted(walks)
    found = gallery.search([walks[t] for t in tracks], max(CANDIDATES, top)) if tracks else ()
    people = sorted({c.subject_id for result in found for c in result.candidates})
    column = {subject: j for j, subject in enumerate(people)}
    distances = np.full((len(tracks), len(people)), np.inf)
    for row, result in zip(distances, found, strict=True):
        for candidate in result.candidates:
            row[column[candidate.subject_id]] = candidate.distance
    spans = [(s.first_frame, s.last_frame) for s in map(video.summary, tracks)]
    model = walks[tracks[0]].model_id if tracks else ""
    size = found[0].subjects if found else 0
    verdicts = decide(distances, spans, (size, model), gallery.calibration(model), config)
    answers = {}
    for track, result, verdict in zip(tracks, found, verdicts, strict=True):
        candidates = result.candidates
        subject = people[verdict.person] if verdict.person is not None else None
        named = next((c for c in candidates if c.subject_id == subject), None)
        answers[track] = _answer(video, track, verdict, named, candidates[:top])
    decided = [_decided(answers[t]) for t in tracks]
    if tracks:
        gallery.record([walks[t] for t in tracks], decided)
    return [
        answers.get(s.track_id)
        or TrackAnswer(video.name, s, "unknown", None, None, 0.0, s.reason or "no usable silhouettes")
        for s in video.summaries
    ]


def walks_of(job: Job, video: VideoResult) -> dict[int, Walk]:
    """Return the walks of a processed video as the gallery keeps them, by track."""
    sha256 = _encoder_hash(job)
    walks = {}
    for track, embedding in video.embeddings.items():
        summary = video.summary(track)
        walks[track] = Walk.of(
            embedding,
            model_sha256=sha256,
            video_sha256=job.digests.get(video.name, ""),
            first_frame=summary.first_frame,
            last_frame=summary.last_frame,
            frames=summary.frames,
            quality=summary.quality,
            frame_rate=video.frame_rate,
        )
    return walks


@contextmanager
def _job(
    videos: Sequence[str | Path], out: str | Path | None, settings: Settings | None, report: Report
) -> Iterator[tuple[Job, list[str]]]:
    """Open a job whose folder is ``out``, or goes afterwards."""
    if not videos:
        raise ConfigError("no videos were given: name at least one")
    with tempfile.TemporaryDirectory(prefix="gaitway-") as aside:
        folder = Path(aside) if out is None else Path(out)
        with open_job(folder, [videos], with_pack(settings, None), report) as (job, (sources,)):
            yield job, sources


def _encoder_hash(job: Job) -> str:
    """Return the hash of the encoder's file; empty for one without weights."""
    name = job.stages.names["encoder"]
    hashes = job.stages.networks.hashes
    return next((h for file, h in hashes.items() if file.split("/")[0] in {name, Path(name).name}), "")


def _chosen(walks: Mapping[int, Walk], video: VideoResult, track: int | None) -> Walk:
    """Return the walk to enrol.

    Raises:
        InputError: There is none, or it is not clear which.
    """
    seen = (
        ", ".join(f"{s.track_id} ({s.reason or f'{s.frames} frames'})" for s in video.summaries) or "nobody"
    )
    if track is not None and track in walks:
        return walks[track]
    if track is None and len(walks) == 1:
        return next(iter(walks.values()))
    if track is None and walks:
        raise InputError(
            f"{video.name} shows several people, tracks {seen}: choose one with --track, "
            "'gaitway track' draws the numbers into the video"
        )
    wanted = "a person that can be recognised" if track is None else f"track {track}"
    raise InputError(f"{video.name} shows tracks {seen}, wanted {wanted}: take another video or track")


def _answer(
    video: VideoResult,
    track: int,
    verdict: Verdict,
    named: Candidate | None,
    candidates: tuple[Candidate, ...],
) -> TrackAnswer:
    return TrackAnswer(
        video.name,
        video.summary(track),
        verdict.status,
        named.subject_id if named else None,
        named.name if named else None,
        verdict.score,
        verdict.reason,
        candidates,
    )


def _decided(answer: TrackAnswer) -> Decided:
    nearest = answer.candidates[0].distance if answer.candidates else None
    mine = next((c.distance for c in answer.candidates if c.subject_id == answer.subject_id), nearest)
    return Decided(answer.status, answer.subject_id, mine, answer.score, answer.reason)
