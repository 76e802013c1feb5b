"""Greedy non-maximum suppression."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32, Int64, Shaped


def suppress(
    boxes_xyxy: Float32[np.ndarray, "n 4"],
    scores: Float32[np.ndarray, " n"],
    max_iou: float,
    classes: Shaped[np.ndarray, " n"] | None = None,
) -> Int64[np.ndarray, " k"]:
    """Keep the best box of every heap of overlapping boxes.

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
    low, high = boxes_xyxy[order, :2], boxes_xyxy[order, 2:]
    size = high - low
    area = size[:, 0] * size[:, 1]
    kinds = None if classes is None else classes[order]
    rest = np.arange(len(order))
    kept: list[int] = []
    while rest.size:
        best, rest = rest[0], rest[1:]
        kept.append(int(best))
        overlap = np.minimum(high[rest], high[best]) - np.maximum(low[rest], low[best])
        np.maximum(overlap, 0, out=overlap)
        both = overlap[:, 0] * overlap[:, 1]
        union = area[best] + area[rest] - both
        iou = np.divide(both, union, out=np.zeros_like(both), where=union > 0)
        is_dropped = iou > np.float32(max_iou)
        if kinds is not None:
            is_dropped &= kinds[rest] == kinds[best]
        rest = rest[~is_dropped]
    return order[np.array(kept, np.int64)].astype(np.int64)
