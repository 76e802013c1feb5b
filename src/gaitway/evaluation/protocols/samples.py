"""Embeddings with who, how and from where: what every protocol chooses its probes and gallery from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float32, Shaped

from gaitway.errors import InputError
from gaitway.evaluation.ranking import distance_rows
from gaitway.recognition.distance import METRICS
from gaitway.recognition.rerank import RerankConfig, rerank_rows


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """N sequences of a data set.

    Attributes:
        embeddings: (N, P, C).
        labels: Subject of each.
        types: Condition or recording of each ("nm-01", "00", "U0_D0", ...).
        views: Camera or view of each.
        metric: ``euc`` or ``cos``.
    """

    embeddings: Float[np.ndarray, "n p c"]
    labels: Shaped[np.ndarray, " _"]
    types: Shaped[np.ndarray, " _"]
    views: Shaped[np.ndarray, " _"]
    metric: str = "euc"

    def __post_init__(self) -> None:
        count = len(self.embeddings)
        lengths = [len(self.labels), len(self.types), len(self.views)]
        if any(length != count for length in lengths):
            raise InputError(f"{count} embeddings came with {lengths} labels, types and views: pass one each")
        if not np.isfinite(np.sum(self.embeddings, dtype=np.float64)):
            raise InputError("the embeddings have values that are not finite: encode those sequences again")
        if self.metric not in METRICS:
            raise InputError(f"metric is {self.metric!r}, wanted one of {', '.join(METRICS)}")

    def __len__(self) -> int:
        return len(self.labels)

    def where(self, mask: Bool[np.ndarray, " n"]) -> Samples:
        """Return the sequences where ``mask`` holds."""
        return Samples(
            self.embeddings[mask], self.labels[mask], self.types[mask], self.views[mask], self.metric
        )

    def of_types(self, types: Sequence[str]) -> Samples:
        """Return the sequences of the given types; an empty choice is an error that lists what there is."""
        return self.require(self.has_type(types), f"type {' or '.join(types)}")

    def with_type_like(self, pieces: Sequence[str]) -> Samples:
        """Return the sequences whose type has one of ``pieces`` in it."""
        return self.require(self.has_type_like(pieces), f"{' or '.join(pieces)} in its type")

    def has_type(self, types: Sequence[str]) -> Bool[np.ndarray, " n"]:
        """Return which sequences are of one of ``types``."""
        return np.isin(self.types, list(types))

    def has_type_like(self, pieces: Sequence[str]) -> Bool[np.ndarray, " n"]:
        """Return which sequences have one of ``pieces`` in their type."""
        mask = np.zeros(len(self), bool)
        for piece in pieces:
            mask |= np.char.find(self.types.astype(str), piece) >= 0
        return mask

    def require(self, mask: Bool[np.ndarray, " n"], what: str) -> Samples:
        """Return the sequences where ``mask`` holds, or raise naming what is missing."""
        if not mask.any():
            present = ", ".join(np.unique(self.types.astype(str))[:12])
            raise InputError(
                f"no sequence has {what}; types present: {present}: check the data or the protocol"
            )
        return self.where(mask)


def compare(
    probes: Samples, gallery: Samples, rerank: RerankConfig | None = None
) -> Iterator[tuple[slice, Float32[np.ndarray, "_ m"]]]:
    """Yield rows of the distances of probes to gallery, re-ranked if so configured, in bounded memory."""
    if rerank is None:
        return distance_rows(probes.embeddings, gallery.embeddings, probes.metric)
    both = np.concatenate([probes.embeddings, gallery.embeddings])
    return rerank_rows(lambda: distance_rows(both, both, probes.metric), len(both), len(probes), rerank)
