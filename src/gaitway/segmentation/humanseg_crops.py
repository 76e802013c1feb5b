"""What PP-HumanSeg is shown of a person: four ways to cut a box out of a frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from gaitway.geometry import square_around
from gaitway.segmentation.crop import crop_square

CropKind = Literal["context", "stretched", "seed"]

CONTEXT_SCALE = 1.1  # side of the square in longer box sides; docs/decisions/0051
MARGIN = 0.1  # the seed system widens a box by this on each side
WHITE = 255


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """A part of the frame to be cut out.

    Attributes:
        xyxy: What the crop covers, in frame pixels; may reach outside the frame.
        kind: How it is filled.
        inside: The person's whole pixels (x1, y1, x2, y2), within the frame.
    """

    xyxy: Float32[np.ndarray, "4"]
    kind: CropKind
    inside: tuple[int, int, int, int]


def box_region(box_xyxy: Float32[np.ndarray, "4"], size_hw: tuple[int, int], kind: CropKind) -> Region:
    """Choose what to show of the person in a box.

    Args:
        box_xyxy: The box in frame pixels.
        size_hw: The frame's (height, width) in pixels.
        kind: ``context``, ``stretched`` or ``seed``.
    """
    x1, y1, x2, y2 = inside = widened_box(box_xyxy, size_hw)
    if kind == "context":
        square = square_around(box_xyxy[None], CONTEXT_SCALE)[0]
        square[2:] = np.maximum(square[2:], square[:2] + 1.0)
        return Region(square, kind, inside)
    if kind == "stretched":
        return Region(np.array(inside, np.float32), kind, inside)
    width, height = x2 - x1, y2 - y1
    side = max(width, height)
    left, top = x1 - (side - width) // 2, y1 - (side - height) // 2
    return Region(np.array([left, top, left + side, top + side], np.float32), kind, inside)


def widened_box(box_xyxy: Float32[np.ndarray, "4"], size_hw: tuple[int, int]) -> tuple[int, int, int, int]:
    """Widen a box by a tenth on every side, within the frame, in whole pixels as the seed system cuts them.

    A box that lies outside the frame keeps one pixel at the border, so that it has a crop like any other.
    """
    x1, y1, x2, y2 = (int(v) for v in box_xyxy)
    dx, dy = MARGIN * (x2 - x1), MARGIN * (y2 - y1)
    height, width = size_hw
    left, right = max(int(x1 - dx), 0), min(int(x2 + dx), width)
    top, bottom = max(int(y1 - dy), 0), min(int(y2 + dy), height)
    left, top = min(left, width - 1), min(top, height - 1)
    return left, top, max(right, left + 1), max(bottom, top + 1)


def cut_region(
    image_rgb: UInt8[np.ndarray, "h w 3"], region: Region, size_wh: tuple[int, int]
) -> UInt8[np.ndarray, "h2 w2 3"]:
    """Cut a region out of a frame and scale it to the network's input."""
    if region.kind == "context":
        crop = crop_square(image_rgb, region.xyxy, max(size_wh))
        return crop if size_wh[0] == size_wh[1] else cv2.resize(crop, size_wh)
    x1, y1, x2, y2 = region.inside
    part = image_rgb[y1:y2, x1:x2]
    if region.kind == "seed":
        part = _on_white(part)
    return cv2.resize(part, size_wh, interpolation=cv2.INTER_LINEAR)


def _on_white(part: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "s s 3"]:
    """Paste a picture into the middle of a white square."""
    height, width = part.shape[:2]
    side = max(height, width)
    square = np.full((side, side, 3), WHITE, np.uint8)
    top, left = (side - height) // 2, (side - width) // 2
    square[top : top + height, left : left + width] = part
    return square


def keep_inside(probability: Float32[np.ndarray, "h w"], region: Region) -> Float32[np.ndarray, "h w"]:
    """Return a region's mask without what lies beyond the person's widened box: neighbours, mostly."""
    size = np.array(probability.shape[::-1])
    scale = size / (region.xyxy[2:] - region.xyxy[:2])
    corners = (np.array(region.inside).reshape(2, 2) - region.xyxy[:2]) * scale
    (x1, y1), (x2, y2) = np.clip(corners.round().astype(int), 0, size)
    kept = np.zeros_like(probability)
    kept[y1:y2, x1:x2] = probability[y1:y2, x1:x2]
    return kept
