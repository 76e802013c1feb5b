"""Open-set identification: is the person in the gallery at all, and if so, who?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float64, Shaped

from gaitway.errors import InputError
from gaitway.evaluation.ranking import distance_rows, own_view


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
    count = len(labels[0])
    distance, right, mated = np.empty(count), np.empty(count, bool), np.empty(count, bool)
    for place, distances in distance_rows(*embeddings, metric):
        mates = labels[0][place][:, None] == labels[1][None]
        skipped = own_view(mates, None if views is None else (views[0][place], views[1]))
        mated[place] = (mates & ~skipped).any(axis=1)
        distances[skipped] = np.inf
        best = np.argmin(distances, axis=1)
        distance[place] = distances[np.arange(len(best)), best]
        right[place] = labels[1][best] == labels[0][place]
    return OpenSet(distance, right, mated)


def hold_out_subjects(
    labels: Shaped[np.ndarray, " m"], share: float = 0.5, seed: int = 0
) -> Bool[np.ndarray, " m"]:
    """Return which gallery walks stay when a random share of the subjects is left out, to make strangers."""
    subjects = np.unique(labels)
    left_out = np.random.default_rng(seed).permutation(subjects)[: round(share * len(subjects))]
    return ~np.isin(labels, left_out)
