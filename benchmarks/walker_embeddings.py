"""Generated walkers through an encoder: people x scenes, for calibrating and measuring the matcher.

Every scene has one camera for all of its people, so that what a scene does to everybody is in the numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np

from gaitway.errors import EmptyMaskError
from gaitway.silhouettes import align
from gaitway.synthetic.camera import Camera, look_at
from gaitway.synthetic.covariates import BAGS, COATS
from gaitway.synthetic.figure import sample_clothes
from gaitway.synthetic.render_silhouette import render_silhouettes
from gaitway.synthetic.walker import Path, Walker, sample_walker

Encode = Callable[[list[np.ndarray]], np.ndarray]
SIZE_WH = (160, 160)
RATE = 30.0


@dataclass(frozen=True)
class Scene:
    """A camera's azimuth to the walk and height, and the faults its masks have."""

    azimuth: float
    height_m: float
    distance_m: float
    grow_px: float
    rough: float


def sample_scene(rng: np.random.Generator) -> Scene:
    """Draw a scene; front and back are as likely as all sides together, as on corridors and pavements."""
    azimuth = (
        rng.choice([0.0, np.pi]) + rng.normal(0, 0.25) if rng.random() < 0.5 else rng.uniform(0, 2 * np.pi)
    )
    return Scene(
        azimuth, rng.uniform(1.2, 5.0), rng.uniform(6, 14), rng.normal(0, 0.6), rng.uniform(0.2, 0.8)
    )


def film(walker: Walker, scene: Scene, rng: np.random.Generator, frames: int = 45) -> np.ndarray:
    """Return the aligned silhouettes of one walk before one camera."""
    times = np.arange(frames) / RATE
    heading = rng.normal(0, 0.1)
    way = walker.speed_mps * times[-1]
    start = -0.5 * way * np.array([np.cos(heading), np.sin(heading)])
    pose = walker.pose(times, Path((float(start[0]), float(start[1])), heading), rng)
    camera = _camera(walker, scene)
    masks = render_silhouettes(walker.parts, pose, camera)
    return np.stack([s for s in (_aligned(mask, scene, rng) for mask in masks) if s is not None])


def embed(
    encode: Encode, people: int, scenes: int, seed: int, *, spread: float = 1.0
) -> tuple[np.ndarray, list[Scene]]:
    """Return embeddings (people, scenes, P, C); clothes change with the scene, some carry a bag."""
    rng = np.random.default_rng(seed)
    cast = [sample_walker(rng, spread=spread) for _ in range(people)]
    places = [sample_scene(rng) for _ in range(scenes)]
    walks = [film(_dressed(walker, rng), scene, rng) for walker in cast for scene in places]
    encoded = encode(walks)
    return encoded.reshape(people, scenes, *encoded.shape[1:]), places


def _dressed(walker: Walker, rng: np.random.Generator) -> Walker:
    today = replace(walker, clothes=sample_clothes(rng), extras=())
    kind = rng.random()
    if kind < 0.2:
        return today.carrying(str(rng.choice(BAGS)), rng)
    return today.carrying(str(rng.choice(COATS)), rng) if kind < 0.35 else today


def _camera(walker: Walker, scene: Scene) -> Camera:
    eye = scene.distance_m * np.array([np.cos(scene.azimuth), np.sin(scene.azimuth), 0.0])
    eye[2] = scene.height_m
    target = np.array([0.0, 0.0, walker.body.stature_m / 2])
    focal = 100 * float(np.linalg.norm(eye - target)) / walker.body.stature_m
    return look_at(eye, target, focal, SIZE_WH)


def _aligned(mask: np.ndarray, scene: Scene, rng: np.random.Generator) -> np.ndarray | None:
    """Roughen the outline, grow or shrink it, then align."""
    noise = cv2.GaussianBlur(rng.standard_normal(mask.shape).astype(np.float32), (0, 0), 2.0) * 7
    inside = cv2.distanceTransform(mask, cv2.DIST_L2, 3) - cv2.distanceTransform(255 - mask, cv2.DIST_L2, 3)
    rough = (inside + scene.grow_px + scene.rough * noise > 0).astype(np.uint8) * np.uint8(255)
    try:
        return align(rough)
    except EmptyMaskError:
        return None
