"""A pinhole camera, hand-held or fixed, and what it sees of ellipsoids."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from gaitway.errors import InputError
from gaitway.synthetic.shapes import Solids

NEAR_M = 0.3  # nothing nearer than this is drawn


@dataclass(frozen=True, slots=True, eq=False)
class Camera:
    """Where the camera stands and how it looks.

    Attributes:
        position: Metres in the world, z up, (3,).
        rotation: World to camera (x right, y down, z into the picture), (3, 3).
        focal_px: Focal length in pixels.
        size_wh: Picture size in pixels.
    """

    position: Float[np.ndarray, "3"]
    rotation: Float[np.ndarray, "3 3"]
    focal_px: float
    size_wh: tuple[int, int]

    def project(self, points: Float[np.ndarray, "... 3"]) -> Float[np.ndarray, "... 3"]:
        """Return x and y in pixels and the depth in metres."""
        seen = (points - self.position) @ self.rotation.T
        depth = np.maximum(seen[..., 2:], NEAR_M)
        centre = np.array(self.size_wh) / 2
        both: np.ndarray = np.concatenate(
            [seen[..., :2] / depth * self.focal_px + centre, seen[..., 2:]], axis=-1
        )
        return both


def look_at(
    eye: Float[np.ndarray, "3"],
    target: Float[np.ndarray, "3"],
    focal_px: float,
    size_wh: tuple[int, int],
    *,
    roll: float = 0.0,
) -> Camera:
    """Return a camera at ``eye`` with ``target`` in the middle of its picture, rolled by ``roll`` radians.

    Raises:
        InputError: It would look straight up or down, so that no side is left.
    """
    forward = np.asarray(target, np.float64) - eye
    forward = forward / np.linalg.norm(forward)
    right = np.cross(forward, [0.0, 0.0, 1.0])
    if np.linalg.norm(right) < 1e-6:
        raise InputError("the camera looks straight up or down: move its eye or target a little to the side")
    right = right / np.linalg.norm(right)
    down = np.cross(forward, right)
    turn = np.array([[np.cos(roll), np.sin(roll), 0], [-np.sin(roll), np.cos(roll), 0], [0, 0, 1.0]])
    return Camera(np.asarray(eye, np.float64), turn @ np.stack([right, down, forward]), focal_px, size_wh)


@dataclass(frozen=True, slots=True, eq=False)
class Flat:
    """Solids as a camera sees them: two ellipses a part.

    Attributes:
        centre: Pixels, (T, K, 2, 2).
        spread: The ellipses' matrices A Aᵀ in square pixels, (T, K, 2, 2, 2).
        depth: Metres from the camera, (T, K, 2).
        bulge: How far each ellipsoid reaches towards the camera from its centre, metres, (T, K, 2).
    """

    centre: Float[np.ndarray, "t k 2 2"]
    spread: Float[np.ndarray, "t k 2 2 2"]
    depth: Float[np.ndarray, "t k 2"]
    bulge: Float[np.ndarray, "t k 2"]

    def frame(self, index: int) -> Flat:
        """Return one frame, T = 1."""
        at = slice(index, index + 1)
        return Flat(self.centre[at], self.spread[at], self.depth[at], self.bulge[at])


def flatten(camera: Camera, solids: Solids) -> Flat:
    """Project ellipsoids, with the perspective taken as linear over each one."""
    seen = (solids.centre - camera.position) @ camera.rotation.T
    depth = np.maximum(seen[..., 2], NEAR_M)
    scale = camera.focal_px / depth
    centre = seen[..., :2] * scale[..., None] + np.array(camera.size_wh) / 2
    axes = camera.rotation @ solids.axes
    slope = seen[..., :2] / depth[..., None]
    flat_axes = (axes[..., :2, :] - slope[..., None] * axes[..., 2:, :]) * scale[..., None, None]
    bulge = np.sqrt((axes[..., 2, :] ** 2).sum(axis=-1))
    return Flat(centre, flat_axes @ np.swapaxes(flat_axes, -1, -2), seen[..., 2], bulge)


def outlines(flat: Flat, *, corners: int = 16) -> Float[np.ndarray, "t k c 2"]:
    """Return the convex outline of every part, corners in turning order, (T, K, corners, 2) pixels.

    The corner for a direction u is the boundary point with the largest u . x: on each ellipse it is
    centre + S u / sqrt(uᵀ S u), and the hull's is the farther of the two.
    """
    turn = 2 * np.pi * np.arange(corners) / corners
    u = np.stack([np.cos(turn), np.sin(turn)])  # (2, C)
    pull = flat.spread @ u  # (T, K, 2, 2, C)
    reach = np.sqrt(np.maximum((pull * u).sum(axis=-2), 1e-9))  # (T, K, 2, C)
    support = flat.centre @ u + reach
    first = (support[:, :, 0] >= support[:, :, 1])[:, :, None]
    centre = flat.centre[..., None]
    points = np.where(
        first,
        centre[:, :, 0] + pull[:, :, 0] / reach[:, :, 0, None],
        centre[:, :, 1] + pull[:, :, 1] / reach[:, :, 1, None],
    )
    outline: np.ndarray = np.moveaxis(points, 2, 3)
    return outline
