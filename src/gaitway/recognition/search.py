"""Exact search for the nearest people among many templates, in memory, without a database."""

from __future__ import annotations

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Float64, Int64

from gaitway.errors import InputError
from gaitway.recognition.blas import one_blas_thread
from gaitway.recognition.distance import METRICS
from gaitway.recognition.firststage import BLOCK, FirstStage, Float32Stage

GROUP = 64  # templates whose nearest stands for all when looking for a bound; divides BLOCK
_PROBES = 64  # probes that go through the templates together
_WRITTEN = 128  # templates written at a time: they stay in a core's cache
_PAIRS = 64  # exact distances that one thread takes at a time
_ROUGH = 1e-4  # far more than float32 may take from or add to a sum of squares of differences
_FARTHEST = 1e14  # below the distance of an empty slot, above every real one

_Found = tuple[np.ndarray, np.ndarray, np.ndarray]  # owners, their templates, distances


@dataclass(frozen=True, slots=True, eq=False)
class Ranked:
    """The nearest owners of each probe, nearest first; -1 and infinity where there are fewer than k.

    Attributes:
        owner: (N, k) int64.
        template: The owner's nearest template, (N, k) int64.
        distance: Mean over parts, (N, k) float64.
    """

    owner: Int64[np.ndarray, "n k"]
    template: Int64[np.ndarray, "n k"]
    distance: Float64[np.ndarray, "n k"]


def scaled(parts: Float[np.ndarray, "n p c"], metric: str) -> Float[np.ndarray, "n p c"]:
    """Return parts as they are measured: of unit length for cosines."""
    if metric == "euc":
        return parts
    long = parts.astype(np.float32)
    unit: np.ndarray = long / np.maximum(np.linalg.norm(long, axis=2, keepdims=True), 1e-12)
    return unit


class TemplateIndex:
    """Templates of one model, searched exactly; safe to use from several threads.

    Two stages. The first goes through all templates and knows how far off it may be. The second takes all
    templates that this could put among the nearest and measures them directly, in float64, so that the order
    is the exact one, that of ``distance_matrix``.

    Several templates of one owner count as the nearest of them.

    Args:
        parts: Body parts P of a template.
        channels: Channels C of a part.
        metric: ``euc``, or ``cos``: one minus the cosine.
        threads: Blocks worked on side by side.
        stage: The first stage, for this shape and metric; float32 products when None.
    """

    def __init__(
        self,
        parts: int,
        channels: int,
        metric: str = "euc",
        threads: int = 2,
        stage: FirstStage | None = None,
    ) -> None:
        if metric not in METRICS:
            raise InputError(f"metric is {metric!r}, wanted one of {', '.join(METRICS)}")
        self._shape = (parts, channels)
        self._metric = metric
        self._threads = max(threads, 1)
        self._stage = stage or Float32Stage(parts, channels, metric)
        self._blocks: list[Any] = []  # of the first stage
        self._owner = np.full(0, -1, np.int64)
        self._template = np.full(0, -1, np.int64)
        self._slots: dict[int, int] = {}
        self._owners: int | None = None  # counted when asked
        self._free: list[int] = []
        self._lock = threading.RLock()

    def __len__(self) -> int:
        return len(self._slots)

    @property
    def templates(self) -> frozenset[int]:
        """Ids of the templates in it."""
        return frozenset(self._slots)

    @property
    def owners(self) -> int:
        """How many owners they have."""
        with self._lock:
            if self._owners is None:
                self._owners = len(np.unique(self._owner[self._owner >= 0]))
            return self._owners

    @property
    def nbytes(self) -> int:
        """Memory of the templates."""
        return sum(self._stage.nbytes(block) for block in self._blocks)

    def add(
        self,
        templates: Int64[np.ndarray, " n"],
        owners: Int64[np.ndarray, " n"],
        embeddings: Float[np.ndarray, "n p c"],
    ) -> None:
        """Put templates in.

        Args:
            templates: Their ids, not in it yet.
            owners: Whose they are.
            embeddings: (N, P, C), any float type.

        Raises:
            InputError: The shape does not fit, or an id is there already.
        """
        if embeddings.shape[1:] != self._shape:
            raise InputError(
                f"templates have shape {embeddings.shape[1:]}, wanted {self._shape}: one model only"
            )
        with self._lock:
            known = self._slots.keys() & set(templates.tolist())
            if known or len(set(templates.tolist())) < len(templates):
                raise InputError(f"template ids repeat: {sorted(known)[:3]}: give every template its own")
            slots = self._take_slots(len(templates))
            breaks = np.flatnonzero(np.diff(slots) != 1) + 1
            for start, end in itertools.pairwise([0, *breaks.tolist(), len(slots)]):
                self._fill(slots[start:end], embeddings[start:end])
            self._owner[slots], self._template[slots], self._owners = owners, templates, None
            self._slots.update(zip(templates.tolist(), slots.tolist(), strict=True))

    def remove(self, templates: Int64[np.ndarray, " n"]) -> None:
        """Take templates out and overwrite their memory; ids that are not in it are ignored."""
        with self._lock:
            for template in templates.tolist():
                slot = self._slots.pop(template, None)
                if slot is None:
                    continue
                self._vacate(slot)
                self._free.append(slot)

    def assign(self, templates: Int64[np.ndarray, " n"], owners: Int64[np.ndarray, " n"]) -> None:
        """Give templates to (other) owners."""
        with self._lock:
            slots = [self._slots[template] for template in templates.tolist()]
            self._owner[slots], self._owners = owners, None

    def search(self, probes: Float[np.ndarray, "n p c"], k: int = 10) -> Ranked:
        """Return the ``k`` nearest owners of each probe.

        Raises:
            InputError: The shape does not fit.
        """
        if probes.ndim != 3 or probes.shape[1:] != self._shape:
            raise InputError(
                f"probes have shape {probes.shape}, wanted (N, {self._shape[0]}, {self._shape[1]})"
            )
        with self._lock:
            batches = [self._nearest(probes[i : i + _PROBES], k) for i in range(0, len(probes), _PROBES)]
        rows = [row for batch in batches for row in batch]
        out = Ranked(
            np.full((len(rows), k), -1), np.full((len(rows), k), -1), np.full((len(rows), k), np.inf)
        )
        for i, (owner, template, distance) in enumerate(rows):
            out.owner[i, : len(owner)] = owner
            out.template[i, : len(owner)] = template
            out.distance[i, : len(owner)] = distance
        return out

    # Memory.

    def _take_slots(self, count: int) -> np.ndarray:
        while len(self._free) < count:
            first = len(self._blocks) * BLOCK
            self._blocks.append(self._stage.block())
            self._free = list(range(first + BLOCK - 1, first - 1, -1)) + self._free
            self._owner = np.concatenate([self._owner, np.full(BLOCK, -1, np.int64)])
            self._template = np.concatenate([self._template, np.full(BLOCK, -1, np.int64)])
        taken = [self._free.pop() for _ in range(count)]
        return np.array(taken, np.int64)

    def _fill(self, slots: np.ndarray, embeddings: np.ndarray) -> None:
        """Write embeddings into neighbouring slots, which may lie in several blocks."""
        done = 0
        while done < len(slots):
            block, row = divmod(int(slots[done]), BLOCK)
            count = min(BLOCK - row, len(slots) - done)
            for start in range(0, count, _WRITTEN):
                some = slice(done + start, done + min(start + _WRITTEN, count))
                self._stage.write(self._blocks[block], row + start, scaled(embeddings[some], self._metric))
            done += count

    def _vacate(self, slot: int) -> None:
        self._stage.clear(self._blocks[slot // BLOCK], slot % BLOCK)
        self._owner[slot] = self._template[slot] = -1
        self._owners = None

    # Search.

    def _nearest(self, probes: np.ndarray, k: int) -> list[_Found]:
        if not self._slots or k < 1:
            return [(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))] * len(probes)
        parts = scaled(probes.astype(np.float32), self._metric)
        with one_blas_thread(), ThreadPoolExecutor(self._threads) as pool:
            coarse = self._coarse(parts, pool)
            below, above = self._stage.slack(parts)
            least = coarse.reshape(-1, GROUP, len(parts)).min(axis=1)
            wanted = k
            while True:
                is_all = wanted >= len(least)
                nearest = least.max(axis=0) if is_all else np.partition(least, wanted - 1, axis=0)[wanted - 1]
                few = self._measured(parts, np.nonzero(coarse <= np.minimum(nearest, _FARTHEST)), k, pool)
                # Whoever is among the k nearest is no farther than k owners that were measured.
                known = np.array([rows[2][-1] if len(rows[0]) >= k else np.inf for rows in few])
                limit = np.minimum(known, np.where(is_all, _FARTHEST, nearest + below))
                found = self._measured(
                    parts, np.nonzero(coarse <= np.minimum(limit + above, _FARTHEST)), k, pool
                )
                if is_all or all(
                    len(rows[0]) >= k and rows[2][-1] <= most
                    for rows, most in zip(found, limit.tolist(), strict=True)
                ):
                    return found
                wanted *= 4

    def _coarse(self, parts: np.ndarray, pool: ThreadPoolExecutor) -> np.ndarray:
        """Return the first stage's distances of all slots, (slots, N)."""
        measure = self._stage.ask(parts)
        out = np.empty((len(self._blocks) * BLOCK, len(parts)), np.float32)
        rows = [out[i * BLOCK : (i + 1) * BLOCK] for i in range(len(self._blocks))]
        list(pool.map(measure, self._blocks, rows))
        return out

    def _ranked(self, slots: np.ndarray, distance: np.ndarray, k: int) -> _Found:
        """Return the k nearest owners of one probe, their templates and distances."""
        order = np.lexsort((self._template[slots], distance))
        slots, distance = slots[order], distance[order]
        _, first = np.unique(self._owner[slots], return_index=True)
        first = np.sort(first)[:k]
        return self._owner[slots[first]], self._template[slots[first]], distance[first]

    def _measured(
        self, parts: np.ndarray, pairs: tuple[np.ndarray, ...], k: int, pool: ThreadPoolExecutor
    ) -> list[_Found]:
        """Return the k nearest owners of each probe, of the templates it is paired with (slots, probes).

        Differences in float32 first, which are off by little; in float64 those whose order this leaves open.
        """
        slots, asked = pairs
        rough = self._differences(parts, slots, asked, pool, np.float32)
        keep = np.zeros(len(slots), bool)
        for i in range(len(parts)):
            mine = np.flatnonzero(asked == i)
            last = self._ranked(slots[mine], rough[mine], k)[2][-1:]
            keep[mine] = rough[mine] <= last * (1 + _ROUGH)
        slots, asked = slots[keep], asked[keep]
        exact = self._differences(parts, slots, asked, pool, np.float64)
        return [self._ranked(slots[asked == i], exact[asked == i], k) for i in range(len(parts))]

    def _differences(
        self, parts: np.ndarray, slots: np.ndarray, asked: np.ndarray, pool: ThreadPoolExecutor, type_: type
    ) -> np.ndarray:
        """Return the distance of each template in ``slots`` to the probe ``asked`` beside it."""
        out: np.ndarray = np.empty(len(slots), type_)

        def measure(start: int) -> None:
            some = slice(start, start + _PAIRS)
            difference: np.ndarray = self._exact(slots[some]).astype(type_)
            difference -= parts[asked[some]]
            squared = np.einsum("npc,npc->np", difference, difference)
            out[some] = (np.sqrt(squared) if self._metric == "euc" else squared / 2).mean(axis=1)

        list(pool.map(measure, range(0, len(slots), _PAIRS)))
        return out

    def _exact(self, slots: np.ndarray) -> np.ndarray:
        """Return the templates of rising ``slots``, (N, P, C)."""
        blocks, rows = np.divmod(slots, BLOCK)
        breaks = [0, *(np.flatnonzero(np.diff(blocks)) + 1).tolist(), len(slots)]
        pieces = [
            self._stage.exact(self._blocks[int(blocks[a])], rows[a:b]) for a, b in itertools.pairwise(breaks)
        ]
        return np.concatenate(pieces)
