"""Greedy non-maximum suppression."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float32, Int64, Shaped

_BLOCK = 128  # boxes decided together; more would compare boxes that the block itself drops


def suppress(
    boxes_xyxy: Float32[np.ndarray, "n 4"],
    scores: Float32[np.ndarray, " n"],
    max_iou: float,
    classes: Shaped[np.ndarray, " n"] | None = None,
) -> Int64[np.ndarray, " k"]:
    """Keep the best box of every heap of overlapping boxes.

    Blocks of the best boxes left are decided among themselves, then all worse boxes are compared with what
    the block keeps at once: an untrained network's twenty thousand boxes take a second, not a minute.

    Args:
        boxes_xyxy: Boxes in pixels.
        scores: Higher is better; equal scores keep their order.
        max_iou: A box is dropped when its overlap with a better kept one is above this.
        classes: Boxes of different classes never suppress each other.

    Returns:
        Rows kept, best first.

    Source:
        torchvision ``batched_nms`` (BSD): areas without +1, float32; differs: none.
    """
    order = np.argsort(-scores, kind="stable")
    sides = np.ascontiguousarray(boxes_xyxy[order].T)
    kinds = np.zeros(len(order), np.int64) if classes is None else np.asarray(classes)[order]
    rest = np.arange(len(order))
    kept: list[np.ndarray] = []
    while rest.size:
        block, rest = rest[:_BLOCK], rest[_BLOCK:]
        best = block[_decide(_overlaps(sides, kinds, block, block, max_iou))]
        kept.append(best)
        if rest.size:
            rest = rest[~_overlaps(sides, kinds, best, rest, max_iou).any(axis=0)]
    return order[np.concatenate(kept)] if kept else order[:0]


def _overlaps(
    sides: Float32[np.ndarray, "4 n"], kinds: np.ndarray, rows: np.ndarray, columns: np.ndarray, limit: float
) -> Bool[np.ndarray, "r c"]:
    """Tell which boxes of one class overlap by more than ``limit``."""
    left, top, right, low = sides[:, rows, None]
    left2, top2, right2, low2 = sides[:, None, columns]
    wide = np.minimum(right, right2)
    wide -= np.maximum(left, left2)
    np.maximum(wide, 0, out=wide)
    both = np.minimum(low, low2)
    both -= np.maximum(top, top2)
    np.maximum(both, 0, out=both)
    both *= wide
    union = (right - left) * (low - top) + (right2 - left2) * (low2 - top2)
    union -= both
    iou = np.divide(both, union, out=np.zeros_like(both), where=union > 0)
    is_over: np.ndarray = iou > np.float32(limit)
    is_over &= kinds[rows, None] == kinds[None, columns]
    return is_over


def _decide(over: Bool[np.ndarray, "b b"]) -> Bool[np.ndarray, " b"]:
    """Return which boxes of a block stay, best first."""
    stays = np.ones(len(over), bool)
    for row in range(len(over)):
        if stays[row]:
            stays[row + 1 :] &= ~over[row, row + 1 :]
    return stays
