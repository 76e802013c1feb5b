"""Where the right answers stand among all: ranks, precision, nearest neighbours, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float32, Float64, Int64, Shaped

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
    valid = np.zeros(len(probe_labels), bool)
    first, precision, penalty = [], [], []
    for place, distances in rows:
        mates = probe_labels[place][:, None] == gallery_labels[None]
        skipped = own_view(mates, None if views is None else (views[0][place], views[1]))
        for probe, row, own, skip in zip(range(len(valid))[place], distances, mates, skipped, strict=True):
            if not (own & ~skip).any():
                continue
            valid[probe] = True
            ranks = mate_ranks(row[~skip], own[~skip])
            count = len(ranks)
            first.append(ranks[0])
            precision.append(float(np.mean(np.arange(1, count + 1) / ranks)))
            penalty.append(count / ranks[-1])
    return Ranking(
        np.array(first, np.int64), np.array(precision, np.float64), np.array(penalty, np.float64), valid
    )


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
    own = np.sort(row[mates])
    rivals = row[~mates & (row <= own[-1])]  # only those can stand before a mate
    nearer = np.searchsorted(np.sort(rivals), own, side="right")
    ranks: np.ndarray = nearer + np.arange(1, len(own) + 1)
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
