"""A body as capsules round its keypoints: how far is a pixel from a person?"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Float32, Float64

# BlazePose's 33 keypoints: nose 0, ears 7 8, shoulders 11 12, elbows 13 14, wrists 15 16, hips 23 24, knees
# 25 26, ankles 27 28, heels 29 30, toes 31 32. Radii are shares of stature: Winter, Biomechanics and Motor
# Control of Human Movement, 4th ed., figure 4.1 (segment lengths), and the girths that go with them.
_CAPSULES = (
    (7, 8, 0.065),
    (0, 0, 0.065),
    (11, 12, 0.06),
    (11, 23, 0.08),
    (12, 24, 0.08),
    (23, 24, 0.08),
    (11, 13, 0.035),
    (12, 14, 0.035),
    (13, 15, 0.03),
    (14, 16, 0.03),
    (23, 25, 0.055),
    (24, 26, 0.055),
    (25, 27, 0.04),
    (26, 28, 0.04),
    (27, 31, 0.03),
    (28, 32, 0.03),
    (29, 31, 0.03),
    (30, 32, 0.03),
)
_FROM = np.array([a for a, _, _ in _CAPSULES])
_TO = np.array([b for _, b, _ in _CAPSULES])
_RADIUS = np.array([r for _, _, r in _CAPSULES])


def distance_to_body(
    points_xy: Float[np.ndarray, "k 2"],
    keypoints: Float32[np.ndarray, "33 3"],
    box_xyxy: Float[np.ndarray, "4"],
    min_confidence: float = 0.3,
) -> Float64[np.ndarray, " k"]:
    """Return how far each point lies outside a person, as a share of the person's height; negative inside.

    Args:
        points_xy: Frame pixels.
        keypoints: x, y and confidence of the person; those unknown or unsure are not used.
        box_xyxy: The person's box; it stands in for the body where no limb is known.
        min_confidence: Keypoints below it are not used.

    Returns:
        Down to about -0.1 in the middle of the trunk, 0 at the skin, 1 one body height away.
    """
    height = max(float(box_xyxy[3] - box_xyxy[1]), 1.0)
    known = np.isfinite(keypoints).all(axis=1) & (keypoints[:, 2] >= min_confidence)
    limbs = known[_FROM] & known[_TO]
    if not limbs.any():
        return _distance_to_ellipse(points_xy, box_xyxy)
    start = keypoints[_FROM[limbs], :2].astype(np.float64)
    along = keypoints[_TO[limbs], :2] - start
    length2 = np.maximum((along**2).sum(axis=1), 1e-9)
    x = points_xy[:, :1] - start[:, 0]
    y = points_xy[:, 1:] - start[:, 1]
    share = np.clip((x * along[:, 0] + y * along[:, 1]) / length2, 0.0, 1.0)
    gap = np.hypot(x - share * along[:, 0], y - share * along[:, 1]) - _RADIUS[limbs] * height
    distance: np.ndarray = gap.min(axis=1) / height
    return distance


def _distance_to_ellipse(points_xy: np.ndarray, box_xyxy: np.ndarray) -> np.ndarray:
    """Signed radial distance from the ellipse inscribed in the box, as a share of the box's height."""
    centre = (box_xyxy[:2] + box_xyxy[2:]) / 2
    half = np.maximum((box_xyxy[2:] - box_xyxy[:2]) / 2, 0.5)
    offset = points_xy - centre
    radius = np.linalg.norm(offset / half, axis=1)
    gap = np.where(
        radius > 1e-9, np.linalg.norm(offset, axis=1) * (1 - 1 / np.maximum(radius, 1e-9)), -half.min()
    )
    distance: np.ndarray = gap / (2 * half[1])
    return distance
