"""Exact search for the nearest people among many templates, in memory, without a database."""

from __future__ import annotations

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64, Int64

from gaitway.errors import InputError
from gaitway.recognition.blas import one_blas_thread
from gaitway.recognition.distance import METRICS

BLOCK = 4096  # templates whose memory is taken at a time
_ROWS = 512  # templates of one product: they, and what it gives for 64 probes, stay in a core's cache
_FEW = 8  # up to so many probes a whole block does
GROUP = 64  # templates whose nearest stands for all when looking for a bound; divides BLOCK
_PROBES = 64  # probes that go through the templates together
_PAIRS = 64  # exact distances that one thread takes at a time
_UNIT_ROUNDOFF = 2.0**-24
_FAR = np.float32(1e30)  # squared distance of an empty slot; not infinity, which times 0 is no number
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


class TemplateIndex:
    """Templates of one model, searched exactly; safe to use from several threads.

    Two stages. The first goes through all templates in float32: per part one matrix product gives the squared
    distances (the norms ride along as two more channels), their roots are averaged over the parts. The
    second takes all templates that rounding could put among the nearest and measures them directly, in
    float64, so that the order is the exact one, that of ``distance_matrix``.

    Several templates of one owner count as the nearest of them.

    Args:
        parts: Body parts P of a template.
        channels: Channels C of a part.
        metric: ``euc``, or ``cos``: one minus the cosine.
        threads: Blocks worked on side by side.

    Source:
        Higham and Mary, A New Approach to Probabilistic Rounding Error Analysis, SISC 2019 (an inner product
        of n terms is off by sqrt(n) units of rounding): the bound on the first stage.
    """

    def __init__(self, parts: int, channels: int, metric: str = "euc", threads: int = 2) -> None:
        if metric not in METRICS:
            raise InputError(f"metric is {metric!r}, wanted one of {', '.join(METRICS)}")
        self._shape = (parts, channels)
        self._metric = metric
        self._threads = max(threads, 1)
        self._blocks: list[np.ndarray] = []  # (P, BLOCK, C + 2) each; the last two channels: norm^2 and 1
        self._owner = np.full(0, -1, np.int64)
        self._template = np.full(0, -1, np.int64)
        self._slots: dict[int, int] = {}
        self._free: list[int] = []
        self._longest = 0.0
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
        return len(np.unique(self._owner[self._owner >= 0]))

    @property
    def nbytes(self) -> int:
        """Memory of the templates."""
        return sum(block.nbytes for block in self._blocks)

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
            self._owner[slots], self._template[slots] = owners, templates
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
            self._owner[slots] = owners

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
            block = np.zeros((self._shape[0], BLOCK, self._shape[1] + 2), np.float32)
            block[:, :, -2], block[:, :, -1] = _FAR, 1
            self._blocks.append(block)
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
            place = self._blocks[block][:, row : row + count]
            place[..., :-2] = embeddings[done : done + count].transpose(1, 0, 2)
            parts = place[..., :-2]
            if self._metric == "cos":
                parts /= np.maximum(np.linalg.norm(parts, axis=2, keepdims=True), 1e-12)
            norm2 = np.einsum("pnc,pnc->pn", parts, parts)
            place[..., -2] = norm2
            self._longest = max(self._longest, float(norm2.max()) ** 0.5)
            done += count

    def _vacate(self, slot: int) -> None:
        block, row = self._blocks[slot // BLOCK], slot % BLOCK
        block[:, row, :-2], block[:, row, -2] = 0, _FAR
        self._owner[slot] = self._template[slot] = -1

    # Search.

    def _nearest(self, probes: np.ndarray, k: int) -> list[_Found]:
        if not self._slots or k < 1:
            return [(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))] * len(probes)
        parts = probes.astype(np.float32)
        if self._metric == "cos":
            parts = parts / np.maximum(np.linalg.norm(parts, axis=2, keepdims=True), 1e-12)
        with one_blas_thread(), ThreadPoolExecutor(self._threads) as pool:
            coarse = self._coarse(parts, pool)
            margin = 2 * self._slack(parts)
            least = coarse.reshape(-1, GROUP, len(parts)).min(axis=1)
            wanted = k
            while True:
                is_all = wanted >= len(least)
                nearest = least.max(axis=0) if is_all else np.partition(least, wanted - 1, axis=0)[wanted - 1]
                bound = np.minimum(np.where(is_all, _FARTHEST, nearest + margin), _FARTHEST)
                slots, asked = np.nonzero(coarse <= bound)
                distance = self._measure(parts, slots, asked, pool)
                found = [self._ranked(slots[asked == i], distance[asked == i], k) for i in range(len(parts))]
                if is_all or all(
                    len(rows[0]) >= k and rows[2][-1] <= nearest[i] + margin / 2
                    for i, rows in enumerate(found)
                ):
                    return found
                wanted *= 4

    def _coarse(self, parts: np.ndarray, pool: ThreadPoolExecutor) -> np.ndarray:
        """Return the float32 distances of all slots, (slots, N)."""
        norm2 = np.einsum("npc,npc->np", parts, parts)[..., None]
        asked = np.concatenate([-2 * parts, np.ones_like(norm2), norm2 + self._lift(parts)], axis=2)
        asked = np.ascontiguousarray(asked.transpose(1, 2, 0))
        out = np.empty((len(self._blocks) * BLOCK, len(parts)), np.float32)
        rows = [out[i * BLOCK : (i + 1) * BLOCK] for i in range(len(self._blocks))]
        list(pool.map(lambda block, total: self._sum_parts(block, asked, total), self._blocks, rows))
        return out

    def _sum_parts(self, block: np.ndarray, asked: np.ndarray, total: np.ndarray) -> None:
        """Write the mean over parts of the distances of one block into ``total``, (BLOCK, N)."""
        height = _ROWS if total.shape[1] > _FEW else BLOCK
        product = np.empty((height, total.shape[1]), np.float32)
        scale = 1 / len(block) if self._metric == "euc" else 0.5 / len(block)  # of unit vectors: 1 - cosine
        for start in range(0, BLOCK, height):
            some = total[start : start + height]
            some[:] = 0
            for known, wanted in zip(block[:, start : start + height], asked, strict=True):
                np.matmul(known, wanted, out=product)
                if self._metric == "euc":
                    np.sqrt(product, out=product)
                some += product
            some *= scale

    def _lift(self, parts: np.ndarray) -> float:
        """Return what rounding can take from a squared distance: added, it keeps all of them above zero."""
        longest = float(np.sqrt(np.einsum("npc,npc->np", parts, parts)).max(initial=0.0)) + self._longest
        return float(np.sqrt(self._shape[1] + 2) * _UNIT_ROUNDOFF * longest**2)

    def _slack(self, parts: np.ndarray) -> float:
        """Return how far a coarse distance may be from the true one."""
        lift = 2 * self._lift(parts)
        return float(np.sqrt(lift)) if self._metric == "euc" else lift

    def _ranked(self, slots: np.ndarray, distance: np.ndarray, k: int) -> _Found:
        """Return the k nearest owners of one probe, their templates and distances."""
        order = np.lexsort((self._template[slots], distance))
        slots, distance = slots[order], distance[order]
        _, first = np.unique(self._owner[slots], return_index=True)
        first = np.sort(first)[:k]
        return self._owner[slots[first]], self._template[slots[first]], distance[first]

    def _measure(
        self, parts: np.ndarray, slots: np.ndarray, asked: np.ndarray, pool: ThreadPoolExecutor
    ) -> np.ndarray:
        """Return the exact distance of each template in ``slots`` to probe ``asked`` beside it."""
        out = np.empty(len(slots))

        def measure(start: int) -> None:
            some = slice(start, start + _PAIRS)
            known = np.stack([self._blocks[s // BLOCK][:, s % BLOCK, :-2] for s in slots[some].tolist()])
            difference = (known - parts[asked[some]]).astype(
                np.float64
            )  # float16 minus float32: exact enough
            squared = np.einsum("npc,npc->np", difference, difference)
            out[some] = (np.sqrt(squared) if self._metric == "euc" else squared / 2).mean(axis=1)

        list(pool.map(measure, range(0, len(slots), _PAIRS)))
        return out
