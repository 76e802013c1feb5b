"""Short generated videos of walking people, written once per test session."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np

from gaitway.adapters.video.sink import VideoWriter
from gaitway.synthetic.camera import look_at
from gaitway.synthetic.scene import Actor, Scene, SceneConfig
from gaitway.synthetic.walker import Path as Way
from gaitway.synthetic.walker import Walker, sample_walker

RATE = Fraction(25)


def people(count: int, seed: int = 3) -> list[Walker]:
    """Return people, the same for the same seed."""
    rng = np.random.default_rng(seed)
    return [sample_walker(rng) for _ in range(count)]


def scene(walkers: list[Walker], *, seconds: float = 2.0, seed: int = 0, turn: float = 0.0) -> Scene:
    """Let people walk one behind the other across the picture, before a fixed camera."""
    actors = tuple(
        Actor(f"p{i}", walker, Way((-1.6 - 1.5 * i, 0.0), 0.0), 0.0, seed * 10 + i)
        for i, walker in enumerate(walkers)
    )
    eye = np.array([7.0 * np.sin(turn) - 0.8, -7.0 * np.cos(turn), 1.6])
    camera = look_at(eye, np.array([-0.8, 0.0, 0.85]), 520.0, (480, 320))
    return Scene(actors, camera, SceneConfig(seconds=seconds, drift_px=0.0, seed=seed))


def write_film(path: Path, film: Scene) -> Path:
    """Write a scene as a video."""
    with VideoWriter(path, film.camera.size_wh, RATE) as sink:
        for frame in film.frames():
            sink.write(frame.image_rgb, frame.time_s)
    return path


def write_empty(path: Path, frames: int = 30) -> Path:
    """Write a video in which nobody walks."""
    rng = np.random.default_rng(0)
    street = rng.integers(60, 180, (320, 480, 3), dtype=np.uint8)
    with VideoWriter(path, (480, 320), RATE) as sink:
        for index in range(frames):
            sink.write(street, index / 25)
    return path
