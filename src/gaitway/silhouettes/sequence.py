"""Gather what one video shows of each track, frame by frame, into walks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float32, Int64, UInt8

from gaitway.errors import EmptyMaskError
from gaitway.geometry import box_iou
from gaitway.results import Column, TrackSummary, TrackTable
from gaitway.silhouettes.align import align
from gaitway.silhouettes.isolate import IsolateConfig, isolate
from gaitway.silhouettes.quality import (
    EMPTY,
    FrameQuality,
    QualityConfig,
    WalkQuality,
    frame_quality,
    walk_quality,
)
from gaitway.silhouettes.spool import SIDE, LookSpool, SpooledSilhouettes
from gaitway.types import Bodies, GaitSequence, Silhouettes

_Rows = Int64[np.ndarray, " _"]


@dataclass(frozen=True, slots=True)
class SequenceConfig:
    """Thresholds of the steps from masks to walks.

    Attributes:
        isolate: Whose pixels are whose.
        quality: What is usable.
        min_iou: A stored silhouette belongs to the final track whose box of that frame overlaps it this much.
    """

    isolate: IsolateConfig = field(default_factory=IsolateConfig)
    quality: QualityConfig = field(default_factory=QualityConfig)
    min_iou: float = 0.5


class Walks(Mapping[int, GaitSequence]):
    """Walks per track id, read when asked for, so that a long video's walks never lie side by side."""

    def __init__(
        self,
        spool: LookSpool,
        rows: Mapping[int, Int64[np.ndarray, " _"]],
        weights: Mapping[int, Float32[np.ndarray, " _"]],
        frame_rate: float,
    ) -> None:
        self._spool = spool
        self._rows = rows
        self._weights = weights
        self._frame_rate = frame_rate

    def __getitem__(self, track_id: int) -> GaitSequence:
        rows = self._rows[track_id]
        return GaitSequence(
            self._spool.silhouettes(rows),
            self._spool.frame_index[rows],
            self._weights[track_id],
            self._spool.keypoints(rows),
            self._frame_rate,
        )

    def stream(self, track_id: int, column: Column, rows: int) -> Iterator[np.ndarray]:
        """Yield one column of a walk in time order, ``rows`` rows at a time; at the end fewer."""
        of_track = self._rows[track_id]
        for first in range(0, len(of_track), rows):
            piece = of_track[first : first + rows]
            if column == "silhouettes":
                yield self._spool.silhouettes(piece)
            elif column == "keypoints":
                yield self._spool.keypoints(piece)
            elif column == "quality":
                yield self._weights[track_id][first : first + rows]
            else:
                yield self._spool.frame_index[piece]

    def __iter__(self) -> Iterator[int]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)


class SequenceCollector:
    """Collects one video's silhouettes.

    Feed it every frame's people, in time order, then call ``finish`` once.
    """

    def __init__(
        self, frame_rate: float, size_wh: tuple[int, int], config: SequenceConfig | None = None
    ) -> None:
        self._frame_rate = frame_rate
        self._size_wh = size_wh
        self._config = config or SequenceConfig()
        self._spool = LookSpool()

    def add(self, frame_index: int, people: Silhouettes, others: Bodies | None = None) -> None:
        """Isolate, align and judge the people of one frame.

        Args:
            frame_index: From 0, rising from call to call.
            people: Those who are followed.
            others: Those who are seen and not followed: they keep their own pixels too.
        """
        everybody, boxes = _together(people, others)
        cutouts = isolate(everybody, boxes, self._config.isolate)
        for row, cutout in enumerate(cutouts[: len(people)]):
            box, presence = people.xyxy[row], float(people.bodies.presence[row])
            quality = frame_quality(cutout, box, presence, self._size_wh, self._config.quality)
            silhouette = None
            try:
                silhouette = align(cutout.mask, SIDE)
            except EmptyMaskError:
                quality = FrameQuality(0.0, EMPTY)
            track_id, keypoints = int(people.track_id[row]), people.bodies.keypoints[row]
            self._spool.add(frame_index, track_id, box, keypoints, silhouette=silhouette, quality=quality)

    def usable(self, track_id: int, frame_index: Int64[np.ndarray, " n"]) -> UInt8[np.ndarray, "t 64 64"]:
        """Return the usable silhouettes of a track in some frames, by the ids of ``add``."""
        spool = self._spool
        is_good = spool.is_seen & (spool.weight >= self._config.quality.usable)
        is_wanted = (spool.track_id == track_id) & np.isin(spool.frame_index, frame_index)
        return spool.silhouettes(np.flatnonzero(is_good & is_wanted))

    def finish(self, tracks: TrackTable | None = None) -> tuple[Walks, tuple[TrackSummary, ...]]:
        """Return the walks and a summary of every track.

        Args:
            tracks: The video's final tracks, where they were joined, split or renamed after ``add``: each
                silhouette goes to the track whose box of that frame it lies in. Without it the ids of
                ``add`` hold.

        Returns:
            Walks of the tracks that have a silhouette, and summaries of all tracks, by rising id.
        """
        rows = self._by_track() if tracks is None else self._assign(tracks)
        is_seen, boxes = self._spool.is_seen, self._spool.xyxy
        kept = {track: rows[track][is_seen[rows[track]]] for track in sorted(rows)}
        judged = {track: self._judge(of_track, boxes[of_track]) for track, of_track in kept.items()}
        spans = _spans(rows, self._spool.frame_index, tracks)
        summaries = tuple(
            TrackSummary(
                track, *spans[track], judged[track].usable, judged[track].quality, judged[track].reason
            )
            for track in kept
        )
        walks = {track: of_track for track, of_track in kept.items() if len(of_track)}
        weights = {track: judged[track].weights for track in walks}
        return Walks(self._spool, walks, weights, self._frame_rate), summaries

    def _judge(self, rows: _Rows, boxes: Float32[np.ndarray, "t 4"]) -> WalkQuality:
        frames = [self._spool.quality(row) for row in rows.tolist()]
        silhouettes = SpooledSilhouettes(self._spool, rows)
        return walk_quality(silhouettes, frames, boxes, self._frame_rate, self._config.quality)

    def _by_track(self) -> dict[int, _Rows]:
        track_id = self._spool.track_id
        return {int(track): np.flatnonzero(track_id == track) for track in np.unique(track_id)}

    def _assign(self, tracks: TrackTable) -> dict[int, _Rows]:
        """Give every row to the final track whose box of its frame overlaps its box best."""
        frame_index, boxes = self._spool.frame_index, self._spool.xyxy  # frames rise from call to call
        found: dict[int, list[int]] = {int(track): [] for track in np.unique(tracks.track_id)}
        order = np.argsort(tracks.frame_index, kind="stable")
        frames, starts = np.unique(tracks.frame_index[order], return_index=True)
        first = np.searchsorted(frame_index, frames)
        last = np.searchsorted(frame_index, frames, side="right")
        for of_frame, begin, end in zip(np.split(order, starts[1:]), first, last, strict=True):
            for row, index in _pair(tracks.xyxy[of_frame], boxes[begin:end], self._config.min_iou):
                found[int(tracks.track_id[of_frame[row]])].append(int(begin) + index)
        return {track: np.array(rows, np.int64) for track, rows in found.items()}


def _together(people: Silhouettes, others: Bodies | None) -> tuple[Bodies, np.ndarray]:
    """Put the followed first and the others behind them; an other's box is the region of its mask."""
    if others is None or not len(others):
        return people.bodies, people.xyxy
    own = people.bodies
    everybody = Bodies(
        np.concatenate([own.region_xyxy, others.region_xyxy]),
        own.masks + others.masks,
        np.concatenate([own.keypoints, others.keypoints]),
        np.concatenate([own.presence, others.presence]),
    )
    return everybody, np.concatenate([people.xyxy, others.region_xyxy])


def _pair(boxes: np.ndarray, others: np.ndarray, min_iou: float) -> list[tuple[int, int]]:
    """Return pairs of boxes and others, best overlap first, each used once."""
    if not len(others) or not len(boxes):
        return []
    iou = box_iou(boxes, others)
    pairs: list[tuple[int, int]] = []
    while iou.max() >= min_iou:
        box, other = np.unravel_index(np.argmax(iou), iou.shape)
        pairs.append((int(box), int(other)))
        iou[box, :] = iou[:, other] = -1.0
    return pairs


def _spans(
    rows: Mapping[int, _Rows], frame_index: np.ndarray, tracks: TrackTable | None
) -> dict[int, tuple[int, int]]:
    if tracks is not None:
        of_track = {track: tracks.frame_index[tracks.track_id == track] for track in rows}
    else:
        of_track = {track: frame_index[of_rows] for track, of_rows in rows.items()}
    return {track: (int(frames.min()), int(frames.max())) for track, frames in of_track.items()}
