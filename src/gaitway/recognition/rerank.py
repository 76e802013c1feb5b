"""k-reciprocal re-ranking: neighbours who are each other's neighbours are nearer than their distance says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32

from gaitway.errors import InputError


@dataclass(frozen=True, slots=True)
class RerankConfig:
    """Settings; the defaults are the paper's.

    Attributes:
        k1: Neighbours looked at for reciprocity.
        k2: Neighbours averaged over (local query expansion); 1 turns it off.
        own_weight: Share of the original distance in the result (the paper's lambda).
    """

    k1: int = 20
    k2: int = 6
    own_weight: float = 0.3


def rerank(
    distances: Float[np.ndarray, "a a"], probes: int, config: RerankConfig | None = None
) -> Float32[np.ndarray, "n m"]:
    """Return re-ranked distances of the probes to the gallery.

    Args:
        distances: Between all of probes and gallery, probes first, (N + M, N + M).
        probes: N.
        config: Settings.

    Source:
        Zhong, Zheng, Cao and Li, Re-ranking Person Re-identification with k-reciprocal Encoding, CVPR 2017.
    """
    config = config or RerankConfig()
    total = len(distances)
    if distances.shape != (total, total) or not 0 < probes < total:
        raise InputError(
            f"distances have shape {distances.shape} for {probes} probes, wanted a square over all of both"
        )
    scaled = (distances / np.maximum(distances.max(axis=0), 1e-12)).T.astype(np.float32)
    order = np.argsort(scaled, axis=1, kind="stable")
    encoded = _encode(scaled, order, config.k1)
    if config.k2 > 1:
        encoded = np.stack([encoded[near].mean(axis=0) for near in order[:, : config.k2]])
    jaccard = _jaccard_distance(encoded, probes)
    own = config.own_weight
    final: np.ndarray = (1 - own) * jaccard + own * scaled[:probes, probes:]
    return final.astype(np.float32)


def _encode(scaled: np.ndarray, order: np.ndarray, k1: int) -> np.ndarray:
    """Return every sample's weighted set of k-reciprocal neighbours, one row each, summing to one."""
    encoded = np.zeros(scaled.shape, np.float32)
    half = _reciprocal(order, round(k1 / 2))
    for sample, near in enumerate(_reciprocal(order, k1)):
        grown = near
        for candidate in near:
            theirs = half[candidate]
            if len(np.intersect1d(theirs, near)) > 2 / 3 * len(theirs):
                grown = np.append(grown, theirs)
        members = np.unique(grown)
        weight = np.exp(-scaled[sample, members])
        encoded[sample, members] = weight / weight.sum()
    return encoded


def _reciprocal(order: np.ndarray, k: int) -> list[np.ndarray]:
    """Return per sample those of its k nearest (itself first) that have it among their k nearest."""
    near = order[:, : k + 1]
    return [mine[(near[mine] == sample).any(axis=1)] for sample, mine in enumerate(near)]


def _jaccard_distance(encoded: np.ndarray, probes: int) -> np.ndarray:
    """Return one minus shared over united weight, probes x gallery; only shared members cost anything."""
    total = len(encoded)
    gallery = encoded[probes:]
    holders = [np.flatnonzero(gallery[:, member]) for member in range(total)]
    shared = np.zeros((probes, total - probes), np.float32)
    for probe in range(probes):
        for member in np.flatnonzero(encoded[probe]):
            who = holders[member]
            shared[probe, who] += np.minimum(encoded[probe, member], gallery[who, member])
    return 1 - shared / (2 - shared)
