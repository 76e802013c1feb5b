"""Made-up results that look like real ones, for the tests of what a run writes."""

from __future__ import annotations

import cv2
import numpy as np

from gaitway.results import GalleryEntry, IdentifyResult, TrackSummary, TrackTable, VideoResult
from gaitway.types import Candidate, GaitSequence, Match


def walker(phase: float, build: float = 1.0) -> np.ndarray:
    """Return one aligned silhouette of a drawn walker, (64, 64) uint8."""
    image = np.zeros((64, 64), np.uint8)
    swing = np.sin(phase)
    cv2.circle(image, (32, 7), 5, 255, -1, cv2.LINE_AA)
    cv2.ellipse(image, (32, 24), (round(6 * build), 13), 0, 0, 360, 255, -1, cv2.LINE_AA)
    for side in (-1, 1):
        cv2.line(image, (32, 34), (round(32 + side * 11 * swing), 61), 255, round(5 * build), cv2.LINE_AA)
        cv2.line(image, (32, 15), (round(32 - side * 9 * swing), 34), 255, 3, cv2.LINE_AA)
    return image


def walk(frames: np.ndarray, build: float = 1.0) -> GaitSequence:
    """Return a drawn walk over ``frames``."""
    n = len(frames)
    return GaitSequence(
        np.stack([walker(0.25 * f, build) for f in frames]),
        frames.astype(np.int64),
        np.full(n, 0.9, np.float32),
        np.full((n, 33, 3), np.nan, np.float32),
        25.0,
    )


def video(
    name: str, spans: list[tuple[int, int]], *, frame_count: int = 240, warnings: tuple[str, ...] = ()
) -> VideoResult:
    """Return a video, a track per span of frames (from 0, end exclusive); no walk under 10 frames."""
    index = np.concatenate([np.arange(a, b) for a, b in spans] or [np.zeros(0, int)]).astype(np.int64)
    ids = np.concatenate([np.full(b - a, k) for k, (a, b) in enumerate(spans, 1)] or [np.zeros(0, int)])
    order = np.lexsort((ids, index))
    left = (20.0 + 2 * index + 40 * ids).astype(np.float32)
    xyxy = np.stack([left, left * 0 + 60, left + 50, left * 0 + 210], axis=1).astype(np.float32)
    tracks = TrackTable(
        index, ids.astype(np.int64), xyxy, np.full(len(ids), 0.9, np.float32), (index % 11 == 5)
    ).select(order)
    summaries = tuple(
        TrackSummary(k, a, b - 1, b - a if b - a >= 10 else 0, 0.9, None if b - a >= 10 else "too few frames")
        for k, (a, b) in enumerate(spans, 1)
    )
    walks = {
        s.track_id: walk(np.arange(s.first_frame, s.last_frame + 1), 0.8 + 0.1 * s.track_id)
        for s in summaries
        if s.frames
    }
    return VideoResult(
        name, f"{name}.mp4", 25.0, frame_count, (854, 480), tracks, summaries, walks, {}, warnings
    )


def outcome(
    labels: list[str],
    probes: list[VideoResult],
    *,
    unknown: frozenset[int] = frozenset(),
    failures: dict[str, str] | None = None,
) -> IdentifyResult:
    """Return an answer: probe track k is label k (round robin) unless its number is in ``unknown``."""
    gallery = video("gallery", [(0, 200)] * len(labels))
    entries = tuple(GalleryEntry(label, "gallery", k) for k, label in enumerate(labels, 1))
    matches = []
    for probe in probes:
        for s in probe.summaries:
            if not s.frames or not labels:
                matches.append(
                    Match(probe.name, s.track_id, (), None, 0.0, s.reason or "the gallery is empty")
                )
                continue
            distance = {
                x: 0.4 + 0.11 * ((k - s.track_id) % len(labels)) + 0.013 * s.track_id
                for k, x in enumerate(labels, 1)
            }
            ranked = tuple(
                Candidate(x, distance[x], 1 / (1 + np.exp(8 * (distance[x] - 0.6))))
                for x in sorted(distance, key=distance.__getitem__)
            )
            known = s.track_id not in unknown
            matches.append(
                Match(
                    probe.name,
                    s.track_id,
                    ranked,
                    ranked[0].label if known else None,
                    ranked[0].score,
                    None if known else "no one near enough",
                )
            )
    return IdentifyResult((gallery,), tuple(probes), entries, tuple(matches), failures or {})
