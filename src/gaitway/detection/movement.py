"""Where in the picture something moves that is nobody known: a new person may be coming in."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float32

_LOOK_BACK = 5  # frames: a walker's picture then changes by more than sensor noise
_MIN_CHANGE = 0.004  # of a thumbnail of length 1, whose cells are 0.03 on average
_TIMES_MEDIAN = 6.0  # a light that changes, or a camera that shakes, changes all cells alike
_MAX_SHARE = 0.25  # more of the picture moves only if the camera does: then nothing stands out


class Movement:
    """Compares coarse layouts of one shot's frames (``cuts.thumbnail``) a few frames apart."""

    def __init__(self) -> None:
        self._past: list[Float32[np.ndarray, "32 32"]] = []

    def update(
        self,
        layout: Float32[np.ndarray, "32 32"],
        known_xyxy: Float32[np.ndarray, "k 4"],
        size_wh: tuple[int, int],
    ) -> Float32[np.ndarray, "m 4"]:
        """Return the places (xyxy, frame pixels) where something moves outside the boxes of known people."""
        self._past.append(layout)
        before = self._past.pop(0) if len(self._past) > _LOOK_BACK else self._past[0]
        cells = moving_cells(before, layout)
        scale = np.array(layout.shape[::-1], np.float32) / np.array(size_wh, np.float32)
        for box in known_xyxy * np.tile(scale, 2):
            x1, y1 = np.maximum(np.floor(box[:2]) - 1, 0).astype(int)
            x2, y2 = np.maximum(np.ceil(box[2:]) + 1, 0).astype(int)
            cells[y1:y2, x1:x2] = False
        _, _, stats, _ = cv2.connectedComponentsWithStats(cells.astype(np.uint8))
        corners = stats[1:, [cv2.CC_STAT_LEFT, cv2.CC_STAT_TOP]]
        sides = stats[1:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]]
        places: np.ndarray = np.concatenate([corners, corners + sides], axis=1) / np.tile(scale, 2)
        return places.astype(np.float32)


def moving_cells(
    before: Float32[np.ndarray, "h w"], after: Float32[np.ndarray, "h w"]
) -> Bool[np.ndarray, "h w"]:
    """Tell which cells of two thumbnails changed much more than most; none where most of them changed.

    Examples:
        >>> before, after = np.zeros((2, 32, 32), np.float32)
        >>> after[3, 4] = 0.1
        >>> np.argwhere(moving_cells(before, after)).tolist()
        [[3, 4]]
    """
    change = np.abs(after - before)
    moving = change > max(_MIN_CHANGE, _TIMES_MEDIAN * float(np.median(change)))
    return moving if moving.mean() <= _MAX_SHARE else np.zeros_like(moving)
