"""YOLOX head output to boxes."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from jaxtyping import Float32

from gaitway.detection.nms import suppress
from gaitway.errors import InputError

STRIDES_PX = (8, 16, 32)


@lru_cache(maxsize=16)
def anchor_grid(
    size: tuple[int, int],
) -> tuple[Float32[np.ndarray, "a 2"], Float32[np.ndarray, "a 1"]]:
    """Return every anchor's cell (x, y) and stride in pixels for an input of ``size`` (height, width).

    Anchors are ordered by stride 8, 16, 32, each row by row.
    """
    cells, strides = [], []
    for stride in STRIDES_PX:
        ys, xs = np.mgrid[: size[0] // stride, : size[1] // stride]
        cells.append(np.stack([xs, ys], axis=-1).reshape(-1, 2))
        strides.append(np.full((xs.size, 1), stride))
    return np.concatenate(cells).astype(np.float32), np.concatenate(strides).astype(np.float32)


def decode(raw: Float32[np.ndarray, "n a c"], size: tuple[int, int]) -> Float32[np.ndarray, "n a c"]:
    """Turn raw head output into centre x, y, width and height in input pixels.

    Args:
        raw: x, y, w, h as the network gives them, then objectness and class scores after the sigmoid.
        size: The network input's (height, width) in pixels.

    Returns:
        A copy with the first four columns decoded.

    Raises:
        InputError: The anchors do not belong to an input of ``size``.

    Source:
        YOLOX (arXiv 2107.08430), ``decode_outputs``; differs: none.
    """
    cells, strides = anchor_grid(size)
    if raw.shape[1] != len(cells):
        raise InputError(
            f"YOLOX output has {raw.shape[1]} anchors, wanted {len(cells)} for an input of "
            f"{size[1]}x{size[0]} px: give the size that the network ran at"
        )
    decoded = raw.copy()
    decoded[..., :2] = (raw[..., :2] + cells) * strides
    decoded[..., 2:4] = np.exp(raw[..., 2:4]) * strides
    return decoded


def postprocess(
    prediction: Float32[np.ndarray, "a c"], *, min_confidence: float, max_iou: float
) -> Float32[np.ndarray, "k 7"]:
    """Choose the boxes of one picture.

    Args:
        prediction: Decoded: centre x, y, width, height, objectness, class scores.
        min_confidence: Least objectness times class score; equal is kept.
        max_iou: Boxes of one class that overlap more are one object.

    Returns:
        Rows x1, y1, x2, y2, objectness, class score, class; best first. No row where nothing is found.

    Source:
        YOLOX ``postprocess``; differs: one anchor is fine, and nothing found is an empty array.
    """
    classes = prediction[:, 5:].argmax(axis=1)
    class_scores = prediction[np.arange(len(prediction)), 5 + classes]
    keep = np.flatnonzero(prediction[:, 4] * class_scores >= np.float32(min_confidence))
    chosen, classes, class_scores = prediction[keep], classes[keep], class_scores[keep]
    half = chosen[:, 2:4] / 2
    boxes = np.concatenate([chosen[:, :2] - half, chosen[:, :2] + half], axis=1)
    rows = suppress(boxes, chosen[:, 4] * class_scores, max_iou, classes)
    columns = [boxes, chosen[:, 4:5], class_scores[:, None], classes[:, None].astype(np.float32)]
    chosen_rows: np.ndarray = np.concatenate(columns, axis=1)[rows]
    return chosen_rows
