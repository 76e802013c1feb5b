"""How far two walks are apart: per part, then averaged over parts; smaller is nearer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np
from jaxtyping import Float, Float32

from gaitway.errors import InputError

Metric = Literal["euc", "cos"]
METRICS: tuple[Metric, ...] = ("euc", "cos")
_BLOCK_VALUES = 1 << 18  # 1 MiB of float32 per working array: it stays in the cache from step to step
_EXACT_PAIRS = 1 << 22  # up to here float64 costs little, and near-equal walks keep their small distances


def distance_matrix(
    probes: Float[np.ndarray, "n p c"], gallery: Float[np.ndarray, "m p c"], metric: str = "euc"
) -> Float32[np.ndarray, "n m"]:
    """Return the mean over parts of the Euclidean or cosine distance per part.

    Args:
        probes: N embeddings of P parts and C channels.
        gallery: M embeddings of the same model.
        metric: ``euc``, or ``cos``: one minus the cosine, in [0, 2].

    Raises:
        InputError: The shapes or the metric do not fit.

    Source:
        The field's convention (GaitSet, AAAI 2019, section 4.1 and its published evaluation).

    Examples:
        >>> a, b = np.zeros((1, 2, 3), np.float32), np.ones((1, 2, 3), np.float32)
        >>> round(float(distance_matrix(a, b)[0, 0]), 4)
        1.7321
    """
    check_embeddings(probes, gallery, metric)
    out = np.empty((len(probes), len(gallery)), np.float32)
    for rows, columns, block in distance_blocks(probes, gallery, metric):
        out[rows, columns] = block
    return out


def distance_blocks(
    probes: Float[np.ndarray, "n p c"],
    gallery: Float[np.ndarray, "m p c"],
    metric: str = "euc",
    block_values: int = _BLOCK_VALUES,
) -> Iterator[tuple[slice, slice, Float32[np.ndarray, "a b"]]]:
    """Yield the distance matrix in blocks of at most about ``block_values``, gallery running fastest.

    Memory stays bounded whatever N and M are; a block is the callee's to keep.
    """
    check_embeddings(probes, gallery, metric)
    dtype = np.float64 if len(probes) * len(gallery) <= _EXACT_PAIRS else np.float32
    rows = max(min(len(probes), int(block_values**0.5)), 1)
    columns = max(min(len(gallery), block_values // rows), 1)
    for top in range(0, len(probes), rows):
        upper = _prepare(probes[top : top + rows], metric, dtype)
        for left in range(0, len(gallery), columns):
            lower = _prepare(gallery[left : left + columns], metric, dtype)
            block = _block(upper, lower, metric)
            height, width = block.shape
            yield slice(top, top + height), slice(left, left + width), block.astype(np.float32, copy=False)


def check_embeddings(probes: np.ndarray, gallery: np.ndarray, metric: str) -> None:
    """Raise InputError unless both are (N, P, C) of one P and C and the metric is known."""
    if metric not in METRICS:
        raise InputError(f"metric is {metric!r}, wanted one of {', '.join(METRICS)}")
    if probes.ndim != 3 or gallery.ndim != 3 or probes.shape[1:] != gallery.shape[1:]:
        raise InputError(
            f"embeddings have shapes {probes.shape} and {gallery.shape}, wanted (N, P, C) and (M, P, C): "
            "compare embeddings of one model"
        )


def _prepare(embeddings: np.ndarray, metric: str, dtype: type[np.floating]) -> np.ndarray:
    """Return parts first, (P, N, C), of unit length for the cosine; no copy where none is needed.

    BLAS takes rows that lie apart: half the time of copying a large gallery for every few probes.
    """
    parts = embeddings.transpose(1, 0, 2).astype(dtype, copy=False)
    if metric == "cos":
        length = np.linalg.norm(parts, axis=2, keepdims=True)
        parts = parts / np.maximum(length, 1e-12)
    return parts


def _block(a: np.ndarray, b: np.ndarray, metric: str) -> np.ndarray:
    total = np.zeros((a.shape[1], b.shape[1]), a.dtype)
    for part_a, part_b in zip(a, b, strict=True):
        product = part_a @ part_b.T
        if metric == "cos":
            total += 1 - product
            continue
        product *= -2
        product += (part_a**2).sum(axis=1)[:, None]
        product += (part_b**2).sum(axis=1)[None]
        np.maximum(product, 0, out=product)
        total += np.sqrt(product, out=product)
    total /= max(len(a), 1)
    return total
