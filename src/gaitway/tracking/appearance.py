"""Tells by their looks whether two pieces of tracks are one person, and where a track changes its owner."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int64

from gaitway.errors import InputError
from gaitway.results import TrackTable
from gaitway.tracking.looks import BINS, HISTOGRAMS, PROPORTIONS, Looks
from gaitway.tracking.tracklets import centred, meetings

LEAST_DISTANCE = 1e-4  # histograms are stored in steps of 1/255

Rows = Int64[np.ndarray, " _"]


@dataclass(frozen=True, slots=True)
class AppearanceConfig:
    """What is believed about looks; figures in docs/decisions/0014-looks.md.

    Attributes:
        same: Distance between one person's colours a second apart, before a video is seen.
        other: The same between two people's.
        spread: Standard deviation of the log distance round either.
        prior: These beliefs count as much as so many comparisons of the video.
        favour: Looking alike speaks for one person by at most so much, in nats: many dress alike.
        against: Looking different speaks against it by at most so much: light and masks change too.
        body_spread: Standard deviation of people's log proportions (torso : legs, head : torso, thigh :
            shank).
        body_noise: The same of one person's over half a second: stride and keypoints.
        contested: Boxes with more than this IoU to somebody else's show both, as in the linking.
        window_s: Looks are compared over windows of this length: half a step cycle.
        reach_s: Looks farther from a join than this are not compared: the light may have changed.
        least_rows: Pieces with fewer looks are not judged.
        least_s: Nobody is followed for less before or after a change: passers-by colour a mask for a moment.
        change: A track is split where its looks before and after differ by so much, in nats.
        doubt: Places where so much less speaks for the change than at the best one are possible too, in nats.
        near_s: Only so near to a gap or to somebody else's box: elsewhere nobody takes a track over.
        seen_s: Where looks tell so near to such a place, they say when it was: the other one may not have
            been seen before.
    """

    same: float = 0.006
    other: float = 0.10
    spread: float = 0.8
    prior: float = 30.0
    favour: float = 2.0
    against: float = 6.0
    body_spread: tuple[float, ...] = (0.04, 0.05, 0.03)
    body_noise: tuple[float, ...] = (0.05, 0.12, 0.08)
    contested: float = 0.4
    window_s: float = 0.5
    reach_s: float = 2.0
    least_rows: int = 3
    least_s: float = 1.0
    change: float = 4.0
    doubt: float = 0.5
    near_s: float = 0.5
    seen_s: float = 1.0


DEFAULT = AppearanceConfig()


class AppearanceOdds:
    """The looks of everybody in one video, and what the video itself says about how much looks vary.

    How far one person's colours wander is measured between windows of the same track, how far two people's
    lie apart between tracks seen at the same time, who cannot be one person.

    Args:
        table: Every box of the video, in any order.
        looks: The look of each.
        frame_rate: Frames a second.
        config: Beliefs.

    Source:
        Bhattacharyya's distance between histograms (1943), as Comaniciu et al. (PAMI 2003) use it to follow
        by colour; the log-odds are those of two log-normal distributions of one width.
    """

    def __init__(
        self, table: TrackTable, looks: Looks, frame_rate: float, config: AppearanceConfig = DEFAULT
    ) -> None:
        if len(table) != len(looks):
            raise InputError(f"{len(looks)} looks came with {len(table)} boxes, wanted one each")
        self._config = config
        self._frame_rate = frame_rate
        self._frame, self._track = table.frame_index, table.track_id
        self._colours = looks.colours
        self._body = looks.proportions
        self._overlap = np.zeros(len(table))  # with whose box it lies on most
        self._known = looks.colours.any(axis=(1, 2)) & ~table.filled
        tlwh = np.concatenate([table.xyxy[:, :2], table.xyxy[:, 2:] - table.xyxy[:, :2]], axis=1)
        met = meetings(table.frame_index, centred(tlwh.astype(np.float64)), 0.0)
        np.maximum.at(self._overlap, met.rows, met.value)
        self._met = met
        self._known &= self._overlap <= config.contested
        self._log_same, self._log_other = self._measure()

    def against(self, a: Rows, b: Rows) -> float:
        """Return what speaks against the boxes ``a`` and, later, ``b`` showing one person, in nats.

        Negative where they look alike; 0 where too little is known.
        """
        a, b = a[self._known[a]], b[self._known[b]]
        reach = self._config.reach_s * self._frame_rate
        if len(a):
            a = a[self._frame[a] >= self._frame[a].max() - reach]
        if len(b):
            b = b[self._frame[b] <= self._frame[b].min() + reach]
        if min(len(a), len(b)) < self._config.least_rows:
            return 0.0
        gap_s = max(int(self._frame[b].min() - self._frame[a].max()), 0) / self._frame_rate
        mean_a, mean_b = (self._colours[rows].sum(axis=0, dtype=np.float64)[None] for rows in (a, b))
        config = self._config
        colours = float(self._nats(mean_a, mean_b, np.array([gap_s])).clip(-config.favour, config.against)[0])
        return min(max(colours + self._by_body(a, b), -config.favour), config.against)

    def changes(self) -> Rows:
        """Return where tracks change their owner, if their looks tell: the rows with which another begins.

        Among the places that the looks leave open, owners change where the other one's track ends, else where
        they lie on each other most; two tracks that change at about the same time have exchanged theirs.
        """
        order = np.lexsort((self._frame, self._track))
        order = order[self._known[order]]
        if not len(order):
            return order
        spans = []
        for rows in np.split(order, np.flatnonzero(np.diff(self._track[order])) + 1):
            first, last = self._splits(rows).T
            before, after = self._frame[rows[first - 1]] + 1, self._frame[rows[last]]
            spans.append(np.stack([self._track[rows[first]], before, after], axis=1))
        found = np.concatenate(spans)
        return np.array([self._meeting_point(span, found) for span in found], np.int64)

    def _meeting_point(self, span: Int64[np.ndarray, "3"], spans: Int64[np.ndarray, "k 3"]) -> int:
        """Return the row of a change in a span (track, from, to): where partners meet, else the middle."""
        met, (track, start, stop) = self._met, span.tolist()
        is_partner = (spans[:, 0] != track) & (spans[:, 1] <= stop) & (spans[:, 2] >= start)
        here = np.flatnonzero(self._track[met.rows] == track)
        frame, other = self._frame[met.rows[here]], self._track[met.columns[here]]
        beside = here[(frame >= start) & (frame <= stop)]
        exchanged = [beside[:0]]
        for partner, first, last in spans[is_partner]:
            is_in = (frame >= min(start, first)) & (frame <= max(stop, last))
            exchanged.append(here[is_in & (other == partner)])
        pairs = np.concatenate(exchanged)
        pairs = pairs if len(pairs) else beside
        handed = self._handed_over(other[np.isin(here, pairs)], start, stop)
        if len(handed):
            at = int(handed[np.abs(2 * handed - start - stop).argmin()])
        elif len(pairs):
            at = int(self._frame[met.rows[pairs[met.value[pairs].argmax()]]])
        else:
            at = (start + stop + 1) // 2
        own = np.flatnonzero(self._track == track)
        later = own[self._frame[own] >= max(at, self._frame[own].min() + 1)]
        return int(later[self._frame[later].argmin()])

    def _handed_over(self, others: Rows, start: int, stop: int) -> Rows:
        """Return the frames from ``start`` to ``stop`` at which one of the tracks ``others`` has just ended.

        Who was followed there is the likeliest to be followed from then on by the track that goes on; a box
        or two are no following.
        """
        rows = [self._frame[self._track == name] for name in np.unique(others)]
        ends = [int(frame.max()) + 1 for frame in rows if len(frame) >= self._config.least_rows]
        return np.array([end for end in ends if start <= end <= stop], np.int64)

    def _splits(self, rows: Rows) -> Int64[np.ndarray, "k 2"]:
        """Return where in one track's known rows somebody else begins, from and to which row it may be."""
        least = max(self._config.least_rows, round(self._config.least_s * self._frame_rate))
        may, near = (
            self._may_change(rows, reach_s) for reach_s in (self._config.near_s, self._config.seen_s)
        )
        total = np.cumsum(self._colours[rows], axis=0, dtype=np.float64)
        total = np.concatenate([np.zeros((1, *total.shape[1:])), total])
        splits, parts = [], [(0, len(rows))]
        while parts:  # by bisection
            low, high = parts.pop()
            split = np.arange(low + least, high - least + 1)
            split = split[near[split]]
            nats = self._against_splits(self._frame[rows], total, split, (low, high))
            if nats[may[split]].max(initial=-np.inf) >= self._config.change:
                best = int(split[nats.argmax()])
                open_ = split[nats >= nats.max() - self._config.doubt]
                splits.append((int(open_.min()), int(open_.max())))
                parts += [(low, best), (best, high)]
        return np.array(sorted(splits), np.int64).reshape(-1, 2)

    def _against_splits(
        self,
        frame: Int64[np.ndarray, " n"],
        total: Float64[np.ndarray, "_ 6 6"],
        split: Rows,
        bounds: tuple[int, int],
    ) -> Float64[np.ndarray, " _"]:
        """Return what colours before and after each split, within bounds, speak against one person."""
        reach = self._config.reach_s * self._frame_rate
        first = np.searchsorted(frame, frame[split - 1] - reach).clip(bounds[0])
        stop = np.searchsorted(frame, frame[split] + reach, side="right").clip(max=bounds[1])
        gap_s = (frame[split] - frame[split - 1]) / self._frame_rate
        return self._nats(total[split] - total[first], total[stop] - total[split], gap_s)

    def _may_change(self, rows: Rows, reach_s: float) -> Bool[np.ndarray, " _"]:
        """Tell before which of one track's known rows an owner may have changed: near others, after gaps."""
        frame, reach = self._frame[rows], reach_s * self._frame_rate
        own = np.flatnonzero(self._track == self._track[rows[0]])
        near = np.sort(self._frame[own[self._overlap[own] > 0]])
        after = np.searchsorted(near, frame + reach, side="right")
        is_near: np.ndarray = after > np.searchsorted(near, frame - reach)
        is_near[1:] |= np.diff(frame) > 1
        return is_near

    def _nats(
        self,
        a: Float64[np.ndarray, "n 6 6"],
        b: Float64[np.ndarray, "n 6 6"],
        gap_s: Float64[np.ndarray, " n"],
    ) -> Float64[np.ndarray, " n"]:
        """Return what colours (sums of histograms) speak against one person, pair by pair.

        One person's look wanders: the distance grows with the root of the time between.
        """
        config = self._config
        log_same = self._log_same + 0.5 * np.log1p(gap_s)
        apart = np.maximum(self._log_other - log_same, 0)
        middle = (self._log_other + log_same) / 2
        nats: np.ndarray = apart * (np.log(_distances(a, b)) - middle) / config.spread**2
        return nats

    def _by_body(self, a: Rows, b: Rows) -> float:
        """Return what proportions speak against one person; the log-odds of two normal distributions."""
        config = self._config
        total = 0.0
        for k in range(PROPORTIONS):
            ours, theirs = (part[np.isfinite(part)] for part in (self._body[a, k], self._body[b, k]))
            if min(len(ours), len(theirs)) < config.least_rows:
                continue
            same = 2 * config.body_noise[k] ** 2
            other = same + 2 * config.body_spread[k] ** 2
            apart = float(np.median(ours) - np.median(theirs)) ** 2
            total += 0.5 * apart * (1 / same - 1 / other) - 0.5 * np.log(other / same)
        return total

    def _measure(self) -> tuple[float, float]:
        """Return the log distances between one person's and between two people's windows in this video."""
        config = self._config
        rows = np.flatnonzero(self._known)
        window = self._frame[rows] // max(config.window_s * self._frame_rate, 1)
        key, group = np.unique(np.stack([self._track[rows], window]), axis=1, return_inverse=True)
        count = np.bincount(group, minlength=key.shape[1])
        sums = np.zeros((key.shape[1], HISTOGRAMS, BINS))
        np.add.at(sums, group, self._colours[rows])
        kept = count >= config.least_rows
        track, window = key[:, kept]
        sums = sums[kept]
        place = {(t, w): i for i, (t, w) in enumerate(zip(track.tolist(), window.tolist(), strict=True))}
        later = [(i, place[t, w + 2]) for (t, w), i in place.items() if (t, w + 2) in place]
        by_time = np.lexsort((track, window))
        together = np.flatnonzero(np.diff(window[by_time]) == 0)
        beside = np.stack([by_time[together], by_time[together + 1]], axis=1)
        same = self._believe(sums, np.array(later, np.int64).reshape(-1, 2), config.same)
        return same, self._believe(sums, beside, config.other)

    def _believe(
        self, sums: Float64[np.ndarray, "n 6 6"], pairs: Int64[np.ndarray, "p 2"], belief: float
    ) -> float:
        """Return the log distance typical of ``pairs``, drawn towards what was believed before."""
        if not len(pairs):
            return float(np.log(belief))
        typical = float(np.median(np.log(_distances(sums[pairs[:, 0]], sums[pairs[:, 1]]))))
        n, prior = len(pairs), self._config.prior
        return (n * typical + prior * float(np.log(belief))) / (n + prior)


def _distances(a: Float64[np.ndarray, "n 6 6"], b: Float64[np.ndarray, "n 6 6"]) -> Float64[np.ndarray, " n"]:
    """Return 1 - Bhattacharyya's coefficient, the mean over the histograms, pair by pair; above 0."""
    a, b = (np.sqrt(sums / sums.sum(axis=2, keepdims=True)) for sums in (a, b))
    distance: np.ndarray = np.maximum(1 - (a * b).sum(axis=2).mean(axis=1), LEAST_DISTANCE)
    return distance
