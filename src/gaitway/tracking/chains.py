"""Chains of pieces, one a person: exchanges between them where looks reach over pieces that show nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from jaxtyping import Int64

from gaitway.tracking.association import Pairs

Rows = Int64[np.ndarray, " _"]
Link = tuple[int, int]
Against = Callable[[int, int], float]

NOBODY = -1
LEAST_GAIN = 1e-6  # nats; less is rounding
MAX_ROUNDS = 20


class Chains:
    """Who follows whom, and what it is worth.

    An assignment weighs every link alone. Where two people meet, the pieces between are short and lie on
    each other, so that nothing is known of their looks, and a chain can enter the meeting as one person and
    leave it as the other. Here a piece is compared with the nearest one before it in its chain that can be
    compared.

    Args:
        gains: Log odds of every possible link by motion alone.
        before: First pieces of the links to begin with.
        after: Their second pieces.
        spans: First and last frame of every piece, (2, n).
        against: Given two pieces, what their looks speak against one person, in nats; 0 where nothing is
            known.
        reach: Pieces farther apart, in frames, are not compared.
    """

    def __init__(
        self,
        gains: Pairs,
        before: Rows,
        after: Rows,
        *,
        spans: Int64[np.ndarray, "2 n"],
        against: Against,
        reach: float,
    ) -> None:
        pairs = zip(gains.rows.tolist(), gains.columns.tolist(), strict=True)
        self._gain: dict[Link, float] = dict(zip(pairs, gains.value.tolist(), strict=True))
        self._first, self._last = spans[0].tolist(), spans[1].tolist()
        self._against = against
        self._reach = reach
        self._next, self._previous = [NOBODY] * spans.shape[1], [NOBODY] * spans.shape[1]
        for a, b in zip(before.tolist(), after.tolist(), strict=True):
            self._join(a, b)

    def improve(self) -> None:
        """Exchange what follows two pieces, or part two, as long as the sum of log odds rises.

        The most valuable exchanges of a round come first, each only if it still pays when its turn comes.
        """
        for _ in range(MAX_ROUNDS):
            found = [(self._try(*pair), pair) for pair in self._gain]
            found = sorted((more, pair) for more, pair in found if more > LEAST_GAIN)
            if not found:
                return
            for _, pair in reversed(found):
                self._try(*pair, keep=True)

    def links(self) -> tuple[Rows, Rows]:
        """Return the pieces that another follows, and those."""
        after = np.array(self._next, np.int64)
        before = np.flatnonzero(after != NOBODY)
        return before, after[before]

    def _try(self, a: int, d: int, *, keep: bool = False) -> float:
        """Let ``d`` follow ``a``, and what followed ``a`` follow whom ``d`` did; or part those two.

        Returns:
            How much is won. Only if something is, and it is to ``keep``, does it stay so.
        """
        b, c = self._next[a], self._previous[d]
        if b == d:
            links, other = [(a, d)], [(a, NOBODY), (NOBODY, d)]
        elif (c, b) in self._gain:
            links, other = [(a, b), (c, d)], [(a, d), (c, b)]
        else:
            links, other = [(a, b), (c, d)], [(a, d), (c, NOBODY), (NOBODY, b)]
        as_it_is = self._worth(links)
        self._set(other)
        more = self._worth(other) - as_it_is
        if not (keep and more > LEAST_GAIN):
            self._set(links)
        return more

    def _set(self, links: list[Link]) -> None:
        for a, b in links:
            self._join(a, b)

    def _join(self, a: int, b: int) -> None:
        if a != NOBODY:
            self._next[a] = b
        if b != NOBODY:
            self._previous[b] = a

    def _worth(self, links: list[Link]) -> float:
        """Return the log odds of these links and of all looks that depend on them."""
        total = sum(self._gain[link] for link in links if NOBODY not in link)
        looks: dict[int, float] = {}
        for _, b in links:
            looks |= self._looks_from(b)
        return total - sum(looks.values())

    def _looks_from(self, first: int) -> dict[int, float]:
        """Return what looks speak against each piece from one on, as far as what came before that matters."""
        found: dict[int, float] = {}
        for piece in self._along(first):
            nats, before = self._looks(piece)
            if before == first or before in found:
                break
            found[piece] = nats
        return found

    def _along(self, piece: int) -> Iterator[int]:
        """Yield a piece and those that follow it, as long as it matters what came before the first."""
        end = self._first[piece] + self._reach  # of NOBODY there is none
        while piece != NOBODY and self._first[piece] <= end:
            yield piece
            piece = self._next[piece]

    def _looks(self, piece: int) -> tuple[float, int]:
        """Return what speaks against a piece and the nearest before it with which it can be compared."""
        before = self._previous[piece]
        while before != NOBODY and self._first[piece] - self._last[before] <= self._reach:
            nats = self._against(before, piece)
            if nats:
                return nats, before
            before = self._previous[before]
        return 0.0, NOBODY
