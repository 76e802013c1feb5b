"""Our own gait network as an encoder: template pictures of a walk through a small network, part by part."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import numpy as np
from jaxtyping import Float32, UInt8

from gaitway.errors import InputError, ModelNotFoundError
from gaitway.protocols import Runtime
from gaitway.recognition.templates import template_maps

PHASES = 3
MAPS = 2 + PHASES
CHUNK = 24  # frames that the network was trained on; longer walks are cut into such pieces and averaged
WEIGHTS = Path(__file__).parents[1] / "weights"  # gait_template.xml and .bin, shipped with the package
SIDE_CUT = 10  # columns left out at each side: 64 -> 44


def network_input(silhouettes: UInt8[np.ndarray, "t 64 64"]) -> Float32[np.ndarray, "m 64 44"]:
    """Return the pictures that the network sees of one piece of a walk."""
    return np.ascontiguousarray(template_maps(silhouettes, PHASES)[:, :, SIDE_CUT:-SIDE_CUT])


def cut_pieces(length: int, piece: int = CHUNK) -> list[slice]:
    """Cut ``length`` frames into equal pieces of about ``piece`` frames, at least one.

    Examples:
        >>> cut_pieces(50)
        [slice(0, 25, None), slice(25, 50, None)]
    """
    count = max(round(length / piece), 1)
    edges = np.linspace(0, length, count + 1).round().astype(int).tolist()
    return [slice(a, b) for a, b in pairwise(edges)]


def default_network() -> tuple[Path, str]:
    """Return the shipped network's graph and its model id, which changes with its weights.

    Raises:
        ModelNotFoundError: This installation has no weights.
    """
    graph = WEIGHTS / "gait_template.xml"
    if not graph.is_file():
        raise ModelNotFoundError("this installation has no gait_template.xml: use the encoder gei")
    digest = sha256(graph.with_suffix(".bin").read_bytes()).hexdigest()
    return graph, f"gait-template-{digest[:12]}"


class LearnedEncoder:
    """An Encoder over our own network, (1, 5, 64, 44) to (1, P, C), P parts of unit length.

    Every piece of every walk, and its mirror picture, runs by itself, so the result does not depend on what
    else is encoded; their outputs are averaged and scaled to unit length again.

    Attributes:
        model_id: Which network and weights.
    """

    def __init__(self, runtime: Runtime, model_id: str) -> None:
        self.model_id = model_id
        self._runtime = runtime

    def encode(self, sequences: Sequence[UInt8[np.ndarray, "..."]]) -> Float32[np.ndarray, "n p c"]:
        """Encode walks, each alone.

        Args:
            sequences: Aligned silhouettes (T, 64, 64), 0..255, of any lengths T >= 1.

        Returns:
            (N, P, C), every part of unit length.

        Raises:
            InputError: A sequence has another shape.
        """
        waiting = []
        for sequence in sequences:
            if sequence.ndim != 3 or sequence.shape[1:] != (64, 64) or not len(sequence):
                raise InputError(
                    f"sequence has shape {sequence.shape}, wanted (T, 64, 64) with T >= 1: align it first"
                )
            pieces = [network_input(sequence[piece]) for piece in cut_pieces(len(sequence))]
            both = [view for maps in pieces for view in (maps, maps[:, :, ::-1])]
            waiting.append([self._runtime.submit(np.ascontiguousarray(view[None])) for view in both])
        return average_pieces([[run.result()[0][0] for run in runs] for runs in waiting])


def average_pieces(
    walks: Sequence[Sequence[Float32[np.ndarray, "p c"]]],
) -> Float32[np.ndarray, "n p c"]:
    """Average the embeddings of each walk's pieces and scale every part to unit length."""
    if not walks:
        return np.zeros((0, 0, 0), np.float32)
    mean = np.stack([np.mean(np.stack(pieces), axis=0) for pieces in walks])
    unit: np.ndarray = mean / np.maximum(np.linalg.norm(mean, axis=2, keepdims=True), 1e-12)
    return unit.astype(np.float32)
