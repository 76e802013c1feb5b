"""The first stage of a search: every template's distance, fast, and off by no more than a known amount."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Float32, Int64

BLOCK = 4096  # templates whose memory is taken at a time
FAR = np.float32(1e30)  # squared distance of an empty slot; not infinity, which times 0 is no number
_UNIT_ROUNDOFF = 2.0**-24
_ROWS = 512  # templates of one product: they, and what it gives for 64 probes, stay in a core's cache
_FEW = 8  # up to so many probes a whole block does

Measure = Callable[[Any, Float32[np.ndarray, "b n"]], None]


@runtime_checkable
class FirstStage(Protocol):
    """Keeps blocks of ``BLOCK`` templates in a form of its own, and measures them."""

    def block(self) -> Any:
        """Return an empty block."""
        ...

    def nbytes(self, block: Any) -> int:
        """Return a block's memory."""
        ...

    def write(self, block: Any, row: int, parts: Float[np.ndarray, "n p c"]) -> None:
        """Put templates into a block, from ``row`` on."""
        ...

    def clear(self, block: Any, row: int) -> None:
        """Overwrite a row; what is there is far from everything."""
        ...

    def exact(self, block: Any, rows: Int64[np.ndarray, " n"]) -> Float[np.ndarray, "n p c"]:
        """Return templates as they were written."""
        ...

    def packed(self, block: Any) -> Any:
        """Return what is measured of a block, (P, BLOCK, width), to be kept elsewhere."""
        ...

    def unpacked(self, content: Any) -> Any:
        """Return the block of ``packed``, to be measured only: without the templates as they were written."""
        ...

    def bounds(self) -> tuple[float, float]:
        """Return what ``slack`` follows from: the longest part written, and the farthest that one moved."""
        ...

    def widen(self, longest: float, moved: float) -> None:
        """Let ``slack`` hold for blocks written elsewhere, under the ``bounds`` there."""
        ...

    def ask(self, probes: Float32[np.ndarray, "n p c"]) -> Measure:
        """Return what writes a block's distances to ``probes`` into an array (BLOCK, N), from any thread."""
        ...

    def slack(self, probes: Float32[np.ndarray, "n p c"]) -> tuple[float, float]:
        """Return how far below and how far above the exact distance a measured one may be."""
        ...


class Float32Stage:
    """Matrix products of numpy's: one per part gives squared distances, as the norms ride along as channels.

    Args:
        parts: P.
        channels: C.
        metric: ``euc``, or ``cos`` for templates and probes whose parts have unit length.
    """

    def __init__(self, parts: int, channels: int, metric: str) -> None:
        self._shape, self._metric = (parts, channels), metric
        self._longest = 0.0

    def block(self) -> np.ndarray:
        """Return an empty block (P, BLOCK, C + 2); the last two channels: squared length and 1."""
        parts, channels = self._shape
        block = np.zeros((parts, BLOCK, channels + 2), np.float32)
        block[:, :, -2], block[:, :, -1] = FAR, 1
        return block

    def nbytes(self, block: np.ndarray) -> int:
        """Return a block's memory."""
        return block.nbytes

    def write(self, block: np.ndarray, row: int, parts: Float[np.ndarray, "n p c"]) -> None:
        """Put templates into a block, from ``row`` on."""
        parts = parts.astype(np.float32)
        place = block[:, row : row + len(parts)]
        place[..., :-2] = parts.transpose(1, 0, 2)
        place[..., -2] = norm2 = np.einsum("npc,npc->pn", parts, parts)
        self._longest = max(self._longest, float(norm2.max(initial=0.0)) ** 0.5)

    def clear(self, block: np.ndarray, row: int) -> None:
        """Overwrite a row; what is there is far from everything."""
        block[:, row, :-2], block[:, row, -2] = 0, FAR

    def exact(self, block: np.ndarray, rows: Int64[np.ndarray, " n"]) -> Float[np.ndarray, "n p c"]:
        """Return templates as they were written."""
        return block[:, rows, :-2].transpose(1, 0, 2)

    def packed(self, block: np.ndarray) -> np.ndarray:
        """Return what is measured of a block: all of it."""
        return block

    def unpacked(self, content: np.ndarray) -> np.ndarray:
        """Return the block of ``packed``."""
        return content

    def bounds(self) -> tuple[float, float]:
        """Return what ``slack`` follows from: the longest part written; none moved."""
        return self._longest, 0.0

    def widen(self, longest: float, moved: float) -> None:  # noqa: ARG002 - nothing moves here
        """Let ``slack`` hold for blocks written elsewhere."""
        self._longest = max(self._longest, longest)

    def ask(self, probes: Float32[np.ndarray, "n p c"]) -> Measure:
        """Return what writes a block's distances to ``probes`` into an array (BLOCK, N)."""
        norm2 = np.einsum("npc,npc->np", probes, probes)[..., None]
        lift = rounding(self._longest + longest_of(probes), self._shape[1])  # keeps all squares above zero
        asked = np.concatenate([-2 * probes, np.ones_like(norm2), norm2 + lift], axis=2)
        asked = np.ascontiguousarray(asked.transpose(1, 2, 0))
        return lambda block, out: self._sum_parts(block, asked, out)

    def slack(self, probes: Float32[np.ndarray, "n p c"]) -> tuple[float, float]:
        """Return how far below and how far above the exact distance a measured one may be."""
        length = self._longest + longest_of(probes)
        lifted, summing = rounded_slack(
            length, self._shape, self._metric, 2 * rounding(length, self._shape[1])
        )
        return summing, lifted + summing

    def _sum_parts(self, block: np.ndarray, asked: np.ndarray, total: np.ndarray) -> None:
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


def rounding(length: float, channels: int) -> float:
    """Return what float32 rounding can take from a squared distance of vectors of joint ``length``.

    Source:
        Higham and Mary, A New Approach to Probabilistic Rounding Error Analysis, SISC 2019: an inner product
        of n terms is off by sqrt(n) units of rounding.
    """
    return float(np.sqrt(channels + 2) * _UNIT_ROUNDOFF * length**2)


def rounded_slack(length: float, shape: tuple[int, int], metric: str, error: float) -> tuple[float, float]:
    """Return what ``error`` of a squared distance makes of the mean distance, and the mean's own rounding.

    Args:
        length: Joint length of the longest two parts.
        shape: P, C.
        metric: ``euc`` or ``cos``.
        error: Of a squared distance.
    """
    longest = length if metric == "euc" else length**2 / 2
    summing = (shape[0] + 2) * _UNIT_ROUNDOFF * longest
    return (float(np.sqrt(error)) if metric == "euc" else error / 2), summing


def longest_of(parts: Float[np.ndarray, "n p c"]) -> float:
    """Return the length of the longest part."""
    return float(np.sqrt(np.einsum("npc,npc->np", parts, parts)).max(initial=0.0))
