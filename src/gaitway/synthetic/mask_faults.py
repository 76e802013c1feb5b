"""Spoil clean masks as segmentation networks do: lost feet, ragged edges, holes, neighbours, cut-off bodies.

The rates are guesses on the hard side. Measured on rendered scenes, BlazePose's landmark network does
better: IoU 0.95, area 3 % too large, feet at most 1 % of the height too short, and one mask in twenty with
a neighbour in it (decision 0031). Small and dark people in real video, and other networks, are worse.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import UInt8

Masks = UInt8[np.ndarray, "t h w"]
Spoilt = UInt8[np.ndarray, "_ _ _"]  # another size, or fewer frames


@dataclass(frozen=True, slots=True)
class FaultRates:
    """How often a sequence has each fault, 0..1 (0.5: half of all sequences)."""

    edge: float = 0.75
    feet: float = 0.25
    holes: float = 0.15
    neighbour: float = 0.10
    cut: float = 0.08
    coarse: float = 0.35
    dropped: float = 0.25
    merged: float = 0.0  # with a piece of another person; what real crowds add (decision 0033)
    soft: float = 0.0  # corners rounded and gaps closed, as networks with coarse features do (decision 0034)
    bites: float = 0.0  # arms or a side of the trunk lost for a while
    bulges: float = 0.0  # a round piece of something else at the trunk's side for a while


REAL_VIDEO = FaultRates(neighbour=0.03, merged=0.15, soft=0.6, bites=0.4, bulges=0.4)
"""What hand-held video of groups adds: trunk widths there change twice as much from frame to frame as in
rendered walks (decision 0034)."""


def spoil(masks: Masks, rng: np.random.Generator, rates: FaultRates | None = None) -> Spoilt:
    """Return the masks with a random set of faults; frames may be fewer, never none."""
    rates = rates or FaultRates()
    faults = (
        (rates.neighbour, _add_neighbour),
        (rates.merged, _merge_person),
        (rates.bulges, _bulge),
        (rates.bites, _bite),
        (rates.soft, _soften),
        (rates.coarse, _coarsen),
        (rates.edge, _roughen),
        (rates.feet, _lose_feet),
        (rates.holes, _punch_holes),
        (rates.cut, _cut_off),
        (rates.dropped, _drop_frames),
    )
    out = masks
    for rate, fault in faults:
        if rate > 0 and rng.random() < rate:
            out = fault(out, rng)
    return out


def _person_rows(masks: Masks) -> tuple[int, int]:
    rows = np.flatnonzero(masks.any(axis=(0, 2)))
    return (int(rows[0]), int(rows[-1]) + 1) if len(rows) else (0, masks.shape[1])


def _add_neighbour(masks: Masks, rng: np.random.Generator) -> Masks:
    """Let a piece of somebody else stand at one side for some frames."""
    count, height, width = masks.shape
    out = masks.copy()
    start = int(rng.integers(count))
    stop = min(count, start + int(rng.integers(2, max(3, count // 2 + 1))))
    x = int(rng.choice([0.25, 0.75]) * width + rng.normal(0, 0.05 * width))
    top, low = sorted(rng.integers(height // 8, height, 2).tolist())
    wide = int(rng.integers(2, max(3, width // 8)))
    out[start:stop, top : low + 1, max(x - wide, 0) : max(x, 1)] = 255
    return out


def _merge_person(masks: Masks, rng: np.random.Generator) -> Masks:
    """Let the segmenter take somebody close by for a part of the person, for some frames.

    The other is the walk itself, mirrored and played backwards; some of their rows show, and they drift.
    """
    count, height, width = masks.shape
    out, other = masks.copy(), masks[::-1, :, ::-1]
    span = max(round(count * rng.uniform(0.15, 0.8)), 1)
    start = int(rng.integers(count - span + 1))
    top, low = np.sort(rng.uniform(0, height, 2)).astype(int)
    low = min(max(low, top + height // 6), height)
    shift = rng.choice([-1, 1]) * rng.uniform(0.10, 0.35) * width + np.cumsum(
        rng.normal(0, 0.01 * width, span)
    )
    for i, dx in zip(range(start, start + span), shift.astype(int), strict=True):
        to, source = (
            (slice(dx, None), slice(None, -dx)) if dx > 0 else (slice(None, dx or None), slice(-dx, None))
        )
        out[i, top:low, to] |= other[i, top:low, source]
    return out


def _bulge(masks: Masks, rng: np.random.Generator) -> Masks:
    return _side_blobs(masks, rng, 255, reach=(0.4, 0.95), wide=(0.25, 0.6))


def _bite(masks: Masks, rng: np.random.Generator) -> Masks:
    return _side_blobs(masks, rng, 0, reach=(0.9, 1.25), wide=(0.25, 0.65))


def _side_blobs(
    masks: Masks,
    rng: np.random.Generator,
    level: int,
    *,
    reach: tuple[float, float],
    wide: tuple[float, float],
) -> Masks:
    """Paint ellipses beside the trunk, a few times, each for some frames with a drift.

    ``reach`` and ``wide``: their distance from the middle and their half axis, in half widths of the trunk.
    """
    top, low = _person_rows(masks)
    height, out = low - top, masks.copy()
    for _ in range(int(rng.integers(1, 6))):
        start, span = int(rng.integers(len(out))), int(rng.geometric(0.2))
        side, at = rng.choice([-1.0, 1.0]) * rng.uniform(*reach), top + rng.uniform(0.16, 0.62) * height
        grow, tall, angle = rng.uniform(*wide), rng.uniform(0.04, 0.16) * height, rng.uniform(-25, 25)
        for mask in out[start : start + span]:
            columns = np.flatnonzero(mask[int(top + 0.25 * height) : int(top + 0.5 * height)].any(axis=0))
            if not len(columns):
                continue
            half = (columns[-1] - columns[0] + 1) / 2
            drift_x, drift_y, swell = rng.normal(0, 0.12), rng.normal(0, 0.02), rng.uniform(0.7, 1.2)
            centre = (
                int((columns[0] + columns[-1]) / 2 + (side + drift_x) * half),
                int(at + drift_y * height),
            )
            axes = (max(int(grow * swell * half), 1), max(int(tall * swell), 1))
            cv2.ellipse(mask, centre, axes, angle, 0, 360, level, -1)
    return out


def _soften(masks: Masks, rng: np.random.Generator) -> Masks:
    """Close narrow gaps and round every corner."""
    top, low = _person_rows(masks)
    radius = max(int(rng.uniform(0.004, 0.018) * (low - top)), 1)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    blur = float(rng.uniform(0.4, 1.2) * radius)
    out = np.empty_like(masks)
    for i, mask in enumerate(masks):
        closed = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, disc) if radius > 1 else mask
        out[i] = (cv2.GaussianBlur(closed, (0, 0), blur) > 127) * np.uint8(255)
    return out


def _coarsen(masks: Masks, rng: np.random.Generator) -> Spoilt:
    """See the person small."""
    scale = float(rng.uniform(0.35, 0.9))
    size = (max(int(masks.shape[2] * scale), 8), max(int(masks.shape[1] * scale), 8))
    small = [cv2.resize(mask, size, interpolation=cv2.INTER_AREA) for mask in masks]
    return np.asarray((np.stack(small) > 127).astype(np.uint8) * 255)


def _roughen(masks: Masks, rng: np.random.Generator) -> Masks:
    """Move the edge in and out by a noise that drifts slowly, and grow or shrink the whole."""
    count, height, width = masks.shape
    amplitude, bias = rng.uniform(0.05, 0.22), rng.normal(0, 0.10)
    still = rng.standard_normal((height // 6 + 2, width // 6 + 2)).astype(np.float32)
    out = np.empty_like(masks)
    for i in range(count):
        fresh = rng.standard_normal(still.shape).astype(np.float32)
        still = 0.7 * still + 0.71 * fresh
        noise = cv2.resize(still, (width, height), interpolation=cv2.INTER_LINEAR)
        soft = cv2.GaussianBlur(masks[i], (5, 5), 0).astype(np.float32) / 255
        out[i] = ((soft > 0.08) & (soft + amplitude * noise > 0.5 - bias)) * np.uint8(255)
    return out


def _lose_feet(masks: Masks, rng: np.random.Generator) -> Masks:
    """Lose the lowest part of the body in some frames."""
    top, low = _person_rows(masks)
    out = masks.copy()
    depth = rng.uniform(0.01, 0.07) * (low - top)
    chosen = np.flatnonzero(rng.random(len(out)) < rng.uniform(0.3, 1.0))
    for i in chosen:
        out[i, int(low - depth * rng.uniform(0.5, 1.5)) :] = 0
    return out


def _punch_holes(masks: Masks, rng: np.random.Generator) -> Masks:
    """Lose a patch inside the body, the same for a few frames."""
    top, low = _person_rows(masks)
    out = masks.copy()
    for _ in range(int(rng.integers(1, 4))):
        start = int(rng.integers(len(out)))
        y = int(rng.uniform(top, low))
        x = int(masks.shape[2] * rng.normal(0.5, 0.06))
        radii = (int(rng.integers(1, 5)), int(rng.integers(1, 8)))
        for mask in out[start : start + int(rng.integers(1, 8))]:
            cv2.ellipse(mask, (x, y), radii, 0, 0, 360, 0, -1)
    return out


def _cut_off(masks: Masks, rng: np.random.Generator) -> Masks:
    """Leave the picture at the bottom, so that alignment scales what is left."""
    top, low = _person_rows(masks)
    out = masks.copy()
    share = rng.uniform(0.02, 0.15)
    out[int(len(out) * rng.uniform(0.4, 0.9)) :, int(low - share * (low - top)) :] = 0
    return out


def _drop_frames(masks: Masks, rng: np.random.Generator) -> Spoilt:
    keep = rng.random(len(masks)) > rng.uniform(0.05, 0.3)
    keep[int(rng.integers(len(masks)))] = True
    return np.asarray(masks[keep])
