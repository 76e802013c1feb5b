"""Scenes: several people walk before a camera; the pictures and the truth about them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, Float32, Int64, UInt8

from gaitway.errors import InputError
from gaitway.synthetic.backdrop import paint_backdrop
from gaitway.synthetic.camera import Camera, Flat, flatten, outlines
from gaitway.synthetic.keypoints import body_keypoints
from gaitway.synthetic.shading import Patch, shade
from gaitway.synthetic.shapes import Solids
from gaitway.synthetic.walker import Path, Walker

SUN = np.array([0.45, -0.35, 0.82]) / np.linalg.norm([0.45, -0.35, 0.82])
MARGIN_PX = 16  # the picture is drawn larger by this on every side, for the hand-held camera to move in
MAX_ACTORS = 250


@dataclass(frozen=True)
class Actor:
    """A walker in a scene.

    Attributes:
        name: Identity; the same person has the same name in every scene.
        walker: Who walks.
        path: Where.
        start_s: When the walk begins; nobody is seen before.
        seed: Makes this walk's strides.
    """

    name: str
    walker: Walker
    path: Path
    start_s: float = 0.0
    seed: int = 0


@dataclass(frozen=True)
class SceneConfig:
    """How a scene is filmed.

    Attributes:
        seconds: Length.
        frame_rate: Frames a second.
        drift_px: Sd of a hand-held camera's movement, in pixels; 0 is a fixed camera.
        noise: Sd of the sensor's noise, in grey levels.
        wall_m: How far behind the origin the wall stands, in metres.
        facing: Direction from the origin to the wall, in radians.
        seed: Makes the street, the drift and the noise.
    """

    seconds: float = 7.0
    frame_rate: float = 25.0
    drift_px: float = 2.5
    noise: float = 2.0
    wall_m: float = 5.0
    facing: float = np.pi / 2
    seed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """Who is where in one frame; only people of whom a pixel can be seen.

    Attributes:
        actor: Index into the scene's actors, (N,).
        xyxy: Extent of the whole body, also of hidden parts, clipped to the picture, (N, 4) pixels.
        visibility: Part of the body's pixels that is seen, (N,) in [0, 1].
        keypoints: x, y in pixels and whether it is in the picture, BlazePose order, (N, 33, 3).
        owner: Which actor each pixel shows, counted from 1; 0 is the street, (H, W).
    """

    actor: Int64[np.ndarray, " n"]
    xyxy: Float32[np.ndarray, "n 4"]
    visibility: Float32[np.ndarray, " n"]
    keypoints: Float32[np.ndarray, "n 33 3"]
    owner: UInt8[np.ndarray, "h w"]


@dataclass(frozen=True, slots=True, eq=False)
class SceneFrame:
    """One picture, its time and its truth."""

    image_rgb: UInt8[np.ndarray, "h w 3"]
    time_s: float
    truth: Truth


@dataclass(frozen=True, slots=True, eq=False)
class _Take:
    """One actor's whole walk as the camera sees it."""

    actor: Actor
    first: int
    flat: Flat
    shadow: Flat
    keypoints: np.ndarray

    def __len__(self) -> int:
        return len(self.flat.depth)


@dataclass(frozen=True)
class Scene:
    """People, a street and a camera; ``frames()`` gives the same film as often as it is called."""

    actors: tuple[Actor, ...]
    camera: Camera
    config: SceneConfig = SceneConfig()

    def __post_init__(self) -> None:
        if len(self.actors) > MAX_ACTORS:
            raise InputError(f"got {len(self.actors)} actors, wanted at most {MAX_ACTORS}: make more scenes")

    @property
    def frame_count(self) -> int:
        """Number of frames."""
        return round(self.config.seconds * self.config.frame_rate)

    def frames(self) -> Iterator[SceneFrame]:
        """Render the scene, frame by frame."""
        studio = _Studio(self)
        for index in range(self.frame_count):
            yield studio.film(index)


class _Studio:
    """Everything of a scene that is prepared once."""

    def __init__(self, scene: Scene) -> None:
        config, camera = scene.config, scene.camera
        self._scene = scene
        width, height = camera.size_wh
        wide = (width + 2 * MARGIN_PX, height + 2 * MARGIN_PX)
        self._camera = Camera(camera.position, camera.rotation, camera.focal_px, wide)
        rng = np.random.default_rng([config.seed, 1])
        self._street = paint_backdrop(rng, self._camera, wall_m=config.wall_m, facing=config.facing)
        self._noise = rng.normal(0, config.noise, (height + 64, width + 64, 3)).astype(np.float32)
        self._rng = rng
        self._drift = _drift(rng, scene.frame_count, config)
        self._sun = self._camera.rotation @ SUN
        self._takes = [self._take(actor) for actor in scene.actors]

    def _take(self, actor: Actor) -> _Take:
        rate = self._scene.config.frame_rate
        first = max(round(actor.start_s * rate), 0)
        count = max(self._scene.frame_count - first, 0)
        times = np.arange(max(count, 1)) / rate
        pose = actor.walker.pose(times, actor.path, np.random.default_rng([actor.seed, 2]))
        solids = actor.walker.parts.place(pose)
        flat = flatten(self._camera, solids)
        shadow = flatten(self._camera, _cast(solids))
        points = body_keypoints(actor.walker.body, pose, self._camera)
        return _Take(actor, first, flat, shadow, points[:count])

    def film(self, index: int) -> SceneFrame:
        """Render one frame."""
        picture = self._street.copy()
        owner = np.zeros(picture.shape[:2], np.uint8)
        present = [t for t in self._takes if t.first <= index and _in_front(t, index - t.first)]
        present.sort(key=lambda take: -float(take.flat.depth[index - take.first].mean()))
        _cast_shadows(picture, present, index)
        seen: list[tuple[int, Patch, int]] = []
        for take in present:
            number = self._takes.index(take)
            look = take.actor.walker
            patch = shade(
                take.flat.frame(index - take.first), look.parts.materials, look.appearance, self._sun
            )
            pixels = _paste(picture, owner, patch, number + 1)
            if pixels:
                seen.append((number, patch, pixels))
        return self._develop(index, picture, owner, seen)

    def _develop(
        self, index: int, picture: np.ndarray, owner: np.ndarray, seen: list[tuple[int, Patch, int]]
    ) -> SceneFrame:
        """Move the picture as a hand does, add the sensor's noise, and write down the truth."""
        width, height = self._scene.camera.size_wh
        move = self._drift[index]
        moved = cv2.warpAffine(
            picture, move, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        owned = cv2.warpAffine(owner, move, (width, height), flags=cv2.INTER_NEAREST)
        y, x = self._rng.integers(0, 64, 2)
        noisy = moved + self._noise[y : y + height, x : x + width]
        image = np.clip(noisy, 0, 255).astype(np.uint8)
        truth = self._truth(index, move, owned, seen)
        return SceneFrame(image, index / self._scene.config.frame_rate, truth)

    def _truth(
        self, index: int, move: np.ndarray, owned: np.ndarray, seen: list[tuple[int, Patch, int]]
    ) -> Truth:
        height, width = owned.shape
        visible = np.bincount(owned.ravel(), minlength=len(self._takes) + 1)
        rows = sorted((number, patch, pixels) for number, patch, pixels in seen if visible[number + 1])
        boxes, points = np.zeros((len(rows), 4), np.float32), np.zeros((len(rows), 33, 3), np.float32)
        share = np.zeros(len(rows), np.float32)
        for i, (number, patch, pixels) in enumerate(rows):
            corners = np.array(patch.box_xyxy).reshape(2, 2) @ move[:, :2].T + move[:, 2]
            boxes[i] = np.clip(corners, 0, (width, height)).ravel()
            share[i] = min(visible[number + 1] / pixels, 1.0)
            take = self._takes[number]
            points[i] = _move_points(take.keypoints[index - take.first], move, (width, height))
        actor = np.array([number for number, _, _ in rows], np.int64)
        return Truth(actor, boxes, share, points, owned)


def _in_front(take: _Take, frame: int) -> bool:
    """Return whether the whole figure is at least a metre before the camera."""
    return frame < len(take) and float(take.flat.depth[frame].min()) > 1.0


def _cast(solids: Solids) -> Solids:
    """Return the solids' shadows on the ground: flat ellipsoids along the sun's rays."""
    project = np.eye(3)
    project[:, 2] = -SUN / SUN[2]
    project[2, 2] = 0.0
    return Solids(solids.centre @ project.T, project @ solids.axes)


def _cast_shadows(picture: np.ndarray, takes: list[_Take], index: int) -> None:
    """Darken the ground under the people, in place."""
    if not takes:
        return
    half = np.zeros((picture.shape[0] // 2 + 1, picture.shape[1] // 2 + 1), np.uint8)
    for take in takes:
        shadow = take.shadow.frame(index - take.first)
        for polygon in np.rint(outlines(shadow, corners=10)[0] / 2).astype(np.int32):
            cv2.fillConvexPoly(half, polygon, 255)
    soft = cv2.GaussianBlur(half, (0, 0), 1.5)
    full = cv2.resize(soft, (half.shape[1] * 2, half.shape[0] * 2))[: picture.shape[0], : picture.shape[1]]
    picture *= 1 - full[..., None].astype(np.float32) * (0.42 / 255)


def _paste(picture: np.ndarray, owner: np.ndarray, patch: Patch, number: int) -> int:
    """Lay a patch over the picture in place; return how many pixels the figure covers, in or out of it."""
    height, width = owner.shape
    x, y = patch.left_top
    h, w = patch.alpha.shape
    x1, y1, x2, y2 = max(x, 0), max(y, 0), min(x + w, width), min(y + h, height)
    if x2 <= x1 or y2 <= y1:
        return 0
    cut = (slice(y1 - y, y2 - y), slice(x1 - x, x2 - x))
    alpha = patch.alpha[cut][..., None]
    region = picture[y1:y2, x1:x2]
    region *= 1 - alpha
    region += patch.colour[cut]
    owner[y1:y2, x1:x2][alpha[..., 0] > 0.5] = number
    return int((patch.alpha > 0.5).sum())


def _drift(rng: np.random.Generator, frames: int, config: SceneConfig) -> Float[np.ndarray, "t 2 3"]:
    """Return the hand's slow movement, as maps from the wide picture to the frame, (T, 2, 3)."""
    time = np.arange(frames) / config.frame_rate
    waves = np.zeros((3, frames))
    for row in range(3):
        for frequency in rng.uniform(0.15, 1.1, 4):
            waves[row] += np.sin(2 * np.pi * (frequency * time + rng.random())) / (1 + 2 * frequency)
    limit = MARGIN_PX - 6
    x, y = np.clip(waves[:2] * config.drift_px, -limit, limit)
    roll = np.clip(waves[2] * config.drift_px * 2e-4, -0.006, 0.006)
    moves = np.zeros((frames, 2, 3))
    moves[:, 0, 0] = moves[:, 1, 1] = np.cos(roll)
    moves[:, 0, 1], moves[:, 1, 0] = -np.sin(roll), np.sin(roll)
    moves[:, 0, 2], moves[:, 1, 2] = x - MARGIN_PX, y - MARGIN_PX
    return moves


def _move_points(points: np.ndarray, move: np.ndarray, size_wh: tuple[int, int]) -> np.ndarray:
    """Move keypoints with the hand; their third value says whether they are in the picture."""
    xy = points[:, :2] @ move[:, :2].T + move[:, 2]
    inside = ((xy >= 0) & (xy < np.array(size_wh))).all(axis=1)
    return np.asarray(np.concatenate([xy, inside[:, None]], axis=1), np.float32)


def mot_lines(frames: Iterator[SceneFrame]) -> Iterator[str]:
    """Return MOTChallenge ground truth: frame and id from 1, x, y, w, h, 1, class 1, visibility."""
    for number, frame in enumerate(frames, 1):
        truth = frame.truth
        for actor, box, share in zip(truth.actor, truth.xyxy, truth.visibility, strict=True):
            x1, y1, x2, y2 = box
            yield f"{number},{actor + 1},{x1:.2f},{y1:.2f},{x2 - x1:.2f},{y2 - y1:.2f},1,1,{share:.3f}"


__all__ = ["Actor", "Scene", "SceneConfig", "SceneFrame", "Truth", "mot_lines"]
