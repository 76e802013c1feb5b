"""Take out what a camera does to everybody: its view, its height, its masks' faults."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32


def centre_scene(
    gallery: Float32[np.ndarray, "m p c"],
    probes: Float32[np.ndarray, "n p c"],
    people: tuple[int, int] | None = None,
) -> Float32[np.ndarray, "n p c"]:
    """Shift the probes of one video by what sets the two videos' people apart as a whole.

    The means of two videos differ by the scenes (view, light, masks) and by the people that happen to be in
    them. The difference expected from the people alone is the spread within the videos over the number of
    people; only what exceeds it is taken for the scene's (positive-part shrinkage, part by part). With one
    person in each video no spread is known, and nothing is shifted.

    Args:
        gallery: Walks of one gallery video.
        probes: Walks of one probe video.
        people: How many different people gallery and probes show; by default every walk counts as one.

    Returns:
        The shifted probes.

    Source:
        James and Stein, Estimation with Quadratic Loss, 1961, in Efron and Morris's empirical-Bayes form
        (JASA 1973).
    """
    count_g, count_p = people or (len(gallery), len(probes))
    freedom = max(count_g - 1, 0) + max(count_p - 1, 0)
    if not len(probes) or not len(gallery) or freedom == 0:
        return probes
    shift = probes.mean(axis=0) - gallery.mean(axis=0)
    spread = (_spread(gallery, count_g) + _spread(probes, count_p)) / freedom
    by_chance = spread * (1 / max(count_g, 1) + 1 / max(count_p, 1))
    power = (shift**2).sum(axis=1)
    share = np.clip(1 - by_chance / np.maximum(power, 1e-12), 0.0, 1.0)
    centred: np.ndarray = (probes - share[:, None] * shift).astype(np.float32)
    return centred


def _spread(walks: np.ndarray, people: int) -> np.ndarray:
    """Return per part the summed squared distance from the mean that ``people`` walks would have, (P,)."""
    if people < 2 or len(walks) < 2:
        return np.zeros(walks.shape[1])
    squared: np.ndarray = ((walks - walks.mean(axis=0)) ** 2).sum(axis=(0, 2))
    return squared * (people - 1) / (len(walks) - 1)
