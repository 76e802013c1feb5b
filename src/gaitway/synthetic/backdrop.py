"""A street to walk in: paved ground and a wall behind it, in the camera's perspective."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float, Float32

from gaitway.synthetic.camera import Camera

_STONES = ((150, 146, 138), (132, 130, 128), (164, 152, 132), (118, 120, 124))
_WALLS = ((176, 158, 138), (150, 152, 150), (168, 132, 112), (190, 186, 174), (128, 140, 148))


def _noise(rng: np.random.Generator, x: np.ndarray, y: np.ndarray, cell_m: float) -> np.ndarray:
    """Sample smooth noise of mean 0 at places given in metres."""
    grid = np.pad(rng.standard_normal((128, 128)).astype(np.float32), (0, 1), mode="wrap")  # seamless
    u, v = np.mod(x / cell_m, 128).astype(np.float32), np.mod(y / cell_m, 128).astype(np.float32)
    return np.asarray(cv2.remap(grid, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))


def _rays(camera: Camera) -> Float[np.ndarray, "h w 3"]:
    """Return the world direction of every pixel."""
    width, height = camera.size_wh
    x, y = np.meshgrid(np.arange(width) + 0.5 - width / 2, np.arange(height) + 0.5 - height / 2)
    seen = np.stack([x, y, np.full_like(x, camera.focal_px)], axis=-1)
    rays: np.ndarray = seen @ camera.rotation
    return rays


def _seams(x: np.ndarray, size_m: float, width_m: float) -> np.ndarray:
    """Return how much of each place is a seam between slabs of ``size_m``, 0..1."""
    offset = np.abs(np.mod(x / size_m + 0.5, 1) - 0.5) * size_m
    return np.asarray(np.clip(1.5 - offset / width_m, 0, 1))


def _ground(rng: np.random.Generator, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    stone = np.array(_STONES[int(rng.integers(len(_STONES)))], np.float32)
    slab = float(rng.choice([0.4, 0.5, 0.8]))
    shade = 1 + 0.05 * _noise(rng, x, y, 0.03) + 0.07 * _noise(rng, x, y, 0.9)
    block = np.floor(x / slab) * 7.13 + np.floor(y / slab) * 3.71
    shade += 0.05 * np.sin(block * 12.9)
    shade *= 1 - 0.22 * np.maximum(_seams(x, slab, 0.012), _seams(y, slab, 0.012))
    return np.asarray(stone * shade[..., None])


def _wall(rng: np.random.Generator, along: np.ndarray, height: np.ndarray) -> np.ndarray:
    paint = np.array(_WALLS[int(rng.integers(len(_WALLS)))], np.float32)
    shade = 1 + 0.03 * _noise(rng, along, height, 0.05) + 0.06 * _noise(rng, along, height, 1.4)
    row = np.floor(height / 0.24)
    joints = np.maximum(_seams(height, 0.24, 0.008), _seams(along + 0.25 * np.mod(row, 2), 0.5, 0.008))
    shade *= 1 - 0.10 * joints
    colour = paint * shade[..., None]
    pitch, low, high = float(rng.uniform(2.2, 3.4)), 1.1, 2.7
    bay = np.mod(along / pitch, 1)
    window = (bay > 0.30) & (bay < 0.70) & (height > low) & (height < high)
    frame = (bay > 0.28) & (bay < 0.72) & (height > low - 0.08) & (height < high + 0.08) & ~window
    glass = (
        np.array((70, 84, 96), np.float32) * (1 + 0.35 * _noise(rng, along + height, height, 0.6))[..., None]
    )
    colour = np.where(window[..., None], glass, colour)
    colour = np.where(frame[..., None], np.array((214, 210, 200), np.float32), colour)
    base = (height < 0.35)[..., None]
    return np.asarray(np.where(base, colour * 0.72, colour))


def paint_backdrop(
    rng: np.random.Generator, camera: Camera, *, wall_m: float, facing: float
) -> Float32[np.ndarray, "h w 3"]:
    """Paint what stands still.

    Args:
        rng: Chooses stones, paint and windows.
        camera: The picture's camera.
        wall_m: Distance of the wall from the world's origin, away from the camera, in metres.
        facing: Direction from the origin to the wall, in radians.

    Returns:
        RGB, 0..255.
    """
    rays, eye = _rays(camera), camera.position
    away = np.array([np.cos(facing), np.sin(facing), 0.0])
    side = np.array([-away[1], away[0], 0.0])
    down, forward = np.minimum(rays[..., 2], -1e-6), np.maximum(rays @ away, 1e-6)
    to_ground, to_wall = -eye[2] / down, (wall_m - eye @ away) / forward
    seen = eye + rays * np.minimum(np.minimum(to_ground, to_wall), 500.0)[..., None]
    on_ground = (to_ground < to_wall)[..., None]
    picture = np.where(
        on_ground, _ground(rng, seen @ side, seen @ away), _wall(rng, seen @ side, seen[..., 2])
    )
    corner = np.exp(-np.abs(seen @ away - wall_m) / 0.35) * np.exp(-np.maximum(seen[..., 2], 0) / 0.3)
    picture = picture * (1 - 0.3 * corner[..., None])
    smooth = cv2.GaussianBlur(np.clip(picture, 0, 255).astype(np.float32), (0, 0), 0.7)
    return np.asarray(smooth, np.float32)
