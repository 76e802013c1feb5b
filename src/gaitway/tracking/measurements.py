"""Checks a frame's detections and prepares them for the filter."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

import numpy as np
from jaxtyping import Bool, Float, Float64, Int64

from gaitway.errors import InputError


@dataclass(frozen=True, slots=True, eq=False)
class Measurements:
    """Detections of one frame as columns.

    Attributes:
        row: Where each stood in the arrays given, (n,).
        xyxy: Corners, rows x1, y1, x2, y2, (4, n).
        xyah: Centre, aspect, height, (4, n).
        score: (n,) in the dtype given.
    """

    row: Int64[np.ndarray, " n"]
    xyxy: Float64[np.ndarray, "4 n"]
    xyah: Float64[np.ndarray, "4 n"]
    score: Float[np.ndarray, " n"]

    def take(self, index: Int64[np.ndarray, " k"]) -> Measurements:
        """Return the detections at ``index``."""
        return Measurements(self.row[index], self.xyxy[:, index], self.xyah[:, index], self.score[index])

    def __len__(self) -> int:
        return len(self.row)


def check_detections(xyxy: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Return the boxes' widths and heights (N, 2) in their own dtype.

    Raises:
        InputError: Boxes are not finite (N, 4) xyxy floats, or scores not (N,) floats in [0, 1].
    """
    if xyxy.ndim != 2 or xyxy.shape[1] != 4 or scores.shape != xyxy.shape[:1]:
        raise InputError(
            f"detections have shapes {xyxy.shape} and {scores.shape}, wanted (N, 4) and (N,): xyxy, score"
        )
    if xyxy.dtype.kind != "f" or scores.dtype.kind != "f":
        raise InputError(
            f"detections have dtypes {xyxy.dtype} and {scores.dtype}, wanted floats: convert them with astype"
        )
    size: np.ndarray = xyxy[:, 2:] - xyxy[:, :2]
    if not len(scores):
        return size
    if not (isfinite(xyxy.sum(dtype=np.float64)) and size.min() >= 0):  # any NaN or infinity shows in the sum
        raise InputError("detections have a box that is not finite or not x1 <= x2, y1 <= y2: drop it first")
    low, high = scores.min(), scores.max()
    if not (low >= 0 and high <= 1):
        raise InputError(f"scores are {low:.4g}..{high:.4g}, wanted 0..1: normalise them")
    return size


def measure(
    xyxy: Float[np.ndarray, "n 4"],
    size: Float[np.ndarray, "n 2"],
    scores: Float[np.ndarray, " n"],
    chosen: Bool[np.ndarray, " n"],
) -> Measurements:
    """Prepare the chosen detections; boxes without area are left out, for they have no aspect.

    ``size`` comes in the dtype given and is only then widened to float64, as the reference does it.
    """
    row = chosen.nonzero()[0]
    corner = xyxy[:, :2]
    if len(row) < len(scores):
        corner, size, scores = corner[row], size[row], scores[row]
    if len(row) and not size.min() > 0:
        solid = size.min(axis=1) > 0
        row, corner, size, scores = row[solid], corner[solid], size[solid], scores[solid]
    corners, xyah = np.empty((4, len(row))), np.empty((4, len(row)))
    corners[:2] = corner.T
    xyah[2:] = size.T
    np.add(corners[:2], xyah[2:], out=corners[2:])
    np.multiply(xyah[2:], 0.5, out=xyah[:2])
    xyah[:2] += corners[:2]
    xyah[2] /= xyah[3]
    return Measurements(row, corners, xyah, scores)
