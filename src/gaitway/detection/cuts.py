"""Notice that a film jumps to another shot, so that nobody of the last one is sought in it."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

_SIDE = 32
_MIN_CORRELATION = 0.6  # neighbouring frames of real clips keep 0.93 and more; other shots have about 0


def thumbnail(image_rgb: UInt8[np.ndarray, "h w 3"]) -> Float32[np.ndarray, "32 32"]:
    """Return a frame's coarse layout: grey, 32 by 32, mean 0 and length 1; zeros where it is flat."""
    step = max(min(image_rgb.shape[:2]) // 240, 1)
    small = cv2.resize(image_rgb[::step, ::step, 1], (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    layout = small.astype(np.float32) - np.float32(small.mean())
    length = float(np.linalg.norm(layout))
    normal: np.ndarray = layout / np.float32(length) if length > _SIDE else np.zeros_like(layout)
    return normal


def is_cut(before: Float32[np.ndarray, "32 32"], after: Float32[np.ndarray, "32 32"]) -> bool:
    """Tell whether two frames that follow each other, as thumbnails, are of different shots."""
    return bool(before.any() and after.any() and float((before * after).sum()) < _MIN_CORRELATION)
