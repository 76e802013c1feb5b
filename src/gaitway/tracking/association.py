"""Who is who between two sets of boxes: sparse overlaps and the exact best assignment.

Overlaps are lists of pairs (row, column, IoU), because in a crowd of N nearly all of the N x N pairs are
apart.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Float64, Int64

ROUNDING = 1 - 1e-9  # keeps pairs exactly at a limit
DENSE_PAIRS = 4000  # up to here all pairs at once are faster than sorting (benchmarks/tracking.py)

Boxes = Float64[np.ndarray, "4 _"]  # rows x1, y1, x2, y2
Index = Int64[np.ndarray, " _"]

_NONE = np.zeros(0, np.int64)


class Pairs(NamedTuple):
    """Overlapping pairs, by rising row: indices into the two sets of boxes, and a value of each."""

    rows: Int64[np.ndarray, " p"]
    columns: Int64[np.ndarray, " p"]
    value: Float[np.ndarray, " p"]


def overlaps(a: Boxes, b: Boxes, *, pixel: float = 0.0, least: float = 0.0) -> Pairs:
    """Return the pairs of boxes that overlap, with their IoU.

    Args:
        a: Rows x1, y1, x2, y2.
        b: The same.
        pixel: What is added to widths and heights: 1 for the inclusive corners of older code, else 0.
        least: Pairs with a smaller IoU may be left out, which is faster; others never are.
    """
    if not (a.shape[1] and b.shape[1]):
        return Pairs(_NONE, _NONE, np.zeros(0))
    if a.shape[1] * b.shape[1] <= DENSE_PAIRS:
        return _dense(a, b, pixel)
    return _sparse(a, b, pixel, least * ROUNDING)


def _dense(a: Boxes, b: Boxes, pixel: float) -> Pairs:
    size = np.minimum(a[2:, :, None], b[2:, None, :])
    size -= np.maximum(a[:2, :, None], b[:2, None, :])
    size_a, size_b = a[2:] - a[:2], b[2:] - b[:2]
    if pixel:
        size += pixel
        size_a += pixel
        size_b += pixel
    flat = (np.minimum(size[0], size[1]) > 0).ravel().nonzero()[0]  # nonzero is much slower in 2D
    rows, columns = np.divmod(flat, b.shape[1])
    width, height = size.reshape(2, -1)[:, flat]
    both = width * height
    union = (size_a[0] * size_a[1])[rows]
    union += (size_b[0] * size_b[1])[columns]
    union -= both
    return Pairs(rows, columns, both / union)


def _sparse(a: Boxes, b: Boxes, pixel: float, least: float) -> Pairs:
    """Sweep along x: only boxes whose left edge lies within reach are compared at all.

    An IoU of ``least`` needs that part of a's width and of its height in common.
    """
    size_a, size_b = a[2:] - a[:2] + pixel, b[2:] - b[:2] + pixel
    order = np.argsort(b[0])
    left, top, right, bottom = b[:, order]
    enough = least * size_a
    first = np.searchsorted(left, a[0] + enough[0] - size_b[0].max())
    last = np.searchsorted(left, a[2] + pixel - enough[0])
    count = np.maximum(last - first, 0)
    rows = np.repeat(np.arange(a.shape[1]), count)
    place = np.arange(len(rows)) + np.repeat(first - np.cumsum(count) + count, count)
    height = np.minimum(a[3].repeat(count), bottom[place])
    height -= np.maximum(a[1].repeat(count), top[place])
    keep = (height > (enough[1] - pixel).repeat(count)).nonzero()[0]
    rows, place, height = rows[keep], place[keep], height[keep] + pixel
    width = np.minimum(a[2][rows], right[place]) - np.maximum(a[0][rows], left[place]) + pixel
    keep = (width > enough[0][rows]).nonzero()[0]
    rows, columns = rows[keep], order[place[keep]]
    both = width[keep] * height[keep]
    union = (size_a[0] * size_a[1])[rows] + (size_b[0] * size_b[1])[columns] - both
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
