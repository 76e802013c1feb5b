"""Boxes: conversions, intersection over union, clipping. All arrays are (N, 4); see docs/conventions.md."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float


def xyxy_to_tlwh(xyxy: Float[np.ndarray, "n 4"]) -> Float[np.ndarray, "n 4"]:
    """Convert corners to top, left, width and height (MOTChallenge's order: x, y, w, h)."""
    tlwh = xyxy.copy()
    tlwh[:, 2:] -= xyxy[:, :2]
    return tlwh


def tlwh_to_xyxy(tlwh: Float[np.ndarray, "n 4"]) -> Float[np.ndarray, "n 4"]:
    """Convert x, y, w, h to corners."""
    xyxy = tlwh.copy()
    xyxy[:, 2:] += tlwh[:, :2]
    return xyxy


def box_area(xyxy: Float[np.ndarray, "n 4"]) -> Float[np.ndarray, " n"]:
    """Return the areas in square pixels; a degenerate box has area 0."""
    size = np.maximum(xyxy[:, 2:] - xyxy[:, :2], 0)
    area: np.ndarray = size[:, 0] * size[:, 1]
    return area


def box_intersection(a: Float[np.ndarray, "n 4"], b: Float[np.ndarray, "m 4"]) -> Float[np.ndarray, "n m"]:
    """Return the pairwise intersection areas in square pixels."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    size = np.maximum(high - low, 0)
    area: np.ndarray = size[..., 0] * size[..., 1]
    return area


def box_iou(a: Float[np.ndarray, "n 4"], b: Float[np.ndarray, "m 4"]) -> Float[np.ndarray, "n m"]:
    """Return the pairwise intersection over union, without the +1 pixel of older code.

    Examples:
        >>> one = np.array([[0.0, 0.0, 2.0, 2.0]])
        >>> float(box_iou(one, one + 1.0)[0, 0])
        0.14285714285714285
    """
    both = box_intersection(a, b)
    union = box_area(a)[:, None] + box_area(b)[None, :] - both
    ratio: np.ndarray = np.divide(both, union, out=np.zeros_like(both), where=union > 0)
    return ratio


def clip_boxes(xyxy: Float[np.ndarray, "n 4"], size_wh: tuple[int, int]) -> Float[np.ndarray, "n 4"]:
    """Clip boxes to a picture of ``size_wh`` (width, height) pixels."""
    width, height = size_wh
    clipped: np.ndarray = np.clip(xyxy, 0, np.array([width, height, width, height], dtype=xyxy.dtype))
    return clipped


def square_around(
    xyxy: Float[np.ndarray, "n 4"], scale: float, *, by: str = "longer"
) -> Float[np.ndarray, "n 4"]:
    """Return squares round the boxes' centres; the side is ``scale`` times the longer side or the height.

    The square keeps context and never distorts; it may reach outside the picture.
    """
    size = xyxy[:, 2:] - xyxy[:, :2]
    side = scale * (size.max(axis=1) if by == "longer" else size[:, 1])
    centre = (xyxy[:, :2] + xyxy[:, 2:]) / 2
    half = side[:, None] / 2
    square: np.ndarray = np.concatenate([centre - half, centre + half], axis=1).astype(xyxy.dtype)
    return square
