"""One walk seen by one camera, as aligned silhouettes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import UInt8

from gaitway.silhouettes.align import align_all
from gaitway.synthetic.camera import look_at
from gaitway.synthetic.mask_faults import FaultRates, spoil
from gaitway.synthetic.render_silhouette import render_silhouettes
from gaitway.synthetic.shapes import PartSet
from gaitway.synthetic.skeleton import SEGMENT, Pose
from gaitway.synthetic.walker import Path, Walker


@dataclass(frozen=True, slots=True)
class View:
    """Where the camera stands relative to the walker.

    Attributes:
        azimuth_deg: 0 sees the front, 90 the left side, 180 the back, 270 the right side.
        elevation_deg: How steeply it looks down.
        distance_m: From the middle of the walk.
        body_px: Height of the body in pixels.
    """

    azimuth_deg: float
    elevation_deg: float = 6.0
    distance_m: float = 8.0
    body_px: float = 90.0


@dataclass(frozen=True, slots=True)
class Timing:
    """Number of frames and frames a second."""

    frames: int = 30
    frame_rate: float = 25.0


def sample_view(rng: np.random.Generator) -> View:
    """Draw a camera: all azimuths, exact fronts, backs and sides more often."""
    kind = rng.random()
    if kind < 0.3:
        azimuth = float(rng.choice([0.0, 180.0])) + rng.normal(0, 8)
    elif kind < 0.45:
        azimuth = float(rng.choice([90.0, 270.0])) + rng.normal(0, 12)
    else:
        azimuth = rng.uniform(0, 360)
    elevation = abs(rng.normal(0, 9)) if rng.random() < 0.75 else rng.uniform(5, 38)
    distance = float(np.exp(rng.uniform(np.log(4.0), np.log(25.0))))
    return View(float(azimuth), float(elevation), distance, float(rng.uniform(60, 110)))


def film_pose(parts: PartSet, pose: Pose, stature_m: float, view: View) -> UInt8[np.ndarray, "t h w"]:
    """Return the masks of a posed figure from ``view``, the camera fixed on the middle of its way."""
    middle = pose.origin[:, SEGMENT["pelvis"]].mean(axis=0)
    middle[2] = 0.53 * stature_m
    first, last = pose.rotation[0, SEGMENT["upright"], :, 0], pose.rotation[-1, SEGMENT["upright"], :, 0]
    heading = np.arctan2(first[1] + last[1], first[0] + last[0])
    azimuth, elevation = heading + np.radians(view.azimuth_deg), np.radians(min(view.elevation_deg, 80.0))
    away = np.array(
        [np.cos(azimuth) * np.cos(elevation), np.sin(azimuth) * np.cos(elevation), np.sin(elevation)]
    )
    reach = np.abs((pose.origin[:, SEGMENT["pelvis"], :2] - middle[:2]) @ away[:2]).max() / np.cos(elevation)
    distance = max(view.distance_m, 1.5 * float(reach) + 2.0)
    focal = view.body_px * distance / stature_m
    size = (int(1.5 * view.body_px) // 2 * 2, int(1.6 * view.body_px) // 2 * 2)
    camera = look_at(middle + away * distance, middle, focal, size)
    return render_silhouettes(parts, pose, camera, follow="upright")


@dataclass(frozen=True, slots=True)
class Shot:
    """What to film and how.

    Attributes:
        view: The camera.
        timing: Length and frame rate.
        curvature: Of the path, 1/metres.
        faults: How often masks are spoilt; None films clean masks.
    """

    view: View
    timing: Timing = Timing()
    curvature: float = 0.0
    faults: FaultRates | None = None


def film(walker: Walker, shot: Shot, rng: np.random.Generator) -> UInt8[np.ndarray, "t 64 64"]:
    """Return aligned silhouettes of one walk; at least one, at most ``shot.timing.frames``."""
    times = np.arange(shot.timing.frames) / shot.timing.frame_rate
    pose = walker.pose(times, Path((0.0, 0.0), 0.0, shot.curvature), rng)
    masks = film_pose(walker.parts, pose, walker.body.stature_m, shot.view)
    if shot.faults is not None:
        masks = spoil(masks, rng, shot.faults)
    aligned, kept = align_all(list(masks))
    if not kept.any():
        return film(walker, replace(shot, faults=None), rng)
    return aligned
