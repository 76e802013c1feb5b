"""Generated people filmed one by one: aligned silhouettes of people x walks, straight from the renderer.

Every walk has its own camera, clothes and faults of the mask, as enrolment and search have in life.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
from jaxtyping import UInt8

from gaitway.errors import EmptyMaskError
from gaitway.silhouettes import align
from gaitway.synthetic.camera import Camera, look_at
from gaitway.synthetic.covariates import BAGS, COATS
from gaitway.synthetic.figure import sample_clothes
from gaitway.synthetic.render_silhouette import render_silhouettes
from gaitway.synthetic.walker import Path, Walker, sample_walker

SIZE_WH = (160, 160)
RATE = 30.0


@dataclass(frozen=True)
class Place:
    """Where a walk is filmed, and how well it is cut out.

    Attributes:
        azimuth: Of the camera to the walk, radians.
        height_m: Of the camera.
        distance_m: Of the camera.
        grow_px: How much too large the mask is.
        rough: How ragged its outline is.
    """

    azimuth: float
    height_m: float
    distance_m: float
    grow_px: float
    rough: float


def sample_place(rng: np.random.Generator) -> Place:
    """Draw a place; front and back are as likely as all sides together, as on corridors and pavements."""
    along = rng.choice([0.0, np.pi]) + rng.normal(0, 0.25)
    azimuth = along if rng.random() < 0.5 else rng.uniform(0, 2 * np.pi)
    return Place(
        azimuth, rng.uniform(1.2, 5.0), rng.uniform(6, 14), rng.normal(0, 0.6), rng.uniform(0.2, 0.8)
    )


def filmed_people(
    people: int, walks: int, seed: int, *, frames: int = 45
) -> Iterator[tuple[int, UInt8[np.ndarray, "t 64 64"]]]:
    """Yield (person, silhouettes) for ``walks`` walks of each person, person after person."""
    rng = np.random.default_rng([seed, 70])
    for person in range(people):
        walker = sample_walker(rng)
        for _ in range(walks):
            yield person, film(_dressed(walker, rng), sample_place(rng), rng, frames)


def film(
    walker: Walker, place: Place, rng: np.random.Generator, frames: int = 45
) -> UInt8[np.ndarray, "t 64 64"]:
    """Return the aligned silhouettes of one walk before one camera."""
    times = np.arange(frames) / RATE
    heading = rng.normal(0, 0.1)
    way = walker.speed_mps * times[-1]
    start = -0.5 * way * np.array([np.cos(heading), np.sin(heading)])
    pose = walker.pose(times, Path((float(start[0]), float(start[1])), heading), rng)
    masks = render_silhouettes(walker.parts, pose, _camera(walker, place))
    return np.stack([s for s in (_aligned(mask, place, rng) for mask in masks) if s is not None])


def _dressed(walker: Walker, rng: np.random.Generator) -> Walker:
    today = replace(walker, clothes=sample_clothes(rng), extras=())
    kind = rng.random()
    if kind < 0.2:
        return today.carrying(str(rng.choice(BAGS)), rng)
    return today.carrying(str(rng.choice(COATS)), rng) if kind < 0.35 else today


def _camera(walker: Walker, place: Place) -> Camera:
    eye = place.distance_m * np.array([np.cos(place.azimuth), np.sin(place.azimuth), 0.0])
    eye[2] = place.height_m
    target = np.array([0.0, 0.0, walker.body.stature_m / 2])
    focal = 100 * float(np.linalg.norm(eye - target)) / walker.body.stature_m
    return look_at(eye, target, focal, SIZE_WH)


def _aligned(mask: np.ndarray, place: Place, rng: np.random.Generator) -> np.ndarray | None:
    """Roughen the outline, grow or shrink it, then align."""
    noise = cv2.GaussianBlur(rng.standard_normal(mask.shape).astype(np.float32), (0, 0), 2.0) * 7
    inside = cv2.distanceTransform(mask, cv2.DIST_L2, 3) - cv2.distanceTransform(255 - mask, cv2.DIST_L2, 3)
    rough = (inside + place.grow_px + place.rough * noise > 0).astype(np.uint8) * np.uint8(255)
    try:
        return align(rough)
    except EmptyMaskError:
        return None
