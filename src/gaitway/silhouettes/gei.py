"""What a walk looks like on average, and how long a gait cycle lasts."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from jaxtyping import Float, Float32, UInt8

from gaitway.results import BLOCK

MIN_RHYTHM = 0.2  # autocorrelation at a cycle: walkers on real video 0.2-0.8; shuffled frames reach 0.15
NEARLY = 0.85  # of the highest peak: from the side one and a half cycles peak as high as one


def gait_energy_image(
    silhouettes: UInt8[np.ndarray, "t h w"], weights: Float[np.ndarray, " t"] | None = None
) -> Float32[np.ndarray, "h w"]:
    """Return the weighted mean silhouette in [0, 1]; all-zero weights count as equal ones.

    Source:
        Han and Bhanu, Individual Recognition Using Gait Energy Image, TPAMI 2006.

    Examples:
        >>> float(gait_energy_image(np.full((3, 2, 2), 255, np.uint8))[0, 0])
        1.0
    """
    blocks = (silhouettes[start : start + BLOCK] for start in range(0, len(silhouettes), BLOCK))
    return energy_of_blocks(blocks, np.ones(len(silhouettes)) if weights is None else weights)


def energy_of_blocks(
    silhouettes: Iterable[UInt8[np.ndarray, "_ h w"]], weights: Float[np.ndarray, " t"]
) -> Float32[np.ndarray, "h w"]:
    """Return what ``gait_energy_image`` does of a walk that comes in blocks of frames."""
    if not np.any(weights > 0):
        weights = np.ones(len(weights))
    share = (weights / (weights.sum() * 255)).astype(np.float32)
    energy, first = np.zeros((0, 0), np.float32), 0
    for block in silhouettes:
        summed = share[first : first + len(block)] @ block.reshape(len(block), -1).astype(np.float32)
        energy = (energy if first else np.float32(0)) + summed.reshape(block.shape[1:])
        first += len(block)
    return energy


def gait_period(
    silhouettes: UInt8[np.ndarray, "t h w"],
    frame_rate: float = 30.0,
    cycle_s: tuple[float, float] = (0.75, 1.7),
) -> float | None:
    """Estimate how many frames a gait cycle (two steps) lasts, or None where no rhythm shows.

    A cycle is the first lag at which the autocorrelation of the legs' picture peaks nearly as high as
    anywhere.

    Args:
        silhouettes: Aligned, evenly spaced in time.
        frame_rate: Frames a second.
        cycle_s: Shortest and longest cycle, seconds; people walk 70-160 steps a minute.

    Source:
        Wang, Tan, Ning and Hu, Silhouette analysis-based gait recognition, TPAMI 2003, section 3; differs:
        the picture of the legs instead of the box's aspect, and whole cycles instead of steps, because from
        the front and behind a left step does not look like a right one.
    """
    shortest = max(round(cycle_s[0] * frame_rate), 2)
    longest = min(round(cycle_s[1] * frame_rate), len(silhouettes) * 2 // 3)
    if longest <= shortest:
        return None
    legs = _legs(silhouettes)
    legs -= _moving_average(legs, 2 * longest + 1)
    power = float((legs**2).sum() / len(legs))
    if power <= 1e-9:
        return None
    lags = np.arange(shortest - 1, longest + 2)
    similarity = np.array([(legs[lag:] * legs[:-lag]).sum() / (len(legs) - lag) for lag in lags]) / power
    peaks = 1 + np.flatnonzero((similarity[1:-1] >= similarity[:-2]) & (similarity[1:-1] > similarity[2:]))
    peaks = peaks[similarity[peaks] > MIN_RHYTHM]
    if not len(peaks):
        return None
    best = int(peaks[similarity[peaks] >= NEARLY * similarity[peaks].max()][0])
    return float(lags[best]) + _vertex(*similarity[best - 1 : best + 2])


def _legs(silhouettes: np.ndarray) -> np.ndarray:
    """Return the lower 3/8 of each silhouette in 4-pixel blocks, one row per frame."""
    count, height, width = silhouettes.shape
    legs = silhouettes[:, height * 5 // 8 :].astype(np.float64) / 255
    columns = np.add.reduceat(legs, np.arange(0, width, 4), axis=2)
    return np.add.reduceat(columns, np.arange(0, legs.shape[1], 4), axis=1).reshape(count, -1)


def _moving_average(signal: np.ndarray, width: int) -> np.ndarray:
    """Mean of the rows over a centred window, cut at the ends."""
    total = np.concatenate([np.zeros_like(signal[:1]), np.cumsum(signal, axis=0)])
    index = np.arange(len(signal))
    low = np.maximum(index - width // 2, 0)
    high = np.minimum(index + width // 2 + 1, len(signal))
    mean: np.ndarray = (total[high] - total[low]) / (high - low)[:, None]
    return mean


def _vertex(before: float, at: float, after: float) -> float:
    """Where the parabola through three equally spaced values has its top, relative to the middle one."""
    bend = before - 2 * at + after
    return 0.0 if bend == 0 else float(0.5 * (before - after) / bend)
