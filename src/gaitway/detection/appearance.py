"""Find a person again by the look of its upper body, when the networks are unsure."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, Float32, UInt8

_UPPER = 0.6  # share of the body that keeps its shape while walking: head to hips
_PATCH_HEIGHT_PX = 36
_MIN_CONTRAST = 4.0  # standard deviation in grey levels below which anything looks alike
_MARGIN = 0.2  # search radius in body heights; walking moves people by under 0.1 a frame


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """The upper body as last seen.

    Attributes:
        pixels: (h, w, 3) uint8, ``_PATCH_HEIGHT_PX`` high.
        scale: Patch pixels per frame pixel.
    """

    pixels: UInt8[np.ndarray, "h w 3"]
    scale: float


def take_patch(image_rgb: UInt8[np.ndarray, "h w 3"], box: Float32[np.ndarray, "4"]) -> Patch | None:
    """Remember the upper body in ``box``; None where it is flat, or hardly in the picture."""
    x0, y0, x1, y1 = _upper(box)
    part = _cut(image_rgb, x0, y0, x1, y1)
    if min(part.shape[:2]) < 4 or part.std(axis=(0, 1)).max() < _MIN_CONTRAST:
        return None
    scale = _PATCH_HEIGHT_PX / (y1 - y0)
    return Patch(_scaled(part, scale), scale)


def find_patch(
    image_rgb: UInt8[np.ndarray, "h w 3"], patch: Patch, expected: Float32[np.ndarray, "4"]
) -> tuple[Float32[np.ndarray, "2"], float]:
    """Search for the upper body round the box where the person is expected.

    Returns:
        How far the person is from ``expected`` (x, y in pixels), and the normalised correlation in [-1, 1];
        no shift and 0 where there is nothing to search.

    Source:
        Normalised cross-correlation, Lewis 1995, as OpenCV's matchTemplate.
    """
    nothing = np.zeros(2, np.float32), 0.0
    x0, y0, x1, y1 = _upper(expected)
    margin = round(_MARGIN * float(expected[3] - expected[1])) + 1
    left, top = max(x0 - margin, 0), max(y0 - margin, 0)
    window = _cut(image_rgb, left, top, x1 + margin, y1 + margin)
    if min(window.shape[:2]) < 4:
        return nothing
    window = _scaled(window, patch.scale)
    height, width = patch.pixels.shape[:2]
    if window.shape[0] < height or window.shape[1] < width:
        return nothing
    match = cv2.matchTemplate(window, patch.pixels, cv2.TM_CCOEFF_NORMED)
    _, best, _, (column, row) = cv2.minMaxLoc(match)
    shift = np.array([column, row]) / patch.scale + (left, top) - (x0, y0)
    return shift.astype(np.float32), float(best)


def _upper(box: Float[np.ndarray, "4"]) -> tuple[int, int, int, int]:
    """Return the whole-pixel corners of the box's upper part."""
    x0, y0, x1 = (round(float(v)) for v in box[:3])
    return x0, y0, max(x1, x0 + 1), y0 + max(round(_UPPER * float(box[3] - box[1])), 1)


def _cut(image_rgb: np.ndarray, x0: int, y0: int, x1: int, y1: int) -> UInt8[np.ndarray, "h w 3"]:
    cut: np.ndarray = image_rgb[max(y0, 0) : max(y1, 0), max(x0, 0) : max(x1, 0)]
    return cut


def _scaled(part: UInt8[np.ndarray, "h w 3"], scale: float) -> UInt8[np.ndarray, "h2 w2 3"]:
    size = max(round(part.shape[1] * scale), 1), max(round(part.shape[0] * scale), 1)
    scaled: np.ndarray = cv2.resize(
        part, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    )
    return scaled
