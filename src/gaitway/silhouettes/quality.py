"""How far can a silhouette, and a whole walk, be trusted, and why not?"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, UInt8

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

_BLOCK = 1024  # silhouettes turned into float at once, so that an hour's walk fits


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
        min_leg_motion: Least change of the legs over the walk; see ``leg_motion``. On real video people who
            stood measured 0.10-0.18 and walkers 0.33 and more, from the front, behind, the side and above.
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
    silhouettes: UInt8[np.ndarray, "t s s"],
    frames: list[FrameQuality],
    frame_rate: float,
    config: QualityConfig | None = None,
) -> WalkQuality:
    """Judge a walk: its silhouettes one by one and against each other.

    Args:
        silhouettes: Aligned, in time order, T >= 0.
        frames: What ``frame_quality`` said of each.
        frame_rate: Frames a second.
        config: Thresholds.
    """
    config = config or QualityConfig()
    if not len(silhouettes):
        return WalkQuality(np.zeros(0, np.float32), 0.0, 0, EMPTY)
    alone = np.array([frame.weight for frame in frames], np.float32)
    likeness = _likeness(silhouettes, alone)
    together = np.clip(_ramps(likeness, config.likeness), 0.0, 1.0)
    weights = (alone * together).astype(np.float32)
    usable = weights >= config.usable
    count = int(usable.sum())
    length = min(1.0, count / max(config.cycle_s * frame_rate, 1.0))
    quality = float(weights.mean()) * length
    reason = _why_unusable(silhouettes, usable, frames, together, config)
    return WalkQuality(weights, quality, count, reason)


def leg_motion(silhouettes: UInt8[np.ndarray, "t s s"]) -> float:
    """Return how much the legs change over a walk: deviation over time of the lower 3/8, per leg area.

    0 for a picture that stands still; the measure needs no view and no keypoints. A slow drift of shape
    counts little, since it is taken within windows of 30 silhouettes (the median window counts).
    """
    legs = silhouettes[:, silhouettes.shape[1] * 5 // 8 :]
    starts = range(0, max(len(legs) - 15, 1), 15)
    return float(np.median([_relative_deviation(legs[start : start + 30]) for start in starts]))


def _relative_deviation(window: np.ndarray) -> float:
    picture = window.astype(np.float32)
    return float(picture.std(axis=0).sum() / max(picture.mean(axis=0).sum(), 255.0))


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


def _likeness(silhouettes: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return each silhouette's soft overlap with the weighted mean, as a share of the median overlap."""
    shape = silhouettes.reshape(len(silhouettes), -1)
    blocks = [slice(start, start + _BLOCK) for start in range(0, len(shape), _BLOCK)]
    share = weights if weights.sum() > 0 else np.ones_like(weights)
    mean = sum(share[block] @ shape[block].astype(np.float32) for block in blocks) / share.sum()
    overlap = np.concatenate([_overlap(shape[block].astype(np.float32), mean) for block in blocks])
    likeness: np.ndarray = overlap / max(float(np.median(overlap)), 1e-6)
    return likeness


def _overlap(shape: np.ndarray, mean: np.ndarray) -> np.ndarray:
    both = np.minimum(shape, mean).sum(axis=1)
    overlap: np.ndarray = both / np.maximum(shape.sum(axis=1) + mean.sum() - both, 1e-6)
    return overlap


def _why_unusable(
    silhouettes: np.ndarray,
    usable: np.ndarray,
    frames: list[FrameQuality],
    together: np.ndarray,
    config: QualityConfig,
) -> str | None:
    if usable.sum() < config.min_frames:
        spoilt = Counter(
            _frame_reason(frames[index], float(together[index])) for index in np.flatnonzero(~usable)
        )
        mostly = spoilt.most_common(1)
        return mostly[0][0] if mostly and mostly[0][1] >= config.min_frames else TOO_FEW
    if leg_motion(silhouettes[usable]) < config.min_leg_motion:
        return STANDING
    return None


def _frame_reason(frame: FrameQuality, together: float) -> str:
    return frame.reason if frame.reason and frame.weight <= together else OUTLIER


def usable_silhouettes(
    sequence: GaitSequence, config: QualityConfig | None = None
) -> UInt8[np.ndarray, "t 64 64"]:
    """Return the silhouettes worth encoding: the usable ones, or all where none is."""
    good = sequence.quality >= (config or QualityConfig()).usable
    return sequence.silhouettes[good] if good.any() else sequence.silhouettes
