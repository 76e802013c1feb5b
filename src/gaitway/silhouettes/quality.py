"""How far can a silhouette, and a whole walk, be trusted, and why not?"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float32, Int64, UInt8

from gaitway.silhouettes.isolate import Cutout
from gaitway.types import GaitSequence

CUT = "cut at the frame border"
OCCLUDED = "occluded"
TOO_SMALL = "too small"
EMPTY = "empty silhouette"
NOBODY = "nobody there"
OUTLIER = "unlike the rest of the walk"
TOO_FEW = "too few frames"
STANDING = "not walking"

_BLOCK = 512  # silhouettes turned into float at once, so that an hour's walk fits


@runtime_checkable
class ReadableSilhouettes(Protocol):
    """Aligned silhouettes in time order that are read a slice at a time, (k, s, s) uint8; an array is one."""

    def __len__(self) -> int: ...
    def __getitem__(self, rows: slice, /) -> np.ndarray: ...


@dataclass(frozen=True, slots=True)
class QualityConfig:
    """Thresholds of quality. A pair (bad, good): weight 0 at the first, 1 at the second, linear between.

    Attributes:
        height_px: Height of the box. Below about 30 px a leg is two pixels wide; the mask network was
            measured to separate the legs from about 50 px on.
        presence: The network's own belief that somebody is there; measured 0.9-1 on people, below 0.5 on
            trees.
        lost: Share of the foreground that belonged to another person.
        visible: Height of the mask as a share of the box's height; a body hidden below the knee shows 0.75.
        likeness: Overlap (IoU) with the walk's mean silhouette as a share of the walk's median overlap.
        border_px: A box this near to the frame's border counts as cut.
        cut_weight: Weight of a silhouette cut at the left or right; at the top or bottom it is 0, as its
            scale is wrong too.
        usable: Silhouettes of this weight and more count as usable.
        min_frames: Usable silhouettes that a walk needs; a third of a second at 30 frames a second, a step.
        cycle_s: A gait cycle, about one second (Winter); a walk as long as this has full quality.
        min_leg_motion: Legs that change less than this over a second stand; see ``leg_motion``. On real
            video people who stood measured 0.10-0.18, walkers 0.33 and more; generated walkers straight from
            behind in a long skirt or with a trolley go down to 0.15, so legs alone decide nothing.
        min_travel: A box that moves or grows by less than this share of its height in a second stays in its
            place; boxes of people who stood moved by 0.00-0.02.
    """

    height_px: tuple[float, float] = (25.0, 50.0)
    presence: tuple[float, float] = (0.3, 0.6)
    lost: tuple[float, float] = (0.4, 0.1)
    visible: tuple[float, float] = (0.6, 0.85)
    likeness: tuple[float, float] = (0.6, 0.85)
    border_px: float = 1.5
    cut_weight: float = 0.3
    usable: float = 0.5
    min_frames: int = 10
    cycle_s: float = 1.0
    min_leg_motion: float = 0.25
    min_travel: float = 0.05


@dataclass(frozen=True, slots=True)
class FrameQuality:
    """One silhouette's weight in [0, 1], and what lowers it most, or None."""

    weight: float
    reason: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class WalkQuality:
    """A walk's weights per silhouette, quality in [0, 1], usable silhouettes, and why it is unusable."""

    weights: Float32[np.ndarray, " t"]
    quality: float
    usable: int
    reason: str | None = None


def frame_quality(
    cutout: Cutout,
    box_xyxy: Float32[np.ndarray, "4"],
    presence: float,
    size_wh: tuple[int, int],
    config: QualityConfig | None = None,
) -> FrameQuality:
    """Judge one silhouette by itself.

    Args:
        cutout: The person's mask, alone.
        box_xyxy: The detection's box, frame pixels.
        presence: The segmenter's belief that somebody is there, in [0, 1].
        size_wh: Width and height of the frame, pixels.
        config: Thresholds.
    """
    config = config or QualityConfig()
    rows = np.flatnonzero(cutout.mask.any(axis=1))
    if not len(rows):
        return FrameQuality(0.0, EMPTY)
    height = float(box_xyxy[3] - box_xyxy[1])
    row_px = float(cutout.region_xyxy[3] - cutout.region_xyxy[1]) / cutout.mask.shape[0]
    visible = (rows[-1] + 1 - rows[0]) * row_px / max(height, 1e-6)
    factors = {
        CUT: _border_weight(box_xyxy, size_wh, config),
        TOO_SMALL: _ramp(height, config.height_px),
        NOBODY: _ramp(presence, config.presence),
        OCCLUDED: min(_ramp(cutout.lost, config.lost), _ramp(visible, config.visible)),
    }
    worst = min(factors, key=factors.__getitem__)
    weight = float(np.prod(list(factors.values())))
    return FrameQuality(weight, worst if factors[worst] < 1.0 else None)


def walk_quality(
    silhouettes: UInt8[np.ndarray, "t s s"] | ReadableSilhouettes,
    frames: list[FrameQuality],
    boxes_xyxy: Float32[np.ndarray, "t 4"],
    frame_rate: float,
    config: QualityConfig | None = None,
) -> WalkQuality:
    """Judge a walk: its silhouettes one by one and against each other.

    Args:
        silhouettes: Aligned, in time order, T >= 0.
        frames: What ``frame_quality`` said of each.
        boxes_xyxy: The box of each, frame pixels.
        frame_rate: Frames a second.
        config: Thresholds.
    """
    config = config or QualityConfig()
    if not len(silhouettes):
        return WalkQuality(np.zeros(0, np.float32), 0.0, 0, EMPTY)
    alone = np.array([frame.weight for frame in frames], np.float32)
    walking = walks(silhouettes, boxes_xyxy, frame_rate, config).astype(np.float32)
    likeness = _likeness(silhouettes, alone * walking)
    factors = {STANDING: walking, OUTLIER: _ramps(likeness, config.likeness).astype(np.float32)}
    weights = alone * walking * factors[OUTLIER]
    usable = weights >= config.usable
    count = int(usable.sum())
    length = min(1.0, count / max(config.cycle_s * frame_rate, 1.0))
    reason = None if count >= config.min_frames else _why_unusable(frames, factors, usable, config)
    return WalkQuality(weights, float(weights.mean()) * length, count, reason)


def walks(
    silhouettes: UInt8[np.ndarray, "t s s"] | ReadableSilhouettes,
    boxes_xyxy: Float32[np.ndarray, "t 4"],
    frame_rate: float,
    config: QualityConfig | None = None,
) -> Bool[np.ndarray, " t"]:
    """Return in which frames the person walks: the legs move, or the person gets somewhere, within a second.

    Seconds overlap by half; a frame counts as standing only where every second it lies in does.
    """
    config = config or QualityConfig()
    length = max(round(frame_rate), config.min_frames)
    starts = range(0, max(len(silhouettes) - length // 2, 1), max(length // 2, 1))
    walking = np.zeros(len(silhouettes), bool)
    for start in starts:
        second = slice(start, start + length)
        moves = leg_motion(silhouettes[second]) >= config.min_leg_motion
        walking[second] |= moves or _travel(boxes_xyxy[second]) >= config.min_travel
    return walking


def leg_motion(silhouettes: UInt8[np.ndarray, "t s s"]) -> float:
    """Return how much the legs change: deviation over time of the lower 3/8, per leg area.

    0 for a picture that stands still, 0.3-1.3 over a second's walk; the measure needs no view and no
    keypoints.
    """
    legs = silhouettes[:, silhouettes.shape[1] * 5 // 8 :].astype(np.float32)
    return float(legs.std(axis=0).sum() / max(legs.mean(axis=0).sum(), 255.0))


def _travel(boxes: np.ndarray) -> float:
    """Return how far a box's middle, feet or height went, as a share of its height."""
    height = boxes[:, 3] - boxes[:, 1]
    middle = (boxes[:, 0] + boxes[:, 2]) / 2
    way = max(float(np.ptp(values)) for values in (middle, boxes[:, 3], height))
    return way / max(float(np.median(height)), 1e-6)


def _border_weight(box: np.ndarray, size_wh: tuple[int, int], config: QualityConfig) -> float:
    width, height = size_wh
    near = config.border_px
    if box[1] <= near or box[3] >= height - near:
        return 0.0
    return config.cut_weight if box[0] <= near or box[2] >= width - near else 1.0


def _ramp(value: float, ends: tuple[float, float]) -> float:
    bad, good = ends
    return min(max((value - bad) / (good - bad), 0.0), 1.0)


def _ramps(values: np.ndarray, ends: tuple[float, float]) -> np.ndarray:
    bad, good = ends
    ramps: np.ndarray = np.clip((values - bad) / (good - bad), 0.0, 1.0)
    return ramps


def _likeness(silhouettes: ReadableSilhouettes, weights: np.ndarray) -> np.ndarray:
    """Return each silhouette's soft overlap with the weighted mean, as a share of the median overlap."""
    blocks = [slice(start, start + _BLOCK) for start in range(0, len(silhouettes), _BLOCK)]
    share = weights if weights.sum() > 0 else np.ones_like(weights)
    mean = sum(share[block] @ _rows(silhouettes[block]) for block in blocks) / share.sum()
    overlap = np.concatenate([_overlap(_rows(silhouettes[block]), mean) for block in blocks])
    likeness: np.ndarray = overlap / max(float(np.median(overlap[share > 0])), 1e-6)
    return likeness


def _rows(silhouettes: np.ndarray) -> np.ndarray:
    return silhouettes.reshape(len(silhouettes), -1).astype(np.float32)


def _overlap(shape: np.ndarray, mean: np.ndarray) -> np.ndarray:
    both = np.minimum(shape, mean).sum(axis=1)
    overlap: np.ndarray = both / np.maximum(shape.sum(axis=1) + mean.sum() - both, 1e-6)
    return overlap


def _why_unusable(
    frames: list[FrameQuality], factors: dict[str, np.ndarray], usable: np.ndarray, config: QualityConfig
) -> str:
    """Return the commonest fault of the spoilt silhouettes, or that there are simply too few."""
    faults: Counter[str] = Counter()
    for index in np.flatnonzero(~usable):
        weights = {reason: float(factor[index]) for reason, factor in factors.items()}
        weights[frames[index].reason or OUTLIER] = frames[index].weight
        faults[min(weights, key=weights.__getitem__)] += 1
    mostly = faults.most_common(1)
    return mostly[0][0] if mostly and mostly[0][1] >= config.min_frames else TOO_FEW


def usable_silhouettes(
    sequence: GaitSequence, config: QualityConfig | None = None
) -> UInt8[np.ndarray, "t 64 64"]:
    """Return the silhouettes worth encoding: the usable ones, or all where none is."""
    good: np.ndarray = sequence.silhouettes[usable_index(sequence, config)]
    return good


def usable_index(sequence: GaitSequence, config: QualityConfig | None = None) -> Int64[np.ndarray, " t"]:
    """Return which silhouettes are worth encoding: the usable ones, or all where none is."""
    return usable_rows(sequence.quality, config)


def usable_rows(
    quality: Float32[np.ndarray, " n"], config: QualityConfig | None = None
) -> Int64[np.ndarray, " k"]:
    """Return which of a walk's silhouettes are worth encoding, by their quality; all where none is."""
    good = np.flatnonzero(quality >= (config or QualityConfig()).usable)
    return good if len(good) else np.arange(len(quality))
