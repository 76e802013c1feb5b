"""A person's mask brought back to where the person is in the frame."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float, Float32, UInt8


@dataclass(frozen=True, slots=True, eq=False)
class MaskPiece:
    """One person's mask where the person is.

    Attributes:
        left: Column of the mask's first pixel in the frame.
        top: Row of the mask's first pixel in the frame.
        mask: Who is person, frame pixels, (h, w) bool.
    """

    left: int
    top: int
    mask: Bool[np.ndarray, "h w"]


def mask_piece(
    region_xyxy: Float[np.ndarray, " 4"],
    mask: Float32[np.ndarray, "h w"],
    size_wh: tuple[int, int],
    *,
    threshold: float = 0.5,
) -> MaskPiece:
    """Bring a segmenter's mask to frame pixels.

    Args:
        region_xyxy: The part of the frame that ``mask`` covers; may reach outside it.
        mask: Foreground probability over the region, any size.
        size_wh: The frame's size.
        threshold: Foreground is above it.

    Returns:
        The part inside the frame; an empty mask where the region lies outside.
    """
    x1, y1, x2, y2 = (float(v) for v in region_xyxy)
    left, top = max(0, int(np.floor(x1))), max(0, int(np.floor(y1)))
    width = max(0, min(size_wh[0], int(np.ceil(x2))) - left)
    height = max(0, min(size_wh[1], int(np.ceil(y2))) - top)
    if not width or not height or not mask.size or x2 <= x1 or y2 <= y1:
        return MaskPiece(left, top, np.zeros((height, width), bool))
    # Pixel centres: frame pixel u shows mask pixel (u + 0.5 - x1) * scale - 0.5.
    scale_x, scale_y = mask.shape[1] / (x2 - x1), mask.shape[0] / (y2 - y1)
    to_mask = np.array(
        [
            [scale_x, 0.0, (left + 0.5 - x1) * scale_x - 0.5],
            [0.0, scale_y, (top + 0.5 - y1) * scale_y - 0.5],
        ]
    )
    moved = cv2.warpAffine(mask, to_mask, (width, height), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    return MaskPiece(left, top, moved > threshold)


def aligned_piece(
    silhouette: UInt8[np.ndarray, "h w"], box_xyxy: Float[np.ndarray, " 4"], size_wh: tuple[int, int]
) -> MaskPiece:
    """Put a stored, aligned silhouette back into its box: as high as the box and in the middle of it.

    What alignment lost stays lost: detail beyond 64 rows, and a shift where the box is not the mask's extent.

    Args:
        silhouette: Aligned, 0..255, head on the first row and feet on the last.
        box_xyxy: The person's box in that frame.
        size_wh: The frame's size.
    """
    columns = np.flatnonzero((silhouette > 127).any(axis=0))
    centre = (columns[0] + columns[-1] + 1) / 2 if len(columns) else silhouette.shape[1] / 2
    scale = float(box_xyxy[3] - box_xyxy[1]) / silhouette.shape[0]
    left = float(box_xyxy[0] + box_xyxy[2]) / 2 - centre * scale
    region = np.array([left, box_xyxy[1], left + silhouette.shape[1] * scale, box_xyxy[3]], dtype=np.float32)
    return mask_piece(region, silhouette.astype(np.float32) / 255, size_wh)
