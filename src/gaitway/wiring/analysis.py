"""One video from pixels to walks: the pipeline run over it once, everything gathered in one result."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import numpy as np

from gaitway.adapters.memory import give_back
from gaitway.config import Settings
from gaitway.detection.wholeness import make_whole
from gaitway.pipeline import watch
from gaitway.progress import Progress, Report
from gaitway.protocols import Encoder, VideoSource
from gaitway.results import VideoResult, walk_blocks, walk_column
from gaitway.silhouettes.quality import usable_rows
from gaitway.silhouettes.sequence import SequenceCollector
from gaitway.types import Embedding
from gaitway.wiring.gait_odds import GaitOdds
from gaitway.wiring.second_pass import SecondPass
from gaitway.wiring.stages import Stages

REPORT_EVERY = 10  # frames
TRIM_EVERY = 400  # frames between returns of free memory: holes between pictures grow by 4 kB a frame else
WALKS_TOGETHER = 8  # encoded side by side: enough for the cores, little memory
MAX_FRAMES = 720  # of one walk; the field's evaluations use as many (frames_all_limit)


def analyse(
    video: VideoSource, stages: Stages, settings: Settings, report: Report, *, name: str, source: str
) -> VideoResult:
    """Follow and cut out the people of an open video.

    Args:
        video: Open, not yet read.
        stages: The stages to use.
        settings: Bounds of memory and overlap.
        report: Told about the progress.
        name: Unique name of the video in this run.
        source: Where it comes from, as the user gave it.

    Raises:
        GaitwayError: The video, or a network, failed.
    """
    frame_rate = float(video.frame_rate)
    collector, boxes, count = SequenceCollector(frame_rate, video.size_wh), SecondPass(video.size_wh), 0
    sightings = watch(
        video,
        stages.detector,
        stages.tracker(frame_rate, is_linked=settings.link),
        stages.segmenter,
        size_wh=video.size_wh,
        frame_rate=frame_rate,
        camera=stages.camera(settings),
        config=settings.pipeline,
    )
    with closing(sightings):  # an error must not leave the stages' threads behind
        for seen in sightings:
            sighting = replace(seen, silhouettes=make_whole(seen.silhouettes, video.size_wh))
            boxes.add(sighting)
            collector.add(sighting.frame.index, sighting.silhouettes, sighting.others)
            count += 1
            if count % TRIM_EVERY == 0:
                give_back()
            if count % REPORT_EVERY == 0:
                report(Progress("follow", name, count, video.frame_count))
    report(Progress("follow", name, count, count, is_last=True))
    table = boxes.table()
    if settings.link:
        gait = GaitOdds(table, collector.usable, stages.gait_encoder, frame_rate)
        by_gait = gait.against if settings.link_by_gait else None
        table = boxes.link(frame_rate, by_looks=settings.link_by_looks, gait=by_gait)
    walks, summaries = collector.finish(table.select(~table.filled) if len(table) else None)
    return VideoResult(
        name=name,
        source=source,
        frame_rate=frame_rate,
        frame_count=count,
        size_wh=video.size_wh,
        tracks=table,
        summaries=summaries,
        walks=walks,
        warnings=tuple(video.warnings),
    )


def encode(result: VideoResult, encoder: Encoder, *, max_frames: int = MAX_FRAMES) -> VideoResult:
    """Return ``result`` with an embedding of every track that can be recognised.

    Silhouettes of too little quality are left out. Of a walk longer than ``max_frames`` stretches of a
    second, evenly spread, are used: more adds nothing but memory.
    """
    embeddings: dict[int, Embedding] = {}
    tracks = [s.track_id for s in result.summaries if s.reason is None and s.track_id in result.walks]
    for first in range(0, len(tracks), WALKS_TOGETHER):
        together = tracks[first : first + WALKS_TOGETHER]
        parts = encoder.encode([_shown(result, track, max_frames) for track in together])
        for row, track in enumerate(together):
            embeddings[track] = Embedding(parts[row], encoder.model_id, result.name, track)
    return replace(result, embeddings=embeddings)


def _shown(result: VideoResult, track_id: int, max_frames: int) -> np.ndarray:
    """Return the silhouettes of a walk that the encoder is shown."""
    good = usable_rows(walk_column(result.walks, track_id, "quality"))
    good = good[spread(len(good), max_frames, max(round(result.frame_rate), 1))]
    shown, first = [], 0
    for block in walk_blocks(result.walks, track_id, "silhouettes"):
        shown.append(block[good[(good >= first) & (good < first + len(block))] - first])
        first += len(block)
    return np.concatenate(shown)


def spread(length: int, limit: int, stretch: int) -> np.ndarray:
    """Return at most ``limit`` of the indices 0..length-1: stretches of neighbours, evenly spread.

    Examples:
        >>> spread(10, 4, 2)
        array([0, 1, 8, 9])
        >>> spread(3, 4, 2)
        array([0, 1, 2])
    """
    if length <= limit:
        return np.arange(length)
    starts = np.linspace(0, length - stretch, max(limit // stretch, 1)).round().astype(int)
    return np.unique(starts[:, None] + np.arange(stretch)[None])
