"""How sure is a figure? Confidence intervals that draw subjects: one person's probes are not independent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int64, Shaped

from gaitway.errors import InputError


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean with the limits of its confidence interval, in the values' unit."""

    mean: float
    low: float
    high: float


def subject_interval(
    values: Float[np.ndarray, " n"] | Bool[np.ndarray, " n"] | Int64[np.ndarray, " n"],
    subjects: Shaped[np.ndarray, " n"],
    *,
    confidence: float = 0.95,
    draws: int = 2000,
    seed: int = 0,
) -> Interval:
    """Return the mean of ``values`` and its percentile bootstrap interval over subjects.

    Args:
        values: One per probe: a hit, an average precision, an error.
        subjects: Whose probe each is.
        confidence: Of the interval.
        draws: Bootstrap samples.
        seed: Of the draws.

    Source:
        Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapters 8 (clusters) and 13.
    """
    return subject_intervals({"": values}, subjects, confidence=confidence, draws=draws, seed=seed)[""]


def subject_intervals(
    values: Mapping[str, Float[np.ndarray, " n"] | Bool[np.ndarray, " n"] | Int64[np.ndarray, " n"]],
    subjects: Shaped[np.ndarray, " n"],
    *,
    confidence: float = 0.95,
    draws: int = 2000,
    seed: int = 0,
) -> dict[str, Interval]:
    """Return the interval of several measures of the same probes, drawn once; see ``subject_interval``."""
    for measured in values.values():
        if not len(measured) or len(measured) != len(subjects):
            raise InputError(
                f"{len(measured)} values came with {len(subjects)} subjects: wanted one each, and some"
            )
    _, who = np.unique(subjects, return_inverse=True)
    sizes = np.bincount(who)
    totals = np.stack([np.bincount(who, weights=m.astype(np.float64)) for m in values.values()])
    rng = np.random.default_rng(seed)
    means = np.empty((draws, len(totals)))
    for draw in range(draws):
        times = np.bincount(rng.integers(len(sizes), size=len(sizes)), minlength=len(sizes))
        means[draw] = totals @ times / (times @ sizes)
    tail = (1 - confidence) / 2
    low, high = np.quantile(means, [tail, 1 - tail], axis=0)
    return {
        name: Interval(float(measured.mean()), float(low[k]), float(high[k]))
        for k, (name, measured) in enumerate(values.items())
    }
