"""``identify``: gallery and probe videos in, named people out. The main job, read from top to bottom."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from gaitway.adapters.results.folder import OutputFolder
from gaitway.adapters.results.keys import digest_input, result_key
from gaitway.adapters.video.expand import expand_sources
from gaitway.adapters.video.names import unique_names
from gaitway.config import Settings, with_pack
from gaitway.drawing import identity_colours
from gaitway.errors import ConfigError, GaitwayError, StoreError
from gaitway.progress import Progress, Report, silent
from gaitway.recognition.matcher import JointMatcher
from gaitway.results import GalleryEntry, IdentifyResult, VideoResult
from gaitway.types import Match
from gaitway.wiring.analysis import encode
from gaitway.wiring.draw import Names
from gaitway.wiring.outputs import RunFolder
from gaitway.wiring.publish import publish_features, publish_silhouettes
from gaitway.wiring.record import describe
from gaitway.wiring.stages import Stages, build_stages
from gaitway.wiring.video import follow_video, recipe


@dataclass
class Job:
    """One run under way."""

    folder: OutputFolder
    stages: Stages
    settings: Settings
    report: Report
    names: dict[str, str]
    later: ThreadPoolExecutor
    failures: dict[str, str] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)  # video name -> SHA-256 of the input
    seconds: dict[str, dict[str, float]] = field(default_factory=dict)
    pending: list[tuple[str, Future[None]]] = field(default_factory=list)

    def afterwards(self, source: str, work: Callable[[], None]) -> None:
        """Do ``work`` beside the next video's networks; a failure counts against ``source``."""
        self.pending.append((source, self.later.submit(work)))

    def settle(self) -> None:
        """Wait for the work under way."""
        for source, future in self.pending:
            with self.tolerated(source):
                future.result()
        self.pending.clear()

    @contextmanager
    def tolerated(self, source: str) -> Iterator[None]:
        """Note an error against ``source`` and go on; a full disk ends the run."""
        try:
            yield
        except StoreError:
            raise
        except GaitwayError as error:
            self.failures[source] = str(error)
            self.report(Progress("failed", source, note=str(error)))


def identify(
    gallery: Sequence[str | Path],
    probes: Sequence[str | Path],
    out: str | Path,
    pack: str | None = None,
    *,
    settings: Settings | None = None,
    report: Report = silent,
) -> IdentifyResult:
    """Say who of the gallery videos walks in the probe videos, and write everything to ``out`` (DESIGN 6).

    What an earlier, interrupted run into the same folder finished is used again if the input's bytes, the
    models and the settings are the same.

    Args:
        gallery: Videos, folders, patterns or urls; every track in them becomes an identity.
        probes: The videos to name people in.
        out: Output folder; made if absent.
        pack: Model pack; overrides the settings'.
        settings: Everything else; defaults where None.
        report: Told about the progress.

    Returns:
        Tracks, walks, embeddings and answers. Inputs that failed are named in ``failures``, the others
        are complete.

    Raises:
        ConfigError: Unknown pack, model or setting.
        ModelError: A model's file cannot be had.
        StoreError: ``out`` cannot be written.
    """
    settings = with_pack(settings, pack)
    if not gallery and not probes:
        raise ConfigError("neither gallery nor probe videos were given: name at least one of each")
    begun = time.perf_counter()
    with OutputFolder(Path(out)) as folder, _one_worker() as later:
        failures: dict[str, str] = {}
        sources = [_expanded(patterns, failures, report) for patterns in (gallery, probes)]
        every = list(dict.fromkeys(sources[0] + sources[1]))
        names = dict(zip(every, unique_names(every), strict=True))
        stages = build_stages(settings, report)
        job = Job(folder, stages, settings, report, names, later, failures)
        run = RunFolder(folder.open_run(), [names[s] for s in sources[0]], settings, report)

        enrolled = _videos(job, sources[0])
        entries = _enrol(list(enrolled.values()))
        colours = identity_colours(entry.label for entry in entries)
        for source, video in enrolled.items():
            own: Names = {e.track_id: (e.label, None) for e in entries if e.video == video.name}
            job.afterwards(source, run.gallery_video(source, video, own, colours))

        matches: list[Match] = []
        probed: dict[str, VideoResult] = {}
        for source in sources[1]:
            for video in _videos(job, [source]).values():
                probed[source] = video
                answers = match_video(list(enrolled.values()), entries, video)
                matches += answers
                names_of = {m.track_id: (m.label, m.score if m.label else None) for m in answers}
                job.afterwards(source, run.probe_video(source, video, names_of, colours))
        job.settle()
        result = IdentifyResult(
            tuple(enrolled.values()), tuple(probed.values()), tuple(entries), tuple(matches), job.failures
        )
        run.finish(result, run_record(job, begun))
        folder.finish_run(run.path)
    return result


def _expanded(patterns: Sequence[str | Path], failures: dict[str, str], report: Report) -> list[str]:
    """Return the inputs that the patterns name; one that names nothing is a failure of its own."""
    sources: list[str] = []
    for pattern in patterns:
        try:
            sources += expand_sources([str(pattern)])
        except GaitwayError as error:
            failures[str(pattern)] = str(error)
            report(Progress("failed", str(pattern), note=str(error)))
    return list(dict.fromkeys(sources))


def _videos(job: Job, sources: Sequence[str]) -> dict[str, VideoResult]:
    """Return the finished result of each input that can be read, with its embeddings."""
    done: dict[str, VideoResult] = {}
    for source in sources:
        with job.tolerated(source):
            done[source] = _video(job, source)
    return done


def _video(job: Job, source: str) -> VideoResult:
    """Follow, cut out and encode one video, or take what an earlier run finished of it."""
    name, begun = job.names[source], time.perf_counter()
    digest = digest_input(Path(source)) if Path(source).exists() else source
    job.inputs[name] = digest
    key = result_key(digest, recipe(job.stages, job.settings))
    result = _stored(job, lambda: job.folder.load_video(key))
    if result is None:
        result = follow_video(source, name, job.stages, job.settings, job.report)
        job.folder.save_video(key, result)
    else:
        result = replace(result, name=name, source=source)
        job.report(Progress("follow", name, note="taken from an earlier run"))
    video = result
    job.afterwards(source, lambda: publish_silhouettes(job.folder, video, key))
    encoded_key = result_key(key, {"encoder": job.stages.encoder.model_id})
    encoded = _stored(job, lambda: job.folder.load_embeddings(encoded_key, video))
    if encoded is None:
        encoded = encode(result, job.stages.encoder)
        job.folder.save_embeddings(encoded_key, encoded)
    with_embeddings = encoded
    job.afterwards(source, lambda: publish_features(job.folder, with_embeddings, encoded_key))
    job.seconds[name] = {"wall": time.perf_counter() - begun, "frames": float(result.frame_count)}
    for warning in result.warnings:
        job.report(Progress("warning", name, note=warning))
    return encoded


def _stored(job: Job, load: Callable[[], VideoResult | None]) -> VideoResult | None:
    """Return a stored result; a damaged one is told and made anew."""
    try:
        return load()
    except StoreError as error:
        job.report(Progress("warning", "state", note=f"{error}; it is made anew"))
        return None


def _enrol(videos: Sequence[VideoResult]) -> list[GalleryEntry]:
    """Make every recognisable gallery track an identity, <video>-<track>."""
    return [
        GalleryEntry(f"{video.name}-{track_id:03d}", video.name, track_id)
        for video in videos
        for track_id in sorted(video.embeddings)
    ]


def match_video(
    gallery: Sequence[VideoResult], entries: Sequence[GalleryEntry], probe: VideoResult
) -> list[Match]:
    """Decide who the tracks of one probe video are, all together; tracks without a walk say why not."""
    by_name = {video.name: video for video in gallery}
    enrolled = [by_name[e.video].embeddings[e.track_id] for e in entries]
    comparable = sorted(probe.embeddings)
    spans = [(s.first_frame, s.last_frame) for s in map(probe.summary, comparable)]
    walks = [probe.embeddings[i] for i in comparable]
    decided = JointMatcher().match(enrolled, walks, spans, [e.label for e in entries])
    answers = {m.track_id: m for m in decided}
    return [
        answers.get(s.track_id) or Match(probe.name, s.track_id, reason=s.reason or "no usable silhouettes")
        for s in probe.summaries
    ]


def run_record(job: Job, begun: float) -> dict[str, Any]:
    """Return what run.json says: settings, versions, models by hash, inputs by hash, timings."""
    return describe(job.stages, job.settings) | {
        "inputs": {name: {"source": s, "sha256": job.inputs.get(name)} for s, name in job.names.items()},
        "timings": {
            "wall_s": time.perf_counter() - begun,
            "network_s": job.stages.networks.busy_s,
            "videos": job.seconds,
        },
        "failures": job.failures,
    }


@contextmanager
def _one_worker() -> Iterator[ThreadPoolExecutor]:
    """Give one background worker; on an error its waiting work is dropped."""
    worker = ThreadPoolExecutor(1, thread_name_prefix="gaitway-later")
    try:
        yield worker
    finally:
        worker.shutdown(wait=True, cancel_futures=True)
