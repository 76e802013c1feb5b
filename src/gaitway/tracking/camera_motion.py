"""The camera's own motion: how to estimate it between two frames and how to take it out of the tracks."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Float64

from gaitway.errors import InputError
from gaitway.tracking.kalman import HEIGHT


def _parts(camera: Float[np.ndarray, "2 3"]) -> tuple[np.ndarray, np.ndarray, float]:
    """Return linear part, shift and scale of an affine map, or raise if it is none."""
    scale = (
        float(np.sqrt(abs(np.linalg.det(camera[:, :2].astype(np.float64)))))
        if camera.shape == (2, 3)
        else 0.0
    )
    if not (np.isfinite(camera).all() and scale > 0):
        raise InputError("camera motion is not an invertible 2x3 affine map: pass None where it is unknown")
    return camera[:, :2], camera[:, 2:], scale


def warp_boxes(
    xyah: Float64[np.ndarray, "4 n"], camera: Float[np.ndarray, "2 3"]
) -> Float64[np.ndarray, "4 n"]:
    """Carry boxes (centre x, centre y, aspect, height) through ``camera``, old pixels to new pixels."""
    linear, shift, scale = _parts(camera)
    warped = xyah.copy()
    warped[:2] = linear @ xyah[:2] + shift
    warped[HEIGHT] *= scale
    return warped


def warp_motion(
    motion: Float64[np.ndarray, "5 4 n"], camera: Float[np.ndarray, "2 3"]
) -> Float64[np.ndarray, "5 4 n"]:
    """Carry filter states through ``camera``: position, velocity and the size of the uncertainty.

    Source:
        BoT-SORT (Aharon et al., 2022), eq. 6-7. Differs: the covariance is scaled, not turned, so that it
        stays diagonal; video turns by a few degrees a second at most.
    """
    linear, _, scale = _parts(camera)
    warped = motion.copy()
    warped[0] = warp_boxes(motion[0], camera)
    warped[1, :2] = linear @ motion[1, :2]
    warped[1, HEIGHT] *= scale
    warped[2:, [0, 1, HEIGHT]] *= scale * scale
    return warped
