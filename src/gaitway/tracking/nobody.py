"""Tracks that follow nobody: what no network believes in, and things that stand still."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int64


@dataclass(frozen=True, slots=True)
class NobodyConfig:
    """When a track shows nobody; see docs/decisions/0016-chains-and-borders.md.

    Attributes:
        doubt: Share of its boxes that are not believed.
        still: What never moves farther from its middle, in heights, is no walker, and mistaken for a person
            it is one mistake however often it is repeated: it is dropped at ``still_doubt`` already.
        still_doubt: See ``still``.
        proof: Belief that no tree, bicycle or chair reaches as the mean of ``proof_boxes`` boxes in a row (of
            all, where there are fewer). Who never does, is none.
        proof_boxes: See ``proof``; a second of ordinary video.
        still_wide: What never moves and is wider than high in more of its boxes than this does not stand.
    """

    doubt: float = 0.5
    still: float = 0.5
    still_doubt: float = 0.25
    proof: float = 0.7
    proof_boxes: int = 30
    still_wide: float = 0.5


DEFAULT = NobodyConfig()


def is_nobody(
    track: Int64[np.ndarray, " m"],
    xywh: Float64[np.ndarray, "m 4"],
    away: Float64[np.ndarray, " n"],
    belief: Float64[np.ndarray, " m"],
    *,
    least: float,
    config: NobodyConfig = DEFAULT,
) -> Bool[np.ndarray, " n"]:
    """Tell which tracks follow nobody.

    Args:
        track: Whose each box is, 0 to n - 1.
        xywh: The boxes, those of one track in the order of time.
        away: How far each track ever was from its middle, in its own heights.
        belief: How much the surer one of the networks believes in each box, 0 to 1.
        least: Boxes that are believed less are doubtful.
        config: Shares of the boxes.
    """
    count = np.bincount(track, minlength=len(away))
    doubtful = np.bincount(track, belief < least, minlength=len(away))
    wide = np.bincount(track, xywh[:, 2] > xywh[:, 3], minlength=len(away))
    is_still = away <= config.still
    nobody: np.ndarray = doubtful > count * np.where(is_still, config.still_doubt, config.doubt)
    nobody |= is_still & (wide > config.still_wide * count)
    return nobody | (_best_run(track, belief, len(away), config.proof_boxes) < config.proof)


def _best_run(
    track: Int64[np.ndarray, " m"], belief: Float64[np.ndarray, " m"], tracks: int, length: int
) -> Float64[np.ndarray, " n"]:
    """Return the greatest mean belief of ``length`` boxes in a row of each track; 0 for one without boxes."""
    best, order = np.zeros(tracks), np.argsort(track, kind="stable")
    owner = track[order]
    for mine in np.split(belief[order], np.flatnonzero(np.diff(owner)) + 1):
        long = min(length, len(mine))
        total = np.concatenate([[0.0], np.cumsum(mine)])
        best[owner[0]] = (total[long:] - total[:-long]).max() / long
        owner = owner[len(mine) :]
    return best
