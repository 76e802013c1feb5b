"""Where the right answers stand among all: ranks, precision, nearest neighbours, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float32, Float64, Int32, Int64, Shaped

from gaitway.recognition.distance import distance_matrix

ROW_VALUES = 1 << 24  # distances held at once: 64 MiB of float32, whatever the data set's size


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """How well each probe's mates rank. Probes without a mate in their gallery are left out.

    Attributes:
        first: Rank of the nearest mate, from 1, (V,).
        average_precision: In [0, 1], (V,).
        inverse_penalty: Mates over the rank of the farthest one, in [0, 1], (V,).
        valid: Which of the probes have a mate, (N,).

    Source:
        Ye et al., Deep Learning for Person Re-identification, TPAMI 2022 (mINP).
    """

    first: Int64[np.ndarray, " v"]
    average_precision: Float64[np.ndarray, " v"]
    inverse_penalty: Float64[np.ndarray, " v"]
    valid: Bool[np.ndarray, " n"]

    def rank(self, k: int) -> float:
        """Return the percentage of probes with a mate among the k nearest."""
        return percent(self.first <= k)

    def cmc(self, most: int) -> Float64[np.ndarray, " k"]:
        """Return the cumulative match characteristic in percent, ranks 1..most."""
        return np.array([self.rank(k) for k in range(1, most + 1)])

    def part(self, chosen: Bool[np.ndarray, " n"]) -> Ranking:
        """Return the ranking of the chosen probes alone."""
        kept = chosen[self.valid]
        return Ranking(
            self.first[kept], self.average_precision[kept], self.inverse_penalty[kept], self.valid[chosen]
        )

    @property
    def mean_average_precision(self) -> float:
        """In percent."""
        return percent(self.average_precision)

    @property
    def mean_inverse_penalty(self) -> float:
        """In percent."""
        return percent(self.inverse_penalty)


def percent(values: Shaped[np.ndarray, " n"]) -> float:
    """Return the mean in percent; NaN of nothing."""
    return float(100 * values.mean(dtype=np.float64)) if len(values) else float("nan")


def distance_rows(
    probes: Float[np.ndarray, "n p c"], gallery: Float[np.ndarray, "m p c"], metric: str = "euc"
) -> Iterator[tuple[slice, Float32[np.ndarray, "r m"]]]:
    """Yield whole rows of the distance matrix, as many at once as ``ROW_VALUES`` allows."""
    step = max(ROW_VALUES // max(len(gallery), 1), 1)
    for start in range(0, len(probes), step):
        rows = slice(start, min(start + step, len(probes)))
        yield rows, distance_matrix(probes[rows], gallery, metric)


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Some probes against the whole gallery.

    Attributes:
        place: Which probes.
        distances: (R, M).
        mates: Same person, (R, M).
        own_view: Mates in the probe's own view, no answer at all, (R, M); None where every view counts.
    """

    place: slice
    distances: Float[np.ndarray, "r m"]
    mates: Bool[np.ndarray, "r m"]
    own_view: Bool[np.ndarray, "r m"] | None = None

    @property
    def answers(self) -> Bool[np.ndarray, "r m"]:
        """Mates that count as an answer."""
        return self.mates if self.own_view is None else self.mates & ~self.own_view


def compared(
    rows: Iterator[tuple[slice, Float[np.ndarray, "_ m"]]],
    labels: tuple[Shaped[np.ndarray, " n"], Shaped[np.ndarray, " m"]],
    views: tuple[Shaped[np.ndarray, " n"], Shaped[np.ndarray, " m"]] | None = None,
) -> Iterator[Block]:
    """Say of every row of the distance matrix who is who.

    Args:
        rows: As ``distance_rows`` yields them.
        labels: Who probes and gallery are.
        views: Their views, where one's own walks in one's own view are left out; see ``own_view``.
    """
    probe_codes, gallery_codes = _codes(*labels)
    probe_views, gallery_views = _codes(*views) if views is not None else (None, None)
    for place, distances in rows:
        mates = probe_codes[place][:, None] == gallery_codes[None]
        if probe_views is None or gallery_views is None:
            yield Block(place, distances, mates)
        else:
            yield Block(place, distances, mates, own_view(mates, (probe_views[place], gallery_views)))


def _codes(a: np.ndarray, b: np.ndarray) -> tuple[Int32[np.ndarray, " n"], Int32[np.ndarray, " m"]]:
    """Number the names in both: comparing numbers is many times faster than comparing text."""
    _, codes = np.unique(np.concatenate([a, b]), return_inverse=True)
    numbers = codes.astype(np.int32)
    return numbers[: len(a)], numbers[len(a) :]


class MateRanks:
    """Ranks mates block by block.

    Args:
        count: Probes in all.
    """

    def __init__(self, count: int) -> None:
        self._valid = np.zeros(count, bool)
        self._first = np.zeros(count, np.int64)
        self._precision, self._penalty = np.zeros(count), np.zeros(count)

    def take(self, block: Block) -> None:
        """Rank the mates of a block's probes."""
        answers = block.answers
        rivals = ~block.mates
        for row, probe in enumerate(range(len(self._valid))[block.place]):
            own = answers[row]
            if not own.any():
                continue
            ranks = _ranks(block.distances[row, own], block.distances[row, rivals[row]])
            self._valid[probe] = True
            self._first[probe] = ranks[0]
            self._precision[probe] = np.mean(np.arange(1, len(ranks) + 1) / ranks)
            self._penalty[probe] = len(ranks) / ranks[-1]

    def result(self) -> Ranking:
        """Return what all blocks gave."""
        valid = self._valid
        return Ranking(self._first[valid], self._precision[valid], self._penalty[valid], valid)


def rank_mates(
    rows: Iterator[tuple[slice, Float[np.ndarray, "_ m"]]],
    probe_labels: Shaped[np.ndarray, " n"],
    gallery_labels: Shaped[np.ndarray, " m"],
    views: tuple[Shaped[np.ndarray, " n"], Shaped[np.ndarray, " m"]] | None = None,
) -> Ranking:
    """Rank every probe's mates among its gallery.

    Args:
        rows: Rows of the distance matrix, as ``distance_rows`` yields them.
        probe_labels: Who the probes are.
        gallery_labels: Who the gallery is.
        views: Views of probes and gallery; see ``own_view``.
    """
    ranks = MateRanks(len(probe_labels))
    for block in compared(rows, (probe_labels, gallery_labels), views):
        ranks.take(block)
    return ranks.result()


def own_view(
    mates: Bool[np.ndarray, "r m"], views: tuple[Shaped[np.ndarray, " r"], Shaped[np.ndarray, " m"]] | None
) -> Bool[np.ndarray, "r m"]:
    """Return which mates were seen in the probe's own view.

    Where views are given these are no answer, neither right nor wrong: the field's "identical view
    excluded", as in person re-identification. Without views there are none.
    """
    if views is None:
        return np.zeros_like(mates)
    same: np.ndarray = mates & (views[0][:, None] == views[1][None])
    return same


def mate_ranks(row: Float[np.ndarray, " m"], mates: Bool[np.ndarray, " m"]) -> Int64[np.ndarray, " k"]:
    """Return the ranks of the mates, from 1, rising; of equal distances the mates' come last.

    A model that gives everybody the same embedding so scores nothing, not everything.

    Examples:
        >>> mate_ranks(np.array([0.1, 0.2, 0.3, 0.2]), np.array([False, True, True, False])).tolist()
        [3, 4]
    """
    return _ranks(row[mates], row[~mates])


def _ranks(mates: Float[np.ndarray, " k"], rivals: Float[np.ndarray, " m"]) -> Int64[np.ndarray, " k"]:
    """Return the mates' ranks among the rivals; only rivals up to the farthest mate are sorted in."""
    own = np.sort(mates)
    near = rivals[rivals <= own[-1]]
    before = np.bincount(np.searchsorted(own, near, side="left"), minlength=len(own))
    ranks: np.ndarray = np.cumsum(before) + np.arange(1, len(own) + 1)
    return ranks


def nearest(row_block: Float[np.ndarray, "r m"], k: int) -> Int64[np.ndarray, "r k"]:
    """Return the k nearest gallery rows of each probe, nearest first; ties by gallery order."""
    k = min(k, row_block.shape[1])
    if k == row_block.shape[1]:
        return np.argsort(row_block, axis=1, kind="stable")
    worst = np.partition(row_block, k - 1, axis=1)[:, k - 1]
    chosen = np.empty((len(row_block), k), np.int64)
    for place, (row, limit) in enumerate(zip(row_block, worst, strict=True)):
        among = np.flatnonzero(row <= limit)
        chosen[place] = among[np.argsort(row[among], kind="stable")[:k]]
    return chosen
