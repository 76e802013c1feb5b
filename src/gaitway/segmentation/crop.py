"""Cut squares out of a frame at a network's size."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from gaitway.errors import InputError


def crop_square(
    image_rgb: UInt8[np.ndarray, "h w 3"], square_xyxy: Float[np.ndarray, "4"], size: int
) -> UInt8[np.ndarray, "s s 3"]:
    """Cut a square out of a picture and scale it; outside the picture its border pixels go on.

    Args:
        image_rgb: The picture.
        square_xyxy: The square in pixels, as far outside the picture as it likes.
        size: Output side in pixels.

    Raises:
        InputError: The square has no area.
    """
    side = float(square_xyxy[2] - square_xyxy[0])
    if not side > 0:
        raise InputError(f"square to cut out has a side of {side} px, wanted more than 0: drop empty boxes")
    scale = size / side
    x0, y0 = float(square_xyxy[0]), float(square_xyxy[1])
    if scale < 0.5:  # bilinear sampling would skip pixels
        image_rgb, x0, y0, scale = _shrink(image_rgb, square_xyxy, scale)
    # Pixel centres: output pixel u samples the picture at x0 + (u + 0.5) / scale - 0.5.
    step = 1 / scale
    to_picture = np.array([[step, 0, x0 + step / 2 - 0.5], [0, step, y0 + step / 2 - 0.5]])
    crop: np.ndarray = cv2.warpAffine(
        image_rgb,
        to_picture,
        (size, size),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return crop


def _shrink(
    image_rgb: UInt8[np.ndarray, "h w 3"], square_xyxy: Float[np.ndarray, "4"], scale: float
) -> tuple[UInt8[np.ndarray, "h2 w2 3"], float, float, float]:
    """Shrink the square's surroundings by a whole factor, averaging; return it, x0, y0 and scale."""
    factor = int(1 / scale)
    height, width = image_rgb.shape[:2]
    low = np.clip(
        np.floor(square_xyxy[:2]).astype(int) - factor, 0, [max(width - factor, 0), max(height - factor, 0)]
    )
    high = np.clip(np.ceil(square_xyxy[2:]).astype(int) + factor, low + 1, [width, height])
    part = image_rgb[low[1] : high[1], low[0] : high[0]]
    # Whole blocks only, so that a block's place is exact; the border rows left over are repeated anyway.
    columns, rows = max((high[0] - low[0]) // factor, 1), max((high[1] - low[1]) // factor, 1)
    part = part[: rows * factor, : columns * factor]
    small = cv2.resize(part, (columns, rows), interpolation=cv2.INTER_AREA)
    origin = (square_xyxy[:2] - low) / factor
    return small, float(origin[0]), float(origin[1]), scale * factor
