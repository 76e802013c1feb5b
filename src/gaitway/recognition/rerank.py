"""k-reciprocal re-ranking: neighbours who are each other's neighbours are nearer than their distance says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32, Int64
from scipy.sparse import csc_array, csr_array

from gaitway.errors import InputError

Rows = Iterator[tuple[slice, Float[np.ndarray, "_ a"]]]


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
    if distances.shape != (len(distances), len(distances)):
        raise InputError(f"distances have shape {distances.shape}, wanted a square over all of both")
    whole = slice(0, len(distances))
    blocks = rerank_rows(lambda: iter([(whole, distances)]), len(distances), probes, config)
    return np.concatenate([rows for _, rows in blocks])


def rerank_rows(
    rows: Callable[[], Rows], total: int, probes: int, config: RerankConfig | None = None
) -> Iterator[tuple[slice, Float32[np.ndarray, "_ m"]]]:
    """Yield re-ranked rows, probes by gallery, in bounded memory.

    Each walk's neighbours are kept, a few hundred numbers; the distances are asked for three times.

    Args:
        rows: Gives the rows of the distances between all of probes and gallery, probes first, from the top,
            some at a time; called three times.
        total: N + M.
        probes: N.
        config: Settings.

    Source:
        As ``rerank``.
    """
    config = config or RerankConfig()
    if not 0 < probes < total:
        raise InputError(
            f"{probes} probes of {total} walks, wanted a square over all of both, and some of each"
        )
    largest, near = _nearest(rows(), total, max(config.k1 + 1, config.k2))
    encoded = _encode(rows(), _neighbourhoods(near, config.k1), largest)
    if config.k2 > 1:
        encoded = _averaged(encoded, near[:, : config.k2])
    holders = encoded[probes:].tocsc()
    for place, distances in rows():
        stop = min(place.stop, probes)
        if place.start >= probes:
            return
        own = distances[: stop - place.start, probes:] / largest[place.start : stop, None]
        jaccard = np.stack([_jaccard(encoded, probe, holders) for probe in range(place.start, stop)])
        weight = config.own_weight
        yield slice(place.start, stop), ((1 - weight) * jaccard + weight * own).astype(np.float32)


def _nearest(rows: Rows, total: int, k: int) -> tuple[np.ndarray, Int64[np.ndarray, "a k"]]:
    """Return every walk's largest distance and its k nearest, itself first, ties in order."""
    k = min(k, total)
    largest, near = np.empty(total), np.empty((total, k), np.int64)
    for place, distances in rows:
        largest[place] = np.maximum(distances.max(axis=1), 1e-12)
        scaled = (distances / largest[place, None]).astype(np.float32)
        for row, out in zip(scaled, near[place], strict=True):
            limit = np.partition(row, k - 1)[k - 1]
            among = np.flatnonzero(row <= limit)
            out[:] = among[np.argsort(row[among], kind="stable")[:k]]
    return largest, near


def _neighbourhoods(near: Int64[np.ndarray, "a k"], k1: int) -> list[np.ndarray]:
    """Return every walk's k-reciprocal neighbours, grown by those of neighbours that share most of theirs."""
    mutual, half = _reciprocal(near, k1), _reciprocal(near, round(k1 / 2))
    grown = []
    for own in mutual:
        members = [own]
        for candidate in own:
            theirs = half[candidate]
            if np.isin(theirs, own).sum() > 2 / 3 * len(theirs):
                members.append(theirs)
        grown.append(np.unique(np.concatenate(members)))
    return grown


def _reciprocal(order: np.ndarray, k: int) -> list[np.ndarray]:
    """Return per walk those of its k nearest (itself first) that have it among their k nearest."""
    near = order[:, : k + 1]
    return [mine[(near[mine] == walk).any(axis=1)] for walk, mine in enumerate(near)]


def _encode(rows: Rows, members: list[np.ndarray], largest: np.ndarray) -> csr_array:
    """Return every walk's weighted set of neighbours, one row each, summing to one."""
    weights: list[np.ndarray] = []
    for place, distances in rows:
        for walk, row in zip(range(place.start, place.stop), distances, strict=True):
            weight = np.exp(-(row[members[walk]] / largest[walk]).astype(np.float32))
            weights.append(weight / weight.sum())
    ends = np.cumsum([0, *(len(m) for m in members)])
    shape = (len(members), len(members))
    return csr_array((np.concatenate(weights), np.concatenate(members), ends), shape=shape)


def _averaged(encoded: csr_array, near: Int64[np.ndarray, "a k"]) -> csr_array:
    """Return each walk's set averaged over its nearest walks' sets."""
    count, k = near.shape
    share = np.full(near.size, 1 / k, np.float32)
    mixed = csr_array((share, near.ravel(), np.arange(0, near.size + 1, k)), shape=(count, count)) @ encoded
    return csr_array(mixed)


def _jaccard(encoded: csr_array, probe: int, holders: csc_array) -> Float32[np.ndarray, " m"]:
    """Return one minus shared over united weight with every gallery walk; only shared members cost."""
    shared = np.zeros(holders.shape[0], np.float32)
    for place in range(encoded.indptr[probe], encoded.indptr[probe + 1]):
        member = encoded.indices[place]
        of = slice(holders.indptr[member], holders.indptr[member + 1])
        shared[holders.indices[of]] += np.minimum(encoded.data[place], holders.data[of])
    united = 2 - shared
    return np.asarray(1 - shared / united, np.float32)
