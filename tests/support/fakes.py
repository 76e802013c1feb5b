"""Small implementations of the protocols, exact and without networks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gaitway.results import TrackSummary, TrackTable, VideoResult
from gaitway.types import Bodies, Detections, Embedding, Frame, GaitSequence, Tracks


def frames(count: int, height: int = 48, width: int = 64) -> list[Frame]:
    """Return ``count`` black frames, each with its index in its first pixel."""
    out = []
    for index in range(count):
        image = np.zeros((height, width, 3), np.uint8)
        image[0, 0] = index % 256
        out.append(Frame(image, index, index / 30))
    return out


class OneBoxDetector:
    """Sees one person in every frame, moving right by a pixel a frame."""

    def __init__(self, *, with_bodies: bool = False) -> None:
        self.with_bodies = with_bodies
        self.resets = 0

    def reset(self, frame_rate: float | None = None) -> None:
        self.resets += 1

    def detect(self, image_rgb: np.ndarray) -> Detections:
        left = float(image_rgb[0, 0, 0] % 32)
        xyxy = np.array([[left, 4, left + 16, 44]], np.float32)
        bodies = body(xyxy) if self.with_bodies else None
        return Detections(xyxy, np.array([0.9], np.float32), bodies)


class CountingTracker:
    """Gives the boxes of a frame the ids 1, 2, ... in their order."""

    def update(self, xyxy: np.ndarray, scores: np.ndarray, camera: np.ndarray | None = None) -> Tracks:
        index = np.arange(len(scores))
        return Tracks(xyxy, scores, index + 1, index)


def body(xyxy: np.ndarray) -> Bodies:
    """Return full masks, keypoints unknown, presence 1 for ``xyxy``."""
    n = len(xyxy)
    return Bodies(
        xyxy.astype(np.float32),
        tuple(np.ones((8, 8), np.float32) for _ in range(n)),
        np.full((n, 33, 3), np.nan, np.float32),
        np.ones(n, np.float32),
    )


class FullSegmenter:
    """Cuts out whole boxes."""

    def segment(self, image_rgb: np.ndarray, xyxy: np.ndarray) -> Bodies:
        return body(xyxy)

    def submit(self, image_rgb: np.ndarray, xyxy: np.ndarray) -> FullSegmenter._Done:
        return self._Done(body(xyxy))

    class _Done:
        def __init__(self, bodies: Bodies) -> None:
            self.bodies = bodies

        def result(self) -> Bodies:
            return self.bodies


def walk(seed: int, length: int = 20) -> GaitSequence:
    """Return random silhouettes as a walk."""
    rng = np.random.default_rng(seed)
    return GaitSequence(
        (rng.random((length, 64, 64)) > 0.5).astype(np.uint8) * 255,
        np.arange(length),
        np.ones(length, np.float32),
        np.full((length, 33, 3), np.nan, np.float32),
    )


def video_result(name: str = "clip", track_ids: Sequence[int] = (1, 2), length: int = 20) -> VideoResult:
    """Return a consistent result of ``length`` frames in which every track is always seen."""
    n = len(track_ids)
    frame_index = np.repeat(np.arange(length), n)
    ids = np.tile(np.array(track_ids, np.int64), length)
    left = 10.0 + 30.0 * ids
    xyxy = np.stack([left, np.full_like(left, 5), left + 16, np.full_like(left, 45)], 1).astype(np.float32)
    return VideoResult(
        name=name,
        source=f"{name}.mp4",
        frame_rate=25.0,
        frame_count=length,
        size_wh=(320, 240),
        tracks=TrackTable(
            frame_index, ids, xyxy, np.full(n * length, 0.9, np.float32), np.zeros(n * length, bool)
        ),
        summaries=tuple(TrackSummary(i, 0, length - 1, length, 0.9) for i in track_ids),
        walks={i: walk(i, length) for i in track_ids},
        embeddings={
            i: Embedding(np.random.default_rng(i).random((4, 8), np.float32), "fake-1", name, i)
            for i in track_ids
        },
    )
