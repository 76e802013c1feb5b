"""Gather what one video shows of each track, frame by frame, into walks."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float32, Int64, UInt8

from gaitway.errors import EmptyMaskError
from gaitway.geometry import box_iou
from gaitway.results import TrackSummary, TrackTable
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
from gaitway.types import Bodies, GaitSequence, Silhouettes

SIDE = 64


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


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """One person in one frame; the aligned silhouette is compressed (4 kB -> about 0.3 kB), None if empty."""

    frame_index: int
    box: Float32[np.ndarray, "4"]
    keypoints: Float32[np.ndarray, "33 3"]
    packed: bytes | None
    quality: FrameQuality

    def silhouette(self) -> np.ndarray:
        """Return the aligned silhouette."""
        return np.frombuffer(zlib.decompress(self.packed or b""), np.uint8).reshape(SIDE, SIDE)


class Walks(Mapping[int, GaitSequence]):
    """Walks per track id, unpacked when asked for, so that a long video's walks never lie side by side."""

    def __init__(
        self, looks: Mapping[int, list[_Look]], weights: Mapping[int, np.ndarray], frame_rate: float
    ) -> None:
        self._looks = looks
        self._weights = weights
        self._frame_rate = frame_rate

    def __getitem__(self, track_id: int) -> GaitSequence:
        looks = self._looks[track_id]
        return GaitSequence(
            _stack(looks),
            np.array([look.frame_index for look in looks], np.int64),
            self._weights[track_id],
            np.stack([look.keypoints for look in looks]),
            self._frame_rate,
        )

    def __iter__(self) -> Iterator[int]:
        return iter(self._looks)

    def __len__(self) -> int:
        return len(self._looks)


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
        self._looks: dict[int, list[_Look]] = defaultdict(list)

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
            box = people.xyxy[row].copy()
            presence = float(people.bodies.presence[row])
            quality = frame_quality(cutout, box, presence, self._size_wh, self._config.quality)
            try:
                packed = zlib.compress(align(cutout.mask, SIDE).tobytes(), 1)
            except EmptyMaskError:
                packed, quality = None, FrameQuality(0.0, EMPTY)
            look = _Look(frame_index, box, people.bodies.keypoints[row].copy(), packed, quality)
            self._looks[int(people.track_id[row])].append(look)

    def usable(self, track_id: int, frame_index: Int64[np.ndarray, " n"]) -> UInt8[np.ndarray, "t 64 64"]:
        """Return the usable silhouettes of a track in some frames, by the ids of ``add``."""
        wanted, least = set(frame_index.tolist()), self._config.quality.usable
        looks = self._looks.get(track_id, [])
        return _stack(
            [one for one in looks if one.packed and one.quality.weight >= least and one.frame_index in wanted]
        )

    def finish(self, tracks: TrackTable | None = None) -> tuple[Walks, tuple[TrackSummary, ...]]:
        """Return the walks and a summary of every track.

        Args:
            tracks: The video's final tracks, where they were joined, split or renamed after ``add``: each
                silhouette goes to the track whose box of that frame it lies in. Without it the ids of
                ``add`` hold.

        Returns:
            Walks of the tracks that have a silhouette, and summaries of all tracks, by rising id.
        """
        looks = dict(self._looks) if tracks is None else self._assign(tracks)
        kept = {track: [look for look in looks[track] if look.packed] for track in sorted(looks)}
        judged = {track: self._judge(of_track) for track, of_track in kept.items()}
        spans = _spans(looks, tracks)
        summaries = tuple(
            TrackSummary(
                track, *spans[track], judged[track].usable, judged[track].quality, judged[track].reason
            )
            for track in kept
        )
        walks = {track: of_track for track, of_track in kept.items() if of_track}
        return Walks(walks, {track: judged[track].weights for track in walks}, self._frame_rate), summaries

    def _judge(self, looks: list[_Look]) -> WalkQuality:
        frames = [look.quality for look in looks]
        boxes = np.array([look.box for look in looks], np.float32).reshape(-1, 4)
        return walk_quality(_stack(looks), frames, boxes, self._frame_rate, self._config.quality)

    def _assign(self, tracks: TrackTable) -> dict[int, list[_Look]]:
        """Give every look to the final track whose box of its frame overlaps its box best."""
        by_frame: dict[int, list[_Look]] = defaultdict(list)
        for of_track in self._looks.values():
            for look in of_track:
                by_frame[look.frame_index].append(look)
        looks: dict[int, list[_Look]] = {int(track): [] for track in np.unique(tracks.track_id)}
        order = np.argsort(tracks.frame_index, kind="stable")
        frames, starts = np.unique(tracks.frame_index[order], return_index=True)
        for frame, rows in zip(frames, np.split(order, starts[1:]), strict=True):
            here = by_frame.get(int(frame), [])
            for row, index in _pair(tracks.xyxy[rows], here, self._config.min_iou):
                looks[int(tracks.track_id[rows[row]])].append(here[index])
        return looks


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


def _pair(boxes: np.ndarray, looks: list[_Look], min_iou: float) -> list[tuple[int, int]]:
    """Return pairs (box, look), best overlap first, each used once."""
    if not looks or not len(boxes):
        return []
    iou = box_iou(boxes, np.stack([look.box for look in looks]))
    pairs: list[tuple[int, int]] = []
    while iou.max() >= min_iou:
        box, look = np.unravel_index(np.argmax(iou), iou.shape)
        pairs.append((int(box), int(look)))
        iou[box, :] = iou[:, look] = -1.0
    return pairs


def _spans(looks: dict[int, list[_Look]], tracks: TrackTable | None) -> dict[int, tuple[int, int]]:
    if tracks is None:
        return {
            track: (of_track[0].frame_index, of_track[-1].frame_index) for track, of_track in looks.items()
        }
    spans = {}
    for track in looks:
        frames = tracks.frame_index[tracks.track_id == track]
        spans[track] = (int(frames.min()), int(frames.max()))
    return spans


def _stack(looks: list[_Look]) -> np.ndarray:
    stack = np.empty((len(looks), SIDE, SIDE), np.uint8)
    for row, look in enumerate(looks):
        stack[row] = look.silhouette()
    return stack
