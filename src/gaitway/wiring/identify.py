"""``identify``: gallery and probe videos in, named people out. The main job, read from top to bottom."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gaitway.config import Settings, with_pack
from gaitway.drawing import identity_colours
from gaitway.errors import ConfigError
from gaitway.progress import Report, silent
from gaitway.recognition.matcher import JointMatcher, MatcherConfig
from gaitway.results import GalleryEntry, IdentifyResult, VideoResult
from gaitway.types import Match
from gaitway.wiring.draw import Names
from gaitway.wiring.job import open_job
from gaitway.wiring.outputs import RunFolder
from gaitway.wiring.seed_layout import publish_seed_run


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
        InputError: ``min_score`` is not between 0 and 1.
        ModelError: A model's file cannot be had.
        StoreError: ``out`` cannot be written.
    """
    if not gallery or not probes:
        raise ConfigError("gallery or probe videos are missing: name at least one of each")
    settings = with_pack(settings, pack)
    matcher = matcher_for(settings)
    with open_job(Path(out), [gallery, probes], settings, report) as (job, (gallery_sources, probe_sources)):
        run = RunFolder(job.folder.open_run(), [job.names[s] for s in gallery_sources], settings, report)

        enrolled = dict(job.videos(gallery_sources))
        entries = enrol(list(enrolled.values()))
        colours = identity_colours(entry.label for entry in entries)
        for source, video in enrolled.items():
            own: Names = {e.track_id: (e.label, None) for e in entries if e.video == video.name}
            job.afterwards(source, run.gallery_video(source, video, own, colours))

        matches: list[Match] = []
        probed: dict[str, VideoResult] = {}
        for source, video in job.videos(probe_sources):
            probed[source] = video
            answers = match_video(list(enrolled.values()), entries, video, matcher)
            matches += answers
            names = {m.track_id: (m.label, m.score if m.label else None) for m in answers}
            job.afterwards(source, run.probe_video(source, video, names, colours))
        job.settle()

        result = IdentifyResult(
            tuple(enrolled.values()), tuple(probed.values()), tuple(entries), tuple(matches), job.failures
        )
        run.finish(result, job.record())
        finished = job.folder.finish_run(run.path)
        if job.settings.seed_layout:
            publish_seed_run(job.folder, finished, job.names)
    return result


def enrol(videos: Sequence[VideoResult]) -> list[GalleryEntry]:
    """Make every recognisable gallery track an identity, <video>-<track>."""
    return [
        GalleryEntry(f"{video.name}-{track_id:03d}", video.name, track_id)
        for video in videos
        for track_id in sorted(video.embeddings)
    ]


def matcher_for(settings: Settings) -> JointMatcher:
    """Return the matcher that decides as the settings say."""
    return JointMatcher(
        MatcherConfig(min_score=settings.min_score, joint=settings.together, centre=settings.centre)
    )


def match_video(
    gallery: Sequence[VideoResult],
    entries: Sequence[GalleryEntry],
    probe: VideoResult,
    matcher: JointMatcher,
) -> list[Match]:
    """Decide who the tracks of one probe video are, all together; tracks without a walk say why not."""
    by_name = {video.name: video for video in gallery}
    enrolled = [by_name[e.video].embeddings[e.track_id] for e in entries]
    comparable = sorted(probe.embeddings)
    spans = [(s.first_frame, s.last_frame) for s in map(probe.summary, comparable)]
    walks = [probe.embeddings[i] for i in comparable]
    qualities = [probe.summary(i).quality for i in comparable]
    decided = matcher.match(enrolled, walks, spans, [e.label for e in entries], qualities)
    answers = {m.track_id: m for m in decided}
    return [
        answers.get(s.track_id) or Match(probe.name, s.track_id, reason=s.reason or "no usable silhouettes")
        for s in probe.summaries
    ]
