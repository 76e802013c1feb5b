"""Exact search through templates that come block by block and need not fit in memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int64

from gaitway.recognition.blas import one_blas_thread
from gaitway.recognition.firststage import BLOCK, FirstStage
from gaitway.recognition.search import Ranked, TemplateIndex, scaled

_TOGETHER = 64  # probes of one first stage's product
_MEASURED = BLOCK // 2  # templates fetched and measured exactly at a time
_PENDING = 1 << 21  # pairs of template and probe left open at most before they are measured: about 50 MB
_GROWN = 1.25  # so many times as many open pairs as before, and the bound is taken anew

Fetch = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Templates of a block of the first stage.

    Attributes:
        content: The stage's block.
        template: Their ids, (BLOCK,) int64.
        owner: Whose they are, (BLOCK,) int64; -1 where a row is empty or does not count.
    """

    content: Any
    template: Int64[np.ndarray, " b"]
    owner: Int64[np.ndarray, " b"]


def search_blocks(
    blocks: Iterable[Block],
    probes: Float[np.ndarray, "n p c"],
    k: int,
    *,
    stage: FirstStage,
    fetch: Fetch,
    metric: str = "euc",
    threads: int = 2,
    pending: int = _PENDING,
) -> Ranked:
    """Return the ``k`` nearest owners of each probe, the same as ``TemplateIndex.search`` does.

    All probes share one pass through the blocks. What the first stage cannot rule out is kept as a pair of
    numbers, and in the end fetched and put through a ``TemplateIndex``, nearest first, so that order and
    distances are its own.

    Args:
        blocks: Every template once.
        probes: (N, P, C).
        k: Owners wanted.
        stage: Of the blocks; its slack holds for all of them.
        fetch: Returns the embeddings (M, P, C) of template ids (M,).
        metric: ``euc`` or ``cos``.
        threads: Blocks measured side by side.
        pending: Pairs left open at most before they are measured.
    """
    n = len(probes)
    if not n or k < 1:
        return Ranked(np.full((n, k), -1), np.full((n, k), -1), np.full((n, k), np.inf))
    groups = [
        _Group(probes[i : i + _TOGETHER], k, stage, fetch, metric, threads) for i in range(0, n, _TOGETHER)
    ]
    with one_blas_thread(), ThreadPoolExecutor(threads) as pool:
        for block, coarse in _measured(blocks, groups, pool, threads):
            for group, distances in zip(groups, coarse, strict=True):
                group.sift(block, distances)
                if group.waiting > pending // len(groups):
                    group.settle()
    found = []
    while groups:  # one after another: what a group measures is in memory only while it does
        found.append(groups.pop(0).settle())
    return Ranked(
        np.concatenate([one.owner for one in found]),
        np.concatenate([one.template for one in found]),
        np.concatenate([one.distance for one in found]),
    )


def _measured(
    blocks: Iterable[Block], groups: list[_Group], pool: ThreadPoolExecutor, threads: int
) -> Iterator[tuple[Block, list[np.ndarray]]]:
    """Yield each block with every group's first distances, measured while the next ones are read."""
    waiting: deque[tuple[Block, Future[list[np.ndarray]]]] = deque()
    for block in blocks:
        waiting.append((block, pool.submit(lambda b: [group.coarse(b) for group in groups], block)))
        if len(waiting) > threads:
            done, future = waiting.popleft()
            yield done, future.result()
    for done, future in waiting:
        yield done, future.result()


class _Group:
    """Some probes' search: the pairs that are open, and the nearest of what was measured."""

    def __init__(  # noqa: PLR0917 - made in one place
        self, probes: np.ndarray, k: int, stage: FirstStage, fetch: Fetch, metric: str, threads: int
    ) -> None:
        self._probes, self._k, self._fetch = probes, k, fetch
        parts = scaled(probes.astype(np.float32), metric)
        self._measure = stage.ask(parts)
        self._below, self._above = stage.slack(parts)
        _, bands, channels = probes.shape
        self._index = TemplateIndex(bands, channels, metric, threads)
        self._ranked = self._index.search(probes, k)
        self._limit = np.full(len(probes), np.inf)  # of the k-th owner measured
        self._nearest = np.full(len(probes), np.inf)  # the k-th owner's among the pairs
        self._tight = 0  # pairs after the last tightening
        self._probe = np.zeros(0, np.int64)
        self._template = np.zeros(0, np.int64)
        self._owner = np.zeros(0, np.int64)
        self._coarse = np.zeros(0, np.float32)

    @property
    def waiting(self) -> int:
        """Pairs that are open."""
        return len(self._probe)

    def coarse(self, block: Block) -> np.ndarray:
        """Return the first stage's distances of a block, (BLOCK, N)."""
        out = np.empty((BLOCK, len(self._probes)), np.float32)
        self._measure(block.content, out)
        return out

    def sift(self, block: Block, coarse: np.ndarray) -> None:
        """Keep the pairs that may be among the nearest."""
        coarse[block.owner < 0] = np.inf
        slots, probe = np.nonzero(coarse <= np.minimum(self._reach(), np.finfo(np.float32).max))
        if not len(slots):
            return
        self._probe = np.concatenate([self._probe, probe])
        self._template = np.concatenate([self._template, block.template[slots]])
        self._owner = np.concatenate([self._owner, block.owner[slots]])
        self._coarse = np.concatenate([self._coarse, coarse[slots, probe]])
        if self.waiting > _GROWN * self._tight:
            self._tighten()
            self._tight = self.waiting

    def settle(self) -> Ranked:
        """Measure what is open; return the nearest so far."""
        near = self._coarse <= self._nearest[self._probe]  # k owners of each probe, if there are so many
        first = np.unique(self._template[near])
        self._take(first)
        rest = self._coarse <= self._reach()[self._probe]
        self._take(np.setdiff1d(self._template[rest], first))
        self._keep(np.zeros(len(self._probe), bool))
        self._nearest[:], self._tight = np.inf, 0
        return self._ranked

    def _reach(self) -> np.ndarray:
        """Return the first stage's distance up to which a template may be among the nearest, per probe."""
        reach: np.ndarray = np.minimum(self._limit, self._nearest + self._below) + self._above
        return reach

    def _tighten(self) -> None:
        """Drop the pairs that nearer ones rule out: k other owners, or another template of the owner."""
        order = np.lexsort((self._coarse, self._owner, self._probe))
        probe, owner, coarse = self._probe[order], self._owner[order], self._coarse[order]
        is_first = np.ones(len(order), bool)
        is_first[1:] = (probe[1:] != probe[:-1]) | (owner[1:] != owner[:-1])
        best, of = coarse[is_first], probe[is_first]
        by_distance = np.lexsort((best, of))
        kth = np.searchsorted(of, np.arange(len(self._probes))) + self._k - 1
        is_there = kth < np.searchsorted(of, np.arange(len(self._probes)), "right")
        self._nearest[is_there] = best[by_distance][kth[is_there]]
        mine = np.empty_like(coarse)
        mine[order] = best[np.cumsum(is_first) - 1]
        self._keep(self._coarse <= np.minimum(self._reach()[self._probe], mine + self._below + self._above))

    def _keep(self, which: np.ndarray) -> None:
        self._probe, self._template = self._probe[which], self._template[which]
        self._owner, self._coarse = self._owner[which], self._coarse[which]

    def _take(self, templates: np.ndarray) -> None:
        """Measure templates; what is not among the nearest is let go."""
        order = np.argsort(self._template, kind="stable")
        known = self._template[order]
        for start in range(0, len(templates), _MEASURED):
            some = templates[start : start + _MEASURED]
            owners = self._owner[order[np.searchsorted(known, some)]]
            self._index.add(some, owners, self._fetch(some))
            self._ranked = self._index.search(self._probes, self._k)
            self._limit = self._ranked.distance[:, -1].copy()
            losers = self._index.templates - set(self._ranked.template.ravel().tolist())
            self._index.remove(np.array(sorted(losers), np.int64))
