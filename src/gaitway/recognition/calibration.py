"""From distances to scores: how likely is it that two walks show one person?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float64

from gaitway.errors import InputError


@dataclass(frozen=True, slots=True)
class Calibration:
    """A logistic model of "same person", given the distances to a candidate and to everybody else.

    log-odds = bias - slope * (distance - shift), where shift is the part of the distance that view, clothing
    and mask quality explain: it is estimated from the probe's distances to the other identities (its
    cohort), shrunk towards ``cohort_mean`` where the gallery is small.

    Attributes:
        bias: Log-odds of a pair at distance 0 beyond its shift.
        slope: Log-odds per unit of distance; positive.
        cohort_share: How much of the cohort's excess distance is taken as shift; 0 turns it off.
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
        """Return the log-odds that probe i and identity j are one person, given all M distances.

        They are for even prior odds: 0 where the evidence speaks for neither side.
        """
        excess = cohort_excess(distances, self.cohort_mean, self.cohort_prior)
        odds: np.ndarray = self.bias - self.slope * (distances - self.cohort_share * excess)
        return odds


def generic_calibration(distances: Float[np.ndarray, "n m"]) -> Calibration:
    """Return a stand-in for an encoder that nothing was fitted for, from the distances at hand.

    Most of the pairs are impostors, so the mean distance tells the scale. Even odds lie where a pair is a
    tenth nearer than that, and everything that a probe's distances share counts as shift. The scores rank
    and separate; they are not probabilities, as ``source`` says.
    """
    scale = max(float(distances.mean()), 1e-9)
    return Calibration(7.2, 8.0 / scale, 1.0, scale, 0.0, "generic: not fitted for this encoder")


def cohort_excess(
    distances: Float[np.ndarray, "n m"], cohort_mean: float, prior: float
) -> Float64[np.ndarray, "n m"]:
    """Return how much farther than usual probe i is from all identities but j; 0 with no others."""
    d = distances.astype(np.float64)
    others = d.shape[1] - 1
    total = d.sum(axis=1, keepdims=True) - d
    excess: np.ndarray = (total - others * cohort_mean) / max(others + prior, 1e-9)
    return excess


def score_of(log_odds: Float[np.ndarray, "*shape"]) -> Float64[np.ndarray, "*shape"]:
    """Return the logistic of log-odds, in [0, 1]."""
    score: np.ndarray = 1 / (1 + np.exp(-np.clip(log_odds.astype(np.float64), -500, 500)))
    return score


def fit_calibration(
    cases: Sequence[tuple[Float[np.ndarray, "_ _"], Bool[np.ndarray, "_ _"]]], source: str, prior: float = 2.0
) -> Calibration:
    """Fit by logistic regression, genuine and impostor pairs weighing the same in total.

    Args:
        cases: Per probe video its distances (N, M) to the gallery's identities and which pairs are one
            person.
        source: What the cases are, for whoever reads the numbers.
        prior: ``Calibration.cohort_prior``.

    Source:
        Brümmer and du Preez, Application-independent evaluation of speaker detection, CSL 2006
        (prior-weighted logistic calibration).
    """
    distance = np.concatenate([d.ravel() for d, _ in cases]).astype(np.float64)
    same = np.concatenate([truth.ravel() for _, truth in cases])
    if not same.any() or same.all():
        raise InputError("calibration needs pairs of one person and of two: got only one kind")
    mean = float(distance[~same].mean())
    excess = np.concatenate([cohort_excess(d, mean, prior).ravel() for d, _ in cases])
    weight = np.where(same, 0.5 / same.sum(), 0.5 / (~same).sum())
    bias, by_distance, by_excess = _logistic_regression(np.stack([distance, excess], axis=1), same, weight)
    if by_distance >= 0:
        raise InputError("one person's walks are no nearer than two people's: there is nothing to calibrate")
    return Calibration(bias, -by_distance, -by_excess / by_distance, mean, prior, source)


def _logistic_regression(features: np.ndarray, same: np.ndarray, weight: np.ndarray) -> list[float]:
    """Newton's method on the weighted log-likelihood; a touch of ridge keeps separable data finite."""
    x = np.concatenate([np.ones((len(features), 1)), features], axis=1)
    theta = np.zeros(x.shape[1])
    ridge = 1e-6 * np.eye(x.shape[1])
    for _ in range(100):
        p = score_of(x @ theta)
        gradient = x.T @ (weight * (same - p)) - ridge @ theta
        hessian = (x * (weight * p * (1 - p))[:, None]).T @ x + ridge
        step = np.linalg.solve(hessian, gradient)
        theta += step
        if np.abs(step).max() < 1e-9 * (1 + np.abs(theta).max()):
            break
    return [float(value) for value in theta]


CALIBRATIONS = {
    "gait-template-2cef340cd2c3": Calibration(
        11.49, 11.81, 0.9000, 1.1526, 2.0, "gaitway.training.calibrate, 200 generated scenes"
    ),
    "gei-a0c42ca2c722": Calibration(
        10.81, 8.445, 1.315, 1.3627, 2.0, "gaitway.training.calibrate, 200 generated scenes"
    ),
    "gei-4-2-1-10": Calibration(
        1.495, 3.217, 1.268, 0.4770, 2.0, "gaitway.training.calibrate, 200 generated scenes"
    ),
}


def calibration_for(model_id: str) -> Calibration | None:
    """Return the calibration fitted for an encoder, or None where there is none."""
    return CALIBRATIONS.get(model_id)
