"""Are these two walks one person? False match and false non-match rates, and where they are equal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64, Int64, Shaped

from gaitway.errors import InputError
from gaitway.evaluation.ranking import distance_rows, own_view

BINS = 1 << 16  # resolution at which impostor distances are kept: 1/65536 of their range


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Distances of genuine pairs, and a histogram of those of impostor pairs.

    Attributes:
        genuine: Sorted, (G,).
        impostor: Distinct distances, rising, (I,).
        counts: How often each occurs, (I,).
    """

    genuine: Float64[np.ndarray, " g"]
    impostor: Float64[np.ndarray, " i"]
    counts: Int64[np.ndarray, " i"]

    @classmethod
    def of(cls, genuine: Float[np.ndarray, " g"], impostor: Float[np.ndarray, " k"]) -> Pairs:
        """Keep every distance as it is."""
        if not len(genuine) or not len(impostor):
            raise InputError(
                f"{len(genuine)} genuine and {len(impostor)} impostor pairs: wanted some of both kinds"
            )
        values, counts = np.unique(impostor.astype(np.float64), return_counts=True)
        return cls(np.sort(genuine.astype(np.float64)), values, counts.astype(np.int64))

    def fmr(self, threshold: float) -> float:
        """Return the share of impostor pairs at or below ``threshold``, in percent."""
        passed = self.counts[: np.searchsorted(self.impostor, threshold, side="right")].sum()
        return float(100 * passed / self.counts.sum())

    def fnmr(self, threshold: float) -> float:
        """Return the share of genuine pairs above ``threshold``, in percent."""
        passed = np.searchsorted(self.genuine, threshold, side="right")
        return float(100 * (1 - passed / len(self.genuine)))

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
        passed = np.concatenate([[0], np.cumsum(self.counts)])
        fmr = 100 * passed[np.searchsorted(self.impostor, thresholds, side="right")] / passed[-1]
        fnmr = 100 * (1 - np.searchsorted(self.genuine, thresholds, side="right") / len(self.genuine))
        return thresholds, fmr, fnmr


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
    top = _largest_distance(embeddings, metric)
    counts = np.zeros(BINS, np.int64)
    genuine: list[np.ndarray] = []
    for place, distances in distance_rows(*embeddings, metric):
        mates = labels[0][place][:, None] == labels[1][None]
        skipped = own_view(mates, None if views is None else (views[0][place], views[1]))
        genuine.append(distances[mates & ~skipped])
        bins = np.minimum(distances[~mates] * (BINS / top), BINS - 1).astype(np.int64)
        counts += np.bincount(bins, minlength=BINS)
    filled = np.flatnonzero(counts)
    if not len(filled) or not sum(map(len, genuine)):
        raise InputError("the pairs are all genuine or all impostors: wanted some of both kinds")
    own = np.sort(np.concatenate(genuine).astype(np.float64))
    return Pairs(own, (filled + 0.5) * (top / BINS), counts[filled])


def _largest_distance(embeddings: tuple[np.ndarray, np.ndarray], metric: str) -> float:
    """Return a bound of all distances: of the cosine 2, of the Euclidean the triangle inequality's."""
    if metric == "cos":
        return 2.0
    longest = [
        max((float(np.linalg.norm(walk, axis=1).mean()) for walk in side), default=0.0) for side in embeddings
    ]
    return max(sum(longest), 1e-12)
