"""Open-set identification: is the person in the gallery at all, and if so, who?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float64, Shaped

from gaitway.errors import InputError
from gaitway.evaluation.ranking import Block, compared, distance_rows


@dataclass(frozen=True, slots=True, eq=False)
class OpenSet:
    """Each probe's nearest gallery walk.

    Attributes:
        distance: To it, (N,).
        right: It is the probe's own person, (N,).
        mated: The probe's person is in the gallery at all, (N,).

    Source:
        ISO/IEC 19795-1:2021 (FPIR, FNIR); NIST IR 8271 for their use with rank 1 and a threshold.
    """

    distance: Float64[np.ndarray, " n"]
    right: Bool[np.ndarray, " n"]
    mated: Bool[np.ndarray, " n"]

    def __post_init__(self) -> None:
        if self.mated.all() or not self.mated.any():
            raise InputError(
                f"{int(self.mated.sum())} of {len(self.mated)} probes are in the gallery: "
                "open-set rates need probes of people in it and of people not in it"
            )

    def fpir(self, threshold: float) -> float:
        """Return the share of strangers who get a name at ``threshold``, in percent."""
        return float(100 * (self.distance[~self.mated] <= threshold).mean())

    def fnir(self, threshold: float) -> float:
        """Return the share of known people who do not get their own name at ``threshold``, in percent."""
        named = self.right[self.mated] & (self.distance[self.mated] <= threshold)
        return float(100 * (1 - named.mean()))

    def threshold_at_fpir(self, percent: float) -> float:
        """Return the largest threshold at which at most ``percent`` of the strangers get a name."""
        strangers = np.sort(self.distance[~self.mated])
        allowed = int(np.floor(percent / 100 * len(strangers) + 1e-9))
        return float("inf") if allowed >= len(strangers) else float(np.nextafter(strangers[allowed], -np.inf))

    def fnir_at_fpir(self, percent: float) -> float:
        """Return the false negative rate at a false positive rate of at most ``percent``, in percent."""
        return self.fnir(self.threshold_at_fpir(percent))

    def curve(self) -> tuple[Float64[np.ndarray, " t"], Float64[np.ndarray, " t"], Float64[np.ndarray, " t"]]:
        """Return thresholds, FPIR and FNIR in percent at each: a DET curve."""
        thresholds = np.concatenate([[-np.inf], np.unique(self.distance)])
        strangers = np.sort(self.distance[~self.mated])
        named = np.sort(self.distance[self.mated & self.right])
        fpir = 100 * np.searchsorted(strangers, thresholds, side="right") / len(strangers)
        fnir = 100 * (1 - np.searchsorted(named, thresholds, side="right") / self.mated.sum())
        return thresholds, fpir, fnir


class NearestWalks:
    """Finds every probe's nearest gallery walk block by block.

    Args:
        count: Probes in all.
        enrolled: Which gallery walks are in the gallery; the others make strangers.
    """

    def __init__(self, count: int, enrolled: Bool[np.ndarray, " m"]) -> None:
        self._enrolled = enrolled
        self._distance = np.full(count, np.inf)
        self._right, self._mated = np.zeros(count, bool), np.zeros(count, bool)

    def take(self, block: Block) -> None:
        """Find the nearest walks of a block's probes."""
        answers = block.answers & self._enrolled
        self._mated[block.place] = answers.any(axis=1)
        allowed = answers | (~block.mates & self._enrolled)
        open_distances = np.where(allowed, block.distances, np.inf)
        best = np.argmin(open_distances, axis=1)
        each = np.arange(len(best))
        self._distance[block.place] = open_distances[each, best]
        self._right[block.place] = answers[each, best]

    def result(self) -> tuple[Float64[np.ndarray, " n"], Bool[np.ndarray, " n"], Bool[np.ndarray, " n"]]:
        """Return what all blocks gave: an ``OpenSet``'s distance, right and mated."""
        return self._distance, self._right, self._mated


def find_nearest(
    embeddings: tuple[Float[np.ndarray, "n p c"], Float[np.ndarray, "m p c"]],
    labels: tuple[Shaped[np.ndarray, " n"], Shaped[np.ndarray, " m"]],
    metric: str = "euc",
    views: tuple[Shaped[np.ndarray, " n"], Shaped[np.ndarray, " m"]] | None = None,
) -> OpenSet:
    """Find every probe's nearest gallery walk, in bounded memory.

    Args:
        embeddings: Of probes and gallery.
        labels: Who they are; probes whose label the gallery lacks are the strangers.
        metric: ``euc`` or ``cos``.
        views: Views of probes and gallery; see ``own_view``.
    """
    walks = NearestWalks(len(labels[0]), np.ones(len(labels[1]), bool))
    for block in compared(distance_rows(*embeddings, metric), labels, views):
        walks.take(block)
    return OpenSet(*walks.result())


def hold_out_subjects(
    labels: Shaped[np.ndarray, " m"], share: float = 0.5, seed: int = 0
) -> Bool[np.ndarray, " m"]:
    """Return which gallery walks stay when a random share of the subjects is left out, to make strangers."""
    subjects = np.unique(labels)
    left_out = np.random.default_rng(seed).permutation(subjects)[: round(share * len(subjects))]
    return ~np.isin(labels, left_out)
