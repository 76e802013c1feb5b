"""Joins pieces of tracks over occlusions: all at once, by how well their motions continue each other."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int64

from gaitway.tracking.association import Pairs, assign
from gaitway.tracking.chains import Chains
from gaitway.tracking.tracklets import Ends, Pieces, find_ends, number_pieces

Rows = Int64[np.ndarray, " _"]
Appearance = Callable[[Rows, Rows], float]

CHI2_4_MEDIAN = 3.357  # of the squared distance in four dimensions
LEAST_SAMPLES = 10  # fewer say nothing about a video


@dataclass(frozen=True, slots=True)
class LinkConfig:
    """What the second pass believes about walking people; see docs/decisions/0012-offline-linking.md.

    Attributes:
        max_gap_s: Longest gap to bridge.
        window_s: How much of a piece tells its velocity at the end: half a step cycle.
        noise: Standard deviation of a box's centre, in heights (detectors: 2-5 %).
        speed: Standard deviation of the velocity, in heights a second: people walk at 1.3 m/s = 0.75 heights
            a second, in x more than in y; raised to what the video shows.
        turn_s: For how long people keep their velocity (Ornstein-Uhlenbeck relaxation time).
        resize: Standard deviation of the log height at once; after a gap of t seconds sqrt(1 + t) times that.
        log_odds: Log prior odds that a piece continues another, against that somebody new appears.
        forget_s: The odds fall by e in so long a gap.
        enter: Of those who are new, so many come in at the picture's border, within half a height of it; the
            others anywhere.
        left: The odds are lower by so much, in nats, for who was last seen at the border: nine of ten who
            reach it and are out of sight have left.
        by_looks: Pairs that lack no more than so many nats may still be joined by how they look.
        same_track: Log odds added where the tracker itself had joined the two pieces.
        vanish: Log odds against somebody's vanishing for good in the very place where somebody new appears
            in the next box: two wonders at once. A change by looks must speak for it more than that.
        tail: Degrees of freedom of Student's t: people sometimes turn round at once.
    """

    max_gap_s: float = 4.0
    window_s: float = 0.5
    noise: float = 0.04
    speed: float = 0.6
    turn_s: float = 2.0
    resize: float = 0.1
    log_odds: float = -3.0
    forget_s: float = 1.0
    enter: float = 0.5
    left: float = 2.3
    by_looks: float = 2.0
    same_track: float = 1.0
    vanish: float = 4.0
    tail: float = 4.0


class Motion(NamedTuple):
    """How people of one video move.

    Attributes:
        speed: Standard deviation of the velocity, in heights a second.
        surprise: By how much squared distances exceed what is believed; 1 or more.
    """

    speed: float
    surprise: float


class _Comparison(NamedTuple):
    """How far beginnings lie from where ends lead.

    Attributes:
        distance: Squared, in standard deviations, of position and velocity in x and y: chi-square of 4, (p,).
        determinant: Of the covariance of position and velocity along one axis, in heights, (p,).
    """

    distance: Float64[np.ndarray, " p"]
    determinant: Float64[np.ndarray, " p"]


def measure_motion(pieces: Pieces, frame_rate: float, config: LinkConfig) -> Motion:
    """Learn from the pieces themselves how fast people move and how predictable they are.

    Every piece is cut into windows; each window is compared with the next but one, as if the one between
    were missing. Where that surprises (a swinging camera, dancers), links must count for less.
    """
    tails = _ends(pieces, config.speed, frame_rate, config, at_tail=True)
    typical = 1.4826 * float(np.median(np.abs(tails.velocity / tails.height))) if len(tails.frame) else 0.0
    speed = max(config.speed, typical)  # 1.4826: from the median of |v| to a standard deviation
    starts, _ = pieces.bounds
    window = (pieces.frame - pieces.frame[starts][pieces.piece]) / (config.window_s * frame_rate)
    window = window.astype(np.int64)
    used = pieces.is_clear & (window % 2 == 0)
    key = pieces.piece[used] * (window.max(initial=0) + 2) + window[used]
    number = number_pieces(key, np.zeros(len(key), bool))
    samples = Pieces(number, *(part[used] for part in pieces[1:]))
    rows = np.bincount(number)
    key = key[samples.bounds[0]]
    first = np.flatnonzero((np.diff(key) == 2) & (rows[1:] > 1) & (rows[:-1] > 1))
    if len(first) < LEAST_SAMPLES:
        return Motion(speed, 1.0)
    tails = _ends(samples, speed, frame_rate, config, at_tail=True).take(first)
    heads = _ends(samples, speed, frame_rate, config, at_tail=False).take(first + 1)
    distance = _compare(tails, heads, (heads.clear - tails.clear) / frame_rate, speed, config.turn_s).distance
    return Motion(speed, max(1.0, float(np.median(distance)) / CHI2_4_MEDIAN))


def link_pieces(
    pieces: Pieces,
    track: Int64[np.ndarray, " n"],
    motion: Motion,
    *,
    changed: Bool[np.ndarray, " n"],
    frame_rate: float,
    image_size: tuple[int, int],
    appearance: Appearance | None,
    config: LinkConfig,
) -> Int64[np.ndarray, " n"]:
    """Say which person every piece belongs to.

    Every piece has at most one successor and one predecessor, and the sum of log odds is the greatest
    possible: a minimum-cost path cover, which is an assignment problem, solved exactly.

    Args:
        pieces: Boxes of the pieces.
        track: The tracker's id of every piece.
        motion: How people of this video move.
        changed: Whether somebody else's looks begin with a piece, though the tracker went on.
        frame_rate: Frames a second.
        image_size: Width and height in pixels.
        appearance: Given the rows of two pieces, what speaks against joining them, in nats; infinite is a
            veto.
        config: Beliefs.

    Returns:
        For every piece the number of its person's first piece.

    Source:
        Global data association (Zhang, Li, Nevatia, CVPR 2008) for the path cover. Differs: a closed-form
        motion likelihood instead of learnt affinities; false pieces are dropped afterwards.
    """
    tails = _ends(pieces, motion.speed, frame_rate, config, at_tail=True)
    heads = _ends(pieces, motion.speed, frame_rate, config, at_tail=False)
    a, b = _within_reach(tails.frame, heads.frame, config.max_gap_s * frame_rate)
    area = float(image_size[0]) * float(image_size[1])
    gain = _log_odds(tails.take(a), heads.take(b), motion, frame_rate=frame_rate, area=area, config=config)
    starts, stops = pieces.bounds
    comes, leaves = pieces.at_border[starts], pieces.at_border[stops]
    at_border = config.enter * area / ((image_size[0] + image_size[1]) * heads.height) + 1 - config.enter
    gain -= np.where(comes, np.log(at_border), 0)[b] + config.left * leaves[a]
    joined = (track[a] == track[b]) & (b == a + 1) & ~(leaves[a] & comes[b])
    gain[joined] = np.maximum(gain[joined], 0)
    gain[joined & changed[b]] = 0  # the tracker chose who was near: that it is near says nothing
    gain[joined] += config.same_track
    good = gain > (0 if appearance is None else -config.by_looks)
    gains = Pairs(a[good], b[good], gain[good])
    if appearance is None:
        before, after = assign(gains, (pieces.total, pieces.total))
    else:
        before, after = _link_by_looks(gains, pieces, appearance, config.max_gap_s * frame_rate)
        split = np.flatnonzero(changed[1:] & (track[1:] == track[:-1]))
        loose = split[~np.isin(split, before) & ~np.isin(split + 1, after)]
        is_one = _against(pieces, loose, appearance) < config.same_track + config.vanish
        before, after = np.append(before, loose[is_one]), np.append(after, loose[is_one] + 1)
    person = np.arange(pieces.total)
    for i in np.argsort(heads.frame[after], kind="stable"):  # in time order
        person[after[i]] = person[before[i]]
    return _give_back(person, track, before, after)


def _give_back(person: Rows, track: Rows, before: Rows, after: Rows) -> Rows:
    """Give a piece that nobody claims to the person who had its track before it and has it again after."""
    is_skipped = (after == before + 2) & (track[before] == track[after])
    between = before[is_skipped] + 1
    free = between[~np.isin(between, np.concatenate([before, after]))]
    person[free] = person[free - 1]
    return person


def _within_reach(tails: Rows, heads: Rows, longest: float) -> tuple[Rows, Rows]:
    """Return the pairs (end, beginning) where the beginning comes later, by at most ``longest`` frames."""
    order = np.argsort(heads, kind="stable")
    first = np.searchsorted(heads[order], tails, side="right")
    count = np.searchsorted(heads[order], tails + longest, side="right") - first
    a = np.repeat(np.arange(len(tails)), count)
    place = np.arange(len(a)) - np.repeat(np.cumsum(count) - count, count) + np.repeat(first, count)
    return a, order[place]


def _ends(pieces: Pieces, speed: float, frame_rate: float, config: LinkConfig, *, at_tail: bool) -> Ends:
    fit = {"frame_rate": frame_rate, "window_s": config.window_s, "noise": config.noise, "speed": speed}
    return find_ends(pieces, at_tail=at_tail, **fit)


def _log_odds(
    tail: Ends, head: Ends, motion: Motion, *, frame_rate: float, area: float, config: LinkConfig
) -> Float64[np.ndarray, " p"]:
    """Return log odds of "head continues tail" against "head is somebody new", pair by pair."""
    gap = (head.clear - tail.clear) / frame_rate
    seen = _compare(tail, head, gap, motion.speed, config.turn_s)
    t = config.tail
    odds = config.log_odds - gap / config.forget_s
    odds = odds - 0.5 * (t + 4) * np.log1p(seen.distance / (motion.surprise * t))
    odds -= np.log(2 * np.pi * seen.determinant * motion.surprise**2)
    odds += np.log(area / (tail.height * head.height))  # somebody new appears anywhere,
    of_new = head.variance[2] + motion.speed**2  # at rest +- speed
    odds += 0.5 * ((head.velocity / head.height) ** 2).sum(axis=0) / of_new + np.log(2 * np.pi * of_new)
    resize = config.resize**2 * (1 + gap)
    shape = 0.5 * np.log(head.height / tail.height) ** 2 / resize + 0.5 * np.log(2 * np.pi * resize)
    total: np.ndarray = odds - shape
    return total


def _compare(
    tail: Ends, head: Ends, gap: Float64[np.ndarray, " p"], speed: float, turn_s: float
) -> _Comparison:
    """Compare position and velocity of beginnings with those predicted from ends, pair by pair.

    The velocity is an Ornstein-Uhlenbeck process: kept for a while, then forgotten, so that a prediction
    neither runs away nor grows vague for ever.
    """
    height = np.sqrt(tail.height * head.height)
    keep = np.exp(-gap / turn_s)
    travel = turn_s * (1 - keep)
    pa, ca, va = tail.variance
    pb, cb, vb = head.variance
    drift = speed**2 * np.maximum(2 * turn_s * (gap - travel) - travel**2, 0)
    pp = pa + 2 * travel * ca + travel**2 * va + pb + drift
    pv = keep * (ca + travel * va) + cb + speed**2 * travel**2 / turn_s
    vv = keep**2 * va + vb + speed**2 * (1 - keep**2)
    determinant = pp * vv - pv * pv
    away = (head.position - tail.position - travel * tail.velocity) / height
    turn = (head.velocity - keep * tail.velocity) / height
    distance = (vv * away**2 - 2 * pv * away * turn + pp * turn**2) / determinant
    return _Comparison(distance.sum(axis=0), determinant)


def _against(pieces: Pieces, index: Rows, appearance: Appearance) -> Float64[np.ndarray, " k"]:
    """Return what speaks against pieces ``index`` and those next to them being one person, in nats."""
    starts, stops = pieces.bounds
    rows = [np.arange(first, last + 1) for first, last in zip(starts, stops, strict=True)]
    return np.array([appearance(rows[i], rows[i + 1]) for i in index.tolist()], np.float64)


def _link_by_looks(gains: Pairs, pieces: Pieces, appearance: Appearance, reach: float) -> tuple[Rows, Rows]:
    """Return the links, first the best by neighbours' looks, then improved by looks farther apart."""
    starts, stops = pieces.bounds
    rows = [np.arange(a, b + 1) for a, b in zip(starts, stops, strict=True)]

    @functools.cache
    def against(a: int, b: int) -> float:
        return float(appearance(rows[a], rows[b]))

    nats = [against(a, b) for a, b in zip(gains.rows.tolist(), gains.columns.tolist(), strict=True)]
    weighed = gains._replace(value=gains.value - np.array(nats, np.float64))
    before, after = assign(weighed, (pieces.total, pieces.total))
    spans = np.stack([pieces.frame[starts], pieces.frame[stops]])
    chains = Chains(gains, before, after, spans=spans, against=against, reach=reach)
    chains.improve()
    return chains.links()
