"""Pictures that sum up a walk: its mean, its motion, and the stages of a step."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32, Float64, UInt8


def template_maps(silhouettes: UInt8[np.ndarray, "t h w"], phases: int = 3) -> Float32[np.ndarray, "k h w"]:
    """Return the mean silhouette, the deviation over time, and the means of ``phases`` stages, in [0, 1].

    Source:
        Han and Bhanu, Individual Recognition Using Gait Energy Image, TPAMI 2006 (the mean); Bashir, Xiang
        and Gong, Gait Recognition Using Gait Entropy Image, ICDP 2009 (what moves counts apart).

    Examples:
        >>> template_maps(np.full((5, 64, 64), 255, np.uint8)).shape
        (5, 64, 64)
    """
    mean = silhouettes.mean(axis=0, dtype=np.float32) / 255
    power = np.square(silhouettes, dtype=np.float32).mean(axis=0) / 255**2
    deviation = np.sqrt(np.maximum(power - mean**2, 0))
    return np.concatenate([mean[None], deviation[None], phase_energy_images(silhouettes, phases)])


def leg_signal(silhouettes: UInt8[np.ndarray, "t h w"]) -> Float64[np.ndarray, " t"]:
    """Return how far the legs are spread in each silhouette, in [0, 1]: the deviation of their mass.

    It rises twice in a gait cycle, seen from the side; from the front it follows the lifted foot.
    """
    height, width = silhouettes.shape[1:]
    legs = silhouettes[:, height * 5 // 8 :].sum(axis=1, dtype=np.float64)
    mass = np.maximum(legs.sum(axis=1), 1.0)
    column = (np.arange(width) + 0.5) / width
    middle = (legs @ column) / mass
    spread2 = (legs @ column**2) / mass - middle**2
    spread: np.ndarray = 2 * np.sqrt(np.maximum(spread2, 0.0))
    return spread


def phase_energy_images(
    silhouettes: UInt8[np.ndarray, "t h w"],
    phases: int = 3,
) -> Float32[np.ndarray, "p h w"]:
    """Return mean silhouettes of the stages of a step: legs together first, legs apart last.

    The frames are ranked by ``leg_signal`` and cut into equal groups, which needs neither an even frame
    rate nor a found period; with fewer frames than phases, neighbouring groups share frames.
    """
    count = len(silhouettes)
    order = np.argsort(leg_signal(silhouettes), kind="stable")
    edges = np.linspace(0, count, phases + 1)
    groups = [
        order[min(int(edges[k]), count - 1) : max(int(np.ceil(edges[k + 1])), int(edges[k]) + 1)]
        for k in range(phases)
    ]
    return np.stack([silhouettes[group].mean(axis=0, dtype=np.float32) / 255 for group in groups])
