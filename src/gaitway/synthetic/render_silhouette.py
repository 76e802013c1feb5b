"""Silhouettes for training: every part's outline filled, fast."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from gaitway.synthetic.camera import Camera, flatten, outlines
from gaitway.synthetic.shapes import PartSet
from gaitway.synthetic.skeleton import SEGMENT, Pose

_SHIFT = 4  # fillConvexPoly takes 1/16 pixels


def fill_outlines(
    polygons: Float[np.ndarray, "t k c 2"], size_wh: tuple[int, int], *, level: int = 255
) -> UInt8[np.ndarray, "t h w"]:
    """Fill the polygons of each frame into one mask."""
    fixed = np.rint((polygons - 0.5) * (1 << _SHIFT)).clip(-(1 << 20), 1 << 20).astype(np.int32)
    width, height = size_wh
    masks = np.zeros((len(fixed), height, width), np.uint8)
    fill = cv2.fillConvexPoly
    for mask, frame in zip(masks, fixed, strict=True):
        for polygon in frame:
            fill(mask, polygon, level, cv2.LINE_8, _SHIFT)
    return masks


def render_silhouettes(
    parts: PartSet, pose: Pose, camera: Camera, *, corners: int = 14, follow: str | None = None
) -> UInt8[np.ndarray, "t h w"]:
    """Return the walker's mask in every frame, 0 or 255, in the camera's picture size.

    Args:
        parts: The figure.
        pose: Where it is.
        camera: Who looks.
        corners: Corners of every part's outline.
        follow: A segment whose origin is brought to the middle of each frame, as a tracker crops; None
        keeps the
            camera's own frame.
    """
    polygons = outlines(flatten(camera, parts.place(pose)), corners=corners)
    if follow is not None:
        seen = camera.project(pose.origin[:, SEGMENT[follow]])[:, :2]
        polygons = polygons + (np.array(camera.size_wh) / 2 - seen)[:, None, None]
    return fill_outlines(polygons, camera.size_wh)
