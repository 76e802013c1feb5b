"""Checks a frame's detections and prepares them for the filter."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Float64, Int64

from gaitway.errors import InputError
from gaitway.tracking.kalman import tlwh_to_xyah


class Measurements(NamedTuple):
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
        return Measurements(
            self.row[index],
            self.xyxy.take(index, axis=1),
            self.xyah.take(index, axis=1),
            self.score[index],
        )


def check_detections(xyxy: np.ndarray, scores: np.ndarray) -> None:
    """Raise ``InputError`` unless boxes are finite (N, 4) xyxy and scores (N,) lie in [0, 1]."""
    if xyxy.ndim != 2 or xyxy.shape[1] != 4 or scores.shape != xyxy.shape[:1]:
        raise InputError(
            f"detections have shapes {xyxy.shape} and {scores.shape}, wanted (N, 4) and (N,): xyxy, score"
        )
    if xyxy.dtype.kind != "f" or scores.dtype.kind != "f":
        raise InputError(
            f"detections have dtypes {xyxy.dtype} and {scores.dtype}, wanted floats: convert them with astype"
        )
    # One pass: every comparison with NaN is false, and the corners' sum is finite only if all are.
    if not (xyxy[:, 2:] >= xyxy[:, :2]).all() or not np.isfinite(xyxy).all():
        raise InputError("detections have a box that is not finite or not x1 <= x2, y1 <= y2: drop it first")
    if len(scores) and not (scores.min() >= 0 and scores.max() <= 1):
        raise InputError(f"scores are {scores.min():.4g}..{scores.max():.4g}, wanted 0..1: normalise them")


def measure(xyxy: Float[np.ndarray, "n 4"], scores: Float[np.ndarray, " n"]) -> Measurements:
    """Prepare detections; boxes without area are left out, for they have no aspect.

    Widths are computed in the dtype given and only then widened to float64, as the reference does it.
    """
    tlwh = xyxy.T.copy()
    tlwh[2:] -= tlwh[:2]
    tlwh = tlwh.astype(np.float64)
    row = np.arange(len(scores))
    solid = np.minimum(tlwh[2], tlwh[3]) > 0
    if not solid.all():
        row, tlwh, scores = row[solid], tlwh[:, solid], scores[solid]
    corners = tlwh.copy()
    corners[2:] += tlwh[:2]
    return Measurements(row, corners, tlwh_to_xyah(tlwh), scores)
