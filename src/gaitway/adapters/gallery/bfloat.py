"""The first stage of a large gallery's search in bfloat16, on processors that multiply such matrices."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from jaxtyping import Float, Float32, Int64, UInt16

from gaitway.adapters.runtimes.cores import usable_cores
from gaitway.recognition.distance import distance_matrix
from gaitway.recognition.firststage import BLOCK, Measure, longest_of, rounded_slack, rounding

_WIDTHS = (1, 8, 64)  # probes measured together; fewer are filled up
_PIECES = 3  # of eight bits each: together float32
_ONE, _FAR = np.uint16(0x3F80), np.uint16(0x7149)  # 1 and about 1e30
_HALF, _UPPER = np.uint32(0x8000), np.uint32(0xFFFF0000)


def usable_stage(parts: int, channels: int, metric: str, kept: type = np.float16) -> BFloatStage | None:
    """Return the stage where this processor multiplies bfloat16 matrices, and to the digits promised.

    The runtime may choose to round between its steps, so it is tried on distances from zero to far.
    """
    import openvino

    if "BF16" not in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        return None
    rng = np.random.default_rng(0)
    tried = BFloatStage(parts, channels, metric, np.float32)
    known = rng.standard_normal((512, parts, channels), np.float32)
    known[256:] = known[0] + known[256:] * np.logspace(-4, 0, 256, dtype=np.float32)[:, None, None]
    known /= np.linalg.norm(known, axis=2, keepdims=True)
    block = tried.block()
    tried.write(block, 0, known)
    for width in _WIDTHS:
        probes, out = known[:width], np.empty((BLOCK, width), np.float32)
        tried.ask(probes)(block, out)
        below, above = tried.slack(probes)
        exact = distance_matrix(known.astype(np.float64), probes.astype(np.float64), metric)
        off = out[: len(known)] - exact
        if off.min() < -below or off.max() > above or (out[len(known) :] < 1e6).any():
            return None
    return BFloatStage(parts, channels, metric, kept)


@dataclass(slots=True)
class BFloatBlock:
    """Templates of a block.

    Attributes:
        kept: As they were written, (BLOCK, P, C).
        rounded: As bfloat16, (P, BLOCK, C + 6) uint16; then squared lengths of these in three pieces, and
            three ones, so that one product gives a squared distance.
    """

    kept: np.ndarray
    rounded: np.ndarray


class BFloatStage:
    """Templates rounded to bfloat16, products summed in float32: half the memory traffic.

    Rounding moves each part by a known length, kept as the largest mean over the parts of a template: by
    the triangle inequality no distance is off by more than this, the probe's own, and float32's rounding.

    Args:
        parts: P.
        channels: C.
        metric: ``euc``, or ``cos`` for templates and probes whose parts have unit length.
        kept: Type of the exact copies; float16 holds what a gallery stores.
    """

    def __init__(self, parts: int, channels: int, metric: str, kept: type = np.float16) -> None:
        self._shape, self._metric, self._kept = (parts, channels), metric, np.dtype(kept)
        self._longest = self._moved = 0.0

    def block(self) -> BFloatBlock:
        """Return an empty block."""
        parts, channels = self._shape
        block = BFloatBlock(
            np.zeros((BLOCK, parts, channels), self._kept),
            np.zeros((parts, BLOCK, channels + 2 * _PIECES), np.uint16),
        )
        block.rounded[..., channels], block.rounded[..., channels + _PIECES :] = _FAR, _ONE
        return block

    def nbytes(self, block: BFloatBlock) -> int:
        """Return a block's memory."""
        return block.kept.nbytes + block.rounded.nbytes

    def write(self, block: BFloatBlock, row: int, parts: Float[np.ndarray, "n p c"]) -> None:
        """Put templates into a block, from ``row`` on."""
        rows = slice(row, row + len(parts))
        bits, values, moved = _rounded(parts.astype(np.float32))
        block.kept[rows] = parts
        norm2 = np.einsum("npc,npc->pn", values, values)
        place, channels = block.rounded[:, rows], self._shape[1]
        place[..., :channels] = bits.transpose(1, 0, 2)
        place[..., channels : channels + _PIECES] = _in_pieces(norm2)
        self._longest = max(self._longest, float(norm2.max(initial=0.0)) ** 0.5)
        self._moved = max(self._moved, moved)

    def clear(self, block: BFloatBlock, row: int) -> None:
        """Overwrite a row; what is there is far from everything."""
        channels = self._shape[1]
        block.kept[row], block.rounded[:, row, : channels + _PIECES] = 0, 0
        block.rounded[:, row, channels] = _FAR

    def exact(self, block: BFloatBlock, rows: Int64[np.ndarray, " n"]) -> Float[np.ndarray, "n p c"]:
        """Return templates as they were written."""
        known: np.ndarray = block.kept[rows]
        return known

    def packed(self, block: BFloatBlock) -> np.ndarray:
        """Return what is measured of a block, (P, BLOCK, C + 6) uint16."""
        return block.rounded

    def unpacked(self, content: np.ndarray) -> BFloatBlock:
        """Return the block of ``packed``, to be measured only."""
        return BFloatBlock(np.zeros((0, *self._shape), self._kept), content)

    def bounds(self) -> tuple[float, float]:
        """Return what ``slack`` follows from: the longest part written, and the farthest that one moved."""
        return self._longest, self._moved

    def widen(self, longest: float, moved: float) -> None:
        """Let ``slack`` hold for blocks written elsewhere, under the ``bounds`` there."""
        self._longest, self._moved = max(self._longest, longest), max(self._moved, moved)

    def ask(self, probes: Float32[np.ndarray, "n p c"]) -> Measure:
        """Return what writes a block's distances to ``probes`` into an array (BLOCK, N), from any thread."""
        import openvino

        count = len(probes)
        width = next(width for width in _WIDTHS if width >= count)
        filled = np.zeros((width, *self._shape), np.float32)
        filled[:count] = probes
        _, values, _ = _rounded(filled)
        bits, _, _ = _rounded(-2 * values)  # exact: a power of two
        ones = np.full((*bits.shape[:2], _PIECES), _ONE, np.uint16)
        norm2 = _in_pieces(np.einsum("npc,npc->np", values, values))
        packed = np.concatenate([bits, ones, norm2], axis=2).transpose(1, 2, 0)
        asked = openvino.Tensor(np.ascontiguousarray(packed), list(packed.shape), openvino.Type.bf16)
        network = _network(*packed.shape, self._metric)
        here = threading.local()

        def measure(block: BFloatBlock, out: np.ndarray) -> None:
            if not hasattr(here, "request"):
                here.request = network.create_infer_request()
            known = openvino.Tensor(block.rounded, list(block.rounded.shape), openvino.Type.bf16)
            here.request.set_input_tensor(0, known)
            here.request.set_input_tensor(1, asked)
            here.request.infer()
            out[:] = here.request.get_output_tensor(0).data[:, :count]

        return measure

    def slack(self, probes: Float32[np.ndarray, "n p c"]) -> tuple[float, float]:
        """Return how far below and how far above the exact distance a measured one may be."""
        _, values, moved = _rounded(probes)
        length = self._longest + longest_of(values)
        error = rounding(length, self._shape[1] + 2 * _PIECES)  # either way; below zero is cut off
        spread, summing = rounded_slack(length, self._shape, self._metric, error)
        # of unit vectors: 1 - cosine is half the squared distance, which is 2 at most
        both = (moved + self._moved) * (1.0 if self._metric == "euc" else 2.0 + moved + self._moved)
        return both + spread + summing, both + spread + summing


def _rounded(parts: Float32[np.ndarray, "n p c"]) -> tuple[np.ndarray, np.ndarray, float]:
    """Round to bfloat16; return the bits, the values as float32, and how far a walk moved at most."""
    raised = np.ascontiguousarray(parts).view(np.uint32) + _HALF
    values = (raised & _UPPER).view(np.float32)
    difference = parts - values
    moved = np.sqrt(np.einsum("npc,npc->np", difference, difference)).mean(axis=1).max(initial=0.0)
    return (raised >> 16).astype(np.uint16), values, float(moved)


def _in_pieces(values: Float32[np.ndarray, "*shape"]) -> UInt16[np.ndarray, "*shape 3"]:
    """Split numbers into three bfloat16 that add up to them."""
    pieces, left = [], values
    for _ in range(_PIECES):
        raised = np.ascontiguousarray(left).view(np.uint32) + _HALF
        pieces.append((raised >> 16).astype(np.uint16))
        left = left - (raised & _UPPER).view(np.float32)
    return np.stack(pieces, axis=-1)


@cache
def _network(parts: int, channels: int, width: int, metric: str) -> Any:
    """Return the compiled product, root and mean over the parts of a block.

    Numbers are added only inside the product, which sums in float32: between steps, at this precision, the
    runtime may round.
    """
    import openvino
    from openvino import opset13 as op

    known = op.parameter([parts, BLOCK, channels], openvino.Type.bf16)
    asked = op.parameter([parts, channels, width], openvino.Type.bf16)
    squared = op.relu(op.matmul(op.convert(known, "f32"), op.convert(asked, "f32"), False, False))
    one = op.sqrt(squared) if metric == "euc" else squared
    scale = op.constant(np.float32(1.0 if metric == "euc" else 0.5))  # of unit vectors: 1 - cosine
    mean = op.multiply(op.reduce_mean(one, op.constant([0]), keep_dims=False), scale)
    properties = {
        "INFERENCE_PRECISION_HINT": "bf16",
        "INFERENCE_NUM_THREADS": usable_cores(),
        "NUM_STREAMS": usable_cores(),  # a block each
        "ENABLE_CPU_PINNING": False,
    }
    return openvino.Core().compile_model(openvino.Model([mean], [known, asked]), "CPU", properties)
