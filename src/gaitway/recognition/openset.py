"""The decision on the tracks of one video against a lasting gallery: certain, to be looked at, or unknown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from gaitway.errors import InputError
from gaitway.recognition.assignment import assign_jointly, concurrent_groups
from gaitway.recognition.calibration import calibration_for, generic_calibration, score_of
from gaitway.recognition.fpir import FpirTable
from gaitway.recognition.matcher import NOT_NEAR, TAKEN

CERTAIN, REVIEW, UNKNOWN = "certain", "review", "unknown"


@dataclass(frozen=True, slots=True)
class OpenSetConfig:
    """When a track is named.

    Attributes:
        certain_fpir: A track is named for certain if strangers come as near in at most this share of
            searches. 1 %: the common operating point of watch lists.
        review_fpir: Up to this share it is named for a human to confirm.
        min_score: Where no calibration is: a track whose score stays below it is unknown.
        tolerance_frames: As in ``MatcherConfig``.
    """

    certain_fpir: float = 0.01
    review_fpir: float = 0.1
    min_score: float = 0.5
    tolerance_frames: int = 5

    def __post_init__(self) -> None:
        if not 0 < self.certain_fpir <= self.review_fpir < 1:
            raise InputError(
                f"FPIRs {self.certain_fpir} (certain) and {self.review_fpir} (review): wanted two numbers "
                "between 0 and 1, the first not above the second"
            )


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision on one track.

    Attributes:
        status: "certain", "review" or "unknown".
        person: Column of the person, or None.
        score: One minus the FPIR at this distance; without a calibration a likeness that ranks only.
        reason: Why nobody was named, or None.
    """

    status: str
    person: int | None
    score: float
    reason: str | None


def decide(
    distances: Float[np.ndarray, "n m"],
    spans: Sequence[tuple[int, int]],
    searched: tuple[int, str],
    table: FpirTable | None = None,
    config: OpenSetConfig | None = None,
) -> list[Verdict]:
    """Decide on all tracks of one video together: two that are seen at once are different people.

    Args:
        distances: Of each track to each person, infinite for people who are not among its nearest.
        spans: First and last frame of each track.
        searched: How many people were searched, and the encoder's ``model_id``.
        table: The encoder's calibration. Without one nobody is named for certain.
        config: When to name.
    """
    config, (people, model_id) = config or OpenSetConfig(), searched
    if not distances.size:
        return [Verdict(UNKNOWN, None, 0.0, NOT_NEAR) for _ in spans]
    finite = np.isfinite(distances)
    if table is not None:
        rate = np.where(finite, table.fpir(np.where(finite, distances, 1e9), people), 1.0)
        costs, scores, limit = np.log(rate), 1 - rate, float(np.log(config.review_fpir))
    else:
        odds = _log_odds(distances, finite, model_id)
        costs, scores, limit = (
            -odds,
            score_of(odds),
            -float(np.log(config.min_score / (1 - config.min_score))),
        )
    costs = np.where(finite, costs, np.inf)
    groups = concurrent_groups(spans, config.tolerance_frames)
    chosen = assign_jointly(costs, groups, np.full(len(costs), limit))
    verdicts = []
    for row, score, person in zip(costs, scores, chosen.tolist(), strict=True):
        if person < 0:
            reason = TAKEN if row.min() < limit else NOT_NEAR
            verdicts.append(Verdict(UNKNOWN, None, float(score.max()), reason))
        else:
            is_sure = table is not None and score[person] >= 1 - config.certain_fpir
            status = CERTAIN if is_sure else REVIEW
            verdicts.append(Verdict(status, person, float(score[person]), None))
    return verdicts


def _log_odds(distances: np.ndarray, finite: np.ndarray, model_id: str) -> np.ndarray:
    """Return the log-odds of the encoder's pairwise calibration, or of a generic one."""
    fallback = float(distances[finite].mean()) if finite.any() else 1.0
    filled = np.where(finite, distances, fallback)
    fitted = calibration_for(model_id) or generic_calibration(filled)
    odds: np.ndarray = fitted.log_odds(filled)
    return odds
