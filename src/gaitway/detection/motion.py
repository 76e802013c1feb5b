"""People by what moves before a fixed camera."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32, Int64, UInt8

from gaitway.errors import ConfigError
from gaitway.types import Detections


@dataclass(frozen=True, slots=True)
class MotionConfig:
    """How moving things are found and which of them may be people.

    Attributes:
        history: Frames that the background is learned from.
        variance: Squared distance from the background, in variances, that counts as different (OpenCV's 16).
        warm_up: Frames at the start in which nothing is reported, as nothing is known.
        work_height: Height in pixels at which pictures are compared; larger ones are shrunk.
        min_height: Least height of a person as a share of the picture's.
        min_aspect: Least height divided by width: people are upright.
        max_aspect: Greatest height divided by width: poles are not people.
        max_moving: Share of the picture above which the camera moved or the light changed: nothing is said.
    """

    history: int = 300
    variance: float = 16.0
    warm_up: int = 10
    work_height: int = 360
    min_height: float = 0.06
    min_aspect: float = 1.1
    max_aspect: float = 6.0
    max_moving: float = 0.5

    def __post_init__(self) -> None:
        if self.history < 1 or self.work_height < 16 or not 0 < self.min_aspect < self.max_aspect:
            raise ConfigError(
                "motion needs history >= 1, work_height >= 16 and 0 < min_aspect < max_aspect, "
                f"got {self.history}, {self.work_height}, {self.min_aspect} and {self.max_aspect}"
            )


class MotionDetector:
    """Finds upright things that differ from a learned background. For fixed cameras only.

    Confidence is the share of the box that moved, at least 0.5: bodies fill half to three quarters of theirs.

    Source:
        Gaussian mixture background, Zivkovic 2004 (OpenCV's MOG2, shadows dropped); differs: none.
    """

    def __init__(self, config: MotionConfig | None = None) -> None:
        self.config = config or MotionConfig()
        self.reset()

    def reset(self, frame_rate: float | None = None) -> None:  # noqa: ARG002 - it counts frames
        """Forget the background: the next frame is of another video."""
        self._frame = 0
        self._size_wh = (0, 0)
        self._background = cv2.createBackgroundSubtractorMOG2(
            history=self.config.history, varThreshold=self.config.variance, detectShadows=True
        )

    def detect(self, image_rgb: UInt8[np.ndarray, "h w 3"]) -> Detections:
        """Learn the next frame and find what moves in it."""
        height, width = image_rgb.shape[:2]
        if (width, height) != self._size_wh:
            self.reset()
            self._size_wh = (width, height)
        scale = min(1.0, self.config.work_height / height)
        size = max(round(width * scale), 1), max(round(height * scale), 1)
        moving = self._background.apply(cv2.resize(image_rgb, size, interpolation=cv2.INTER_AREA))
        self._frame += 1
        mask = _clean(moving)
        if self._frame <= self.config.warm_up or mask.mean() > self.config.max_moving * 255:
            return Detections.empty()
        boxes, areas = self._upright(mask)
        fill = areas / np.maximum(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1), 1.0)
        back = np.array([width / size[0], height / size[1]] * 2, np.float32)
        return Detections(boxes * back, np.clip(fill, 0.5, 1.0).astype(np.float32))

    def _upright(
        self, mask: UInt8[np.ndarray, "h w"]
    ) -> tuple[Float32[np.ndarray, "n 4"], Int64[np.ndarray, " n"]]:
        """Return the boxes and areas of the connected things that have a person's size and shape."""
        _, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
        x, y, width, height, area = stats[1:].T.astype(np.int64)
        aspect = height / np.maximum(width, 1)
        keep = (height >= self.config.min_height * mask.shape[0]) & (aspect >= self.config.min_aspect)
        keep &= aspect <= self.config.max_aspect
        boxes = np.stack([x, y, x + width, y + height], axis=1)[keep]
        return boxes.astype(np.float32), area[keep]


def _clean(moving: UInt8[np.ndarray, "h w"]) -> UInt8[np.ndarray, "h w"]:
    """Drop shadows and specks, and close the gaps inside bodies, taller than wide."""
    mask = cv2.threshold(moving, 200, 255, cv2.THRESH_BINARY)[1]
    mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    closed: np.ndarray = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((9, 5), np.uint8))
    return closed
