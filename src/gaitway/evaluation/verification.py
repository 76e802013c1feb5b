"""Are these two walks one person? False match and false non-match rates, and where they are equal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64, Int64, Shaped

from gaitway.errors import InputError
from gaitway.evaluation.ranking import Block, compared, distance_rows

BINS = 1 << 16  # resolution at which many distances are kept: 1/65536 of their range
GENUINE_KEPT = 1 << 24  # 64 MiB of float32


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Distances of genuine and of impostor pairs, each with how often it occurs.

    Attributes:
        genuine: Distinct distances, rising, (G,).
        genuine_counts: (G,).
        impostor: Distinct distances, rising, (I,).
        counts: Of the impostors, (I,).
    """

    genuine: Float64[np.ndarray, " g"]
    genuine_counts: Int64[np.ndarray, " g"]
    impostor: Float64[np.ndarray, " i"]
    counts: Int64[np.ndarray, " i"]

    @classmethod
    def of(cls, genuine: Float[np.ndarray, " g"], impostor: Float[np.ndarray, " k"]) -> Pairs:
        """Keep every distance as it is."""
        if not len(genuine) or not len(impostor):
            raise InputError(
                f"{len(genuine)} genuine and {len(impostor)} impostor pairs: wanted some of both kinds"
            )
        return cls(*_counted(genuine), *_counted(impostor))

    def fmr(self, threshold: float) -> float:
        """Return the share of impostor pairs at or below ``threshold``, in percent."""
        passed = self.counts[: np.searchsorted(self.impostor, threshold, side="right")].sum()
        return float(100 * passed / self.counts.sum())

    def fnmr(self, threshold: float) -> float:
        """Return the share of genuine pairs above ``threshold``, in percent."""
        passed = self.genuine_counts[: np.searchsorted(self.genuine, threshold, side="right")].sum()
        return float(100 * (1 - passed / self.genuine_counts.sum()))

    def threshold_at_fmr(self, percent: float) -> float:
        """Return the largest threshold whose false match rate is at most ``percent``."""
        passed = 100 * np.cumsum(self.counts) / self.counts.sum()
        allowed = int(np.searchsorted(passed, percent, side="right"))
        if allowed == len(self.impostor):
            return float("inf")
        return float(np.nextafter(self.impostor[allowed], -np.inf))

    def equal_error_rate(self) -> float:
        """Return the error rate, in percent, where both kinds of error are equally frequent."""
        _, fmr, fnmr = self.curve()
        gap = fmr - fnmr
        after = int(np.argmax(gap >= 0))
        if after == 0:
            return float((fmr[0] + fnmr[0]) / 2)
        share = -gap[after - 1] / max(gap[after] - gap[after - 1], 1e-12)
        return float(fmr[after - 1] + share * (fmr[after] - fmr[after - 1]))

    def curve(self) -> tuple[Float64[np.ndarray, " t"], Float64[np.ndarray, " t"], Float64[np.ndarray, " t"]]:
        """Return thresholds and both error rates in percent at each: a DET curve."""
        thresholds = np.unique(np.concatenate([[-np.inf], self.genuine, self.impostor]))
        fmr = 100 * _share_within(self.impostor, self.counts, thresholds)
        fnmr = 100 * (1 - _share_within(self.genuine, self.genuine_counts, thresholds))
        return thresholds, fmr, fnmr


class PairCounts:
    """Counts genuine and impostor pairs block by block, in bounded memory.

    Genuine distances are kept as they are up to ``GENUINE_KEPT`` of them, beyond that as a histogram;
    impostors always as a histogram.

    Args:
        largest: No distance is larger.
        groups: Number of the group of each probe, from 0; groups are counted apart.
    """

    def __init__(self, largest: float, groups: Int64[np.ndarray, " n"]) -> None:
        self._scale = BINS / largest
        self._groups = groups
        count = int(groups.max(initial=-1)) + 1
        self._impostor = np.zeros((count, BINS), np.int64)
        self._binned = np.zeros((count, BINS), np.int64)
        self._exact: list[list[np.ndarray]] = [[] for _ in range(count)]
        self._kept = 0

    def take(self, block: Block) -> None:
        """Count a block's pairs."""
        answers, groups = block.answers, self._groups[block.place]
        for row, group in enumerate(groups):
            self._impostor[group] += self._histogram(block.distances[row, ~block.mates[row]])
        for group in np.unique(groups):
            own = block.distances[answers & (groups == group)[:, None]]
            self._exact[group].append(own)
            self._kept += len(own)
        if self._kept > GENUINE_KEPT:
            self._fold()

    def result(self, groups: Int64[np.ndarray, " k"] | None = None) -> Pairs:
        """Return the pairs of some groups, of all when None."""
        chosen = range(len(self._exact)) if groups is None else groups.tolist()
        middles = (np.arange(BINS) + 0.5) / self._scale
        impostor = self._impostor[list(chosen)].sum(axis=0)
        binned = self._binned[list(chosen)].sum(axis=0)
        exact = [walk for group in chosen for walk in self._exact[group]]
        values, counts = _counted(np.concatenate(exact) if exact else np.zeros(0))
        if binned.any():
            binned += self._histogram(np.repeat(values, counts))
            values, counts = middles[binned > 0], binned[binned > 0]
        if not len(values) or not impostor.any():
            raise InputError("the pairs are all genuine or all impostors: wanted some of both kinds")
        return Pairs(values, counts, middles[impostor > 0], impostor[impostor > 0])

    def _fold(self) -> None:
        """Turn the genuine distances kept so far into a histogram."""
        for group, walks in enumerate(self._exact):
            for own in walks:
                self._binned[group] += self._histogram(own)
            walks.clear()
        self._kept = 0

    def _histogram(self, distances: Float[np.ndarray, " k"]) -> Int64[np.ndarray, " b"]:
        bins = np.minimum(distances * self._scale, BINS - 1).astype(np.int64)
        return np.bincount(bins, minlength=BINS)


def collect_pairs(
    embeddings: tuple[Float[np.ndarray, "n p c"], Float[np.ndarray, "m p c"]],
    labels: tuple[Shaped[np.ndarray, " n"], Shaped[np.ndarray, " m"]],
    metric: str = "euc",
    views: tuple[Shaped[np.ndarray, " n"], Shaped[np.ndarray, " m"]] | None = None,
) -> Pairs:
    """Compare all probes with the whole gallery in bounded memory.

    Args:
        embeddings: Of probes and gallery.
        labels: Who they are.
        metric: ``euc`` or ``cos``.
        views: Views of probes and gallery; see ``own_view``.
    """
    counts = PairCounts(largest_distance(embeddings, metric), np.zeros(len(labels[0]), np.int64))
    for block in compared(distance_rows(*embeddings, metric), labels, views):
        counts.take(block)
    return counts.result()


def largest_distance(embeddings: tuple[np.ndarray, np.ndarray], metric: str) -> float:
    """Return a bound of all distances: of the cosine 2, of the Euclidean the triangle inequality's."""
    if metric == "cos":
        return 2.0
    longest = [
        max((float(np.linalg.norm(walk, axis=1).mean()) for walk in side), default=0.0) for side in embeddings
    ]
    return max(sum(longest), 1e-12)


def _counted(distances: Float[np.ndarray, " k"]) -> tuple[np.ndarray, np.ndarray]:
    values, counts = np.unique(distances.astype(np.float64), return_counts=True)
    return values, counts.astype(np.int64)


def _share_within(values: np.ndarray, counts: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    passed = np.concatenate([[0], np.cumsum(counts)])
    share: np.ndarray = passed[np.searchsorted(values, thresholds, side="right")] / passed[-1]
    return share
