"""From distances to scores: how likely is it that two walks show one person?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64


@dataclass(frozen=True, slots=True)
class Calibration:
    """A logistic model of "same person", given the distances to a candidate and to the rest of the gallery.

    log-odds = bias - slope * (distance - shift), where shift is the part of the distance that view, clothing
    and mask quality explain: it is estimated from the probe's distances to the other identities (its
    cohort), shrunk towards ``cohort_mean`` where the gallery is small.

    Attributes:
        bias: Log-odds of a pair at distance 0 beyond its shift.
        slope: Log-odds per unit of distance; positive.
        cohort_share: How much of the cohort's excess distance is taken as shift, in [0, 1]; 0 turns it off.
        cohort_mean: Mean distance between different people on the fitting data.
        cohort_prior: Identities' worth of belief in ``cohort_mean``.
        source: Where the numbers come from.
    """

    bias: float
    slope: float
    cohort_share: float
    cohort_mean: float
    cohort_prior: float
    source: str

    def log_odds(self, distances: Float[np.ndarray, "n m"]) -> Float64[np.ndarray, "n m"]:
        """Return the log-odds that probe i and identity j are one person, given all M distances."""
        d = distances.astype(np.float64)
        others = d.shape[1] - 1
        total = d.sum(axis=1, keepdims=True) - d
        prior = self.cohort_prior
        weight = others + prior
        expected = (
            (total + prior * self.cohort_mean) / weight if weight > 0 else np.full_like(d, self.cohort_mean)
        )
        shift = self.cohort_share * (expected - self.cohort_mean)
        odds: np.ndarray = self.bias - self.slope * (d - shift)
        return odds

    def scores(self, distances: Float[np.ndarray, "n m"]) -> Float64[np.ndarray, "n m"]:
        """Return the log-odds as scores in [0, 1]."""
        return score_of(self.log_odds(distances))


def score_of(log_odds: Float[np.ndarray, "..."]) -> Float64[np.ndarray, "..."]:
    """Return the logistic of log-odds."""
    score: np.ndarray = 1 / (1 + np.exp(-np.clip(log_odds, -500, 500)))
    return score


# Provisional: from the spread of unit-length parts, not fitted on genuine and impostor pairs.
_GEI = Calibration(6.0, 24.0, 0.8, 0.3, 2.0, "provisional: by hand, until fitted on generated walkers")
CALIBRATIONS = {"gei-1": _GEI}


def calibration_for(model_id: str) -> Calibration | None:
    """Return the calibration fitted for an encoder, or None where there is none."""
    return CALIBRATIONS.get(model_id)
