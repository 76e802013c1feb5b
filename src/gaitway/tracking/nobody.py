"""Tracks that follow nobody: what no network believes in, and things that stand still."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int64


@dataclass(frozen=True, slots=True)
class NobodyConfig:
    """When a track shows nobody; see docs/decisions/0016-chains-and-borders.md.

    Attributes:
        belief: Boxes believed less by both networks are doubtful: both were trained to switch there.
        doubt: Tracks are dropped if more than this share of their boxes is doubtful. Of a walker the part
            that is believed stays: who is lost behind something may be taken for it from then on.
        still: What never moves farther from its middle, in heights, is no walker, and mistaken for a person
            it is one mistake however often it is repeated: it is dropped at ``still_doubt`` already.
        still_doubt: See ``still``.
        still_wide: What never moves and is wider than high in more of its boxes than this does not stand.
        proof: Sureness that no tree, bicycle or chair reaches as the mean of ``proof_boxes`` boxes in a row
            (of all, where there are fewer). Who never does, is none.
        proof_boxes: See ``proof``; a second of ordinary video.
    """

    belief: float = 0.5
    doubt: float = 0.5
    still: float = 0.5
    still_doubt: float = 0.25
    still_wide: float = 0.5
    proof: float = 0.7
    proof_boxes: int = 30


DEFAULT = NobodyConfig()


class Seen(NamedTuple):
    """Boxes of tracks, those of one track in the order of time.

    Attributes:
        track: Whose each box is, 0 to n - 1.
        xywh: The boxes, pixels.
        belief: How much the network believes that believes more, 0 to 1.
        sure: How sure the surer network is; may be less than its mere belief, where its mask is vague.
    """

    track: Int64[np.ndarray, " m"]
    xywh: Float64[np.ndarray, "m 4"]
    belief: Float64[np.ndarray, " m"]
    sure: Float64[np.ndarray, " m"]


def is_somebody(
    seen: Seen, away: Float64[np.ndarray, " n"], config: NobodyConfig = DEFAULT
) -> Bool[np.ndarray, " m"]:
    """Tell which boxes are of tracks that follow somebody.

    Args:
        seen: The boxes of n tracks.
        away: How far each track ever was from its middle, in its own heights.
        config: When they do not.
    """
    count = np.bincount(seen.track, minlength=len(away))
    is_kept = np.ones(len(seen.track), bool)
    doubtful = np.bincount(seen.track, seen.belief < config.belief, minlength=len(away))
    for own in np.flatnonzero((doubtful > config.doubt * count) & (away > config.still)):
        mine = np.flatnonzero(seen.track == own)
        is_kept[mine] = False
        is_kept[mine[believed_part(seen.belief[mine], config.belief)]] = True
    rest = Seen(*(part[is_kept] for part in seen))
    is_kept[is_kept] = ~_is_nobody(rest, away, config)[rest.track]
    return is_kept


def _is_nobody(seen: Seen, away: Float64[np.ndarray, " n"], config: NobodyConfig) -> Bool[np.ndarray, " n"]:
    track, size = seen.track, seen.xywh[:, 2:]
    count = np.bincount(track, minlength=len(away))
    doubtful = np.bincount(track, seen.belief < config.belief, minlength=len(away))
    wide = np.bincount(track, size[:, 0] > size[:, 1], minlength=len(away))
    is_still = away <= config.still
    nobody: np.ndarray = doubtful > count * np.where(is_still, config.still_doubt, config.doubt)
    nobody |= is_still & (wide > config.still_wide * count)
    return nobody | (_best_run(track, seen.sure, len(away), config.proof_boxes) < config.proof)


def believed_part(belief: Float64[np.ndarray, " m"], least: float) -> slice:
    """Return the part in a row by which belief exceeds ``least`` most in sum: before and after is nobody.

    Examples:
        >>> believed_part(np.array([0.2, 0.9, 0.9, 0.2, 0.9, 0.2, 0.2, 0.6]), 0.5)
        slice(1, 5, None)
    """
    total = np.concatenate([[0.0], np.cumsum(belief - least)])
    stop = int((total - np.minimum.accumulate(total)).argmax())
    return slice(int(total[: stop + 1].argmin()), stop)


def _best_run(
    track: Int64[np.ndarray, " m"], sure: Float64[np.ndarray, " m"], tracks: int, length: int
) -> Float64[np.ndarray, " n"]:
    """Return the greatest mean of ``length`` boxes in a row of each track; 0 for one without boxes."""
    best, order = np.zeros(tracks), np.argsort(track, kind="stable")
    starts = np.flatnonzero(np.diff(track[order], prepend=-1))
    for mine in np.split(order, starts[1:]):
        long = min(length, len(mine))
        total = np.concatenate([[0.0], np.cumsum(sure[mine])])
        if len(mine):
            best[track[mine[0]]] = (total[long:] - total[:-long]).max() / long
    return best
