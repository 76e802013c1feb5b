"""Who is who between two sets of boxes: sparse overlaps and the exact best assignment.

Overlaps are lists of pairs (row, column, IoU), because in a crowd of N nearly all of the N x N pairs are
apart.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Float64, Int64

DENSE_PAIRS = 2500  # up to here all pairs at once are faster than sorting (benchmarks/tracking.py)

Boxes = Float64[np.ndarray, "4 _"]  # rows x1, y1, x2, y2
Index = Int64[np.ndarray, " _"]

_NONE = np.zeros(0, np.int64)


class Pairs(NamedTuple):
    """Overlapping pairs, by rising row: indices into the two sets of boxes, and a value of each."""

    rows: Int64[np.ndarray, " p"]
    columns: Int64[np.ndarray, " p"]
    value: Float[np.ndarray, " p"]


def overlaps(a: Boxes, b: Boxes, *, pixel: float = 0.0) -> Pairs:
    """Return the pairs of boxes that overlap, with their IoU.

    Args:
        a: Rows x1, y1, x2, y2.
        b: The same.
        pixel: What is added to widths and heights: 1 for the inclusive corners of older code, else 0.
    """
    if not (a.shape[1] and b.shape[1]):
        return Pairs(_NONE, _NONE, np.zeros(0))
    if a.shape[1] * b.shape[1] <= DENSE_PAIRS:
        return _dense(a, b, pixel)
    return _sparse(a, b, pixel)


def _areas(boxes: Boxes, pixel: float) -> Float64[np.ndarray, " _"]:
    size = boxes[2:] - boxes[:2]
    if pixel:
        size += pixel
    area: np.ndarray = size[0] * size[1]
    return area


def _dense(a: Boxes, b: Boxes, pixel: float) -> Pairs:
    size = np.minimum(a[2:, :, None], b[2:, None, :])
    size -= np.maximum(a[:2, :, None], b[:2, None, :])
    if pixel:
        size += pixel
    rows, columns = (np.minimum(size[0], size[1]) > 0).nonzero()
    both = size[0, rows, columns] * size[1, rows, columns]
    union = _areas(a, pixel)[rows] + _areas(b, pixel)[columns] - both
    return Pairs(rows, columns, both / union)


def _sparse(a: Boxes, b: Boxes, pixel: float) -> Pairs:
    """Sweep along x: only boxes whose left edge lies within reach are compared at all."""
    order = np.argsort(b[0])
    left = b[0, order]
    widest = (b[2] - b[0]).max() + pixel
    first = np.searchsorted(left, a[0] - widest)
    last = np.searchsorted(left, a[2] + pixel)
    count = last - first
    rows = np.repeat(np.arange(a.shape[1]), count)
    offset = np.cumsum(count) - count
    columns = order[np.arange(len(rows)) + np.repeat(first - offset, count)]
    height = np.minimum(a[3][rows], b[3][columns]) - np.maximum(a[1][rows], b[1][columns]) + pixel
    keep = height > 0
    rows, columns, height = rows[keep], columns[keep], height[keep]
    width = np.minimum(a[2][rows], b[2][columns]) - np.maximum(a[0][rows], b[0][columns]) + pixel
    keep = width > 0
    rows, columns = rows[keep], columns[keep]
    both = width[keep] * height[keep]
    union = _areas(a, pixel)[rows] + _areas(b, pixel)[columns] - both
    return Pairs(rows, columns, both / union)


def assign(gains: Pairs, shape: tuple[int, int]) -> tuple[Index, Index]:
    """Choose disjoint pairs with the greatest sum of gains; exact.

    Most pairs are decided before any solver runs: a pair that gains more than everything else in its row and
    its column together is in every best assignment. What is left goes to the Hungarian method.

    Args:
        gains: Pairs with their gain; pairs without a gain above 0 are never chosen.
        shape: Numbers of rows and columns.

    Returns:
        Rows and columns chosen, by rising row.

    Examples:
        >>> pairs = Pairs(np.array([0, 0, 1]), np.array([0, 1, 1]), np.array([0.5, 0.6, 0.4]))
        >>> assign(pairs, (2, 2))
        (array([0, 1]), array([0, 1]))
    """
    positive = gains.value > 0
    rows, columns, gain = gains if positive.all() else (part[positive] for part in gains)
    others = np.bincount(rows, gain, shape[0])[rows] + np.bincount(columns, gain, shape[1])[columns]
    certain = others < 3 * gain  # the pair itself is in both sums
    if certain.all():
        return rows, columns
    sure_rows, sure_columns = rows[certain], columns[certain]
    taken_row, taken_column = np.zeros(shape[0], bool), np.zeros(shape[1], bool)
    taken_row[sure_rows] = True
    taken_column[sure_columns] = True
    open_ = ~(taken_row[rows] | taken_column[columns])
    if not open_.any():
        return sure_rows, sure_columns
    more_rows, more_columns = _solve(rows[open_], columns[open_], gain[open_])
    all_rows = np.concatenate([sure_rows, more_rows])
    order = np.argsort(all_rows)
    return all_rows[order], np.concatenate([sure_columns, more_columns])[order]


def _solve(rows: Index, columns: Index, gain: Float64[np.ndarray, " _"]) -> tuple[Index, Index]:
    """Solve the rest densely; costs (most pairs gain nothing) are 0, so leaving someone alone is free."""
    from scipy.optimize import linear_sum_assignment

    row_names, i = np.unique(rows, return_inverse=True)
    column_names, j = np.unique(columns, return_inverse=True)
    dense = np.zeros((len(row_names), len(column_names)))
    dense[i, j] = gain
    best_i, best_j = linear_sum_assignment(dense, maximize=True)
    chosen = dense[best_i, best_j] > 0
    return row_names[best_i[chosen]], column_names[best_j[chosen]]
