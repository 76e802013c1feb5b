"""Rotation matrices about the axes, one per frame. x is forward, y left, z up; right-handed, in radians."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

Angles = Float[np.ndarray, " t"]
Rotations = Float[np.ndarray, "t 3 3"]


def _about(angle: Angles, first: int, second: int) -> Rotations:
    """Rotate the ``first`` axis towards the ``second``."""
    out = np.zeros((len(angle), 3, 3))
    out[:, 0, 0] = out[:, 1, 1] = out[:, 2, 2] = 1.0
    cosine, sine = np.cos(angle), np.sin(angle)
    out[:, first, first] = out[:, second, second] = cosine
    out[:, second, first] = sine
    out[:, first, second] = -sine
    return out


def rotate_x(angle: Angles) -> Rotations:
    """Rotate about the forward axis: a hanging limb swings to the left."""
    return _about(angle, 1, 2)


def rotate_y(angle: Angles) -> Rotations:
    """Rotate about the left axis: a standing trunk leans forward."""
    return _about(angle, 2, 0)


def rotate_z(angle: Angles) -> Rotations:
    """Rotate about the up axis: a walker turns left."""
    return _about(angle, 0, 1)
