"""The demo's films: a gallery and two probes of generated people, with the truth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gaitway.synthetic.camera import Camera, look_at
from gaitway.synthetic.scene import Actor, Scene, SceneConfig, SceneFrame
from gaitway.synthetic.walker import Path, Walker, sample_walker

SIZE_WH = (854, 480)
GALLERY_NAMES = ("ada", "ben", "chloe", "dev")
STRANGER = "stranger"


@dataclass(frozen=True)
class Film:
    """One sample video.

    Attributes:
        name: File name without its ending.
        scene: What is filmed; ``scene.actors[i].name`` is who ``truth.actor == i`` is.
        role: "gallery" or "probe".
    """

    name: str
    scene: Scene
    role: str

    @property
    def frame_rate(self) -> float:
        """Frames a second."""
        return self.scene.config.frame_rate

    @property
    def identities(self) -> tuple[str, ...]:
        """Names of the people in it, in the order of ``truth.actor``."""
        return tuple(actor.name for actor in self.scene.actors)

    def frames(self) -> Iterator[SceneFrame]:
        """Render it."""
        return self.scene.frames()


def demo_people(seed: int = 0) -> dict[str, Walker]:
    """Return the four people of the gallery and one stranger."""
    rng = np.random.default_rng([seed, 20])
    return {name: sample_walker(rng) for name in (*GALLERY_NAMES, STRANGER)}


def demo_films(seed: int = 0, *, seconds: float = 8.0) -> tuple[Film, ...]:
    """Return the demo's three films: the gallery, another camera, and a bag with a stranger.

    Args:
        seed: Chooses the people, their clothes and the street; the same seed gives the same pictures.
        seconds: Length of each film.
    """
    people = demo_people(seed)
    bag = np.random.default_rng([seed, 21])
    ada, ben, chloe, dev, stranger = (people[n] for n in (*GALLERY_NAMES, STRANGER))
    probe2 = {
        "ben": ben.carrying("backpack", bag),
        "chloe": chloe,
        STRANGER: stranger,
        "ada": ada.carrying("hand bag", bag),
    }
    return (
        Film("gallery", _street(people_of(people, GALLERY_NAMES), seed, 0, 0.0, seconds), "gallery"),
        Film(
            "probe1",
            _street(
                people_of({"dev": dev, "ada": ada, "chloe": chloe, "ben": ben}, None), seed, 1, 0.32, seconds
            ),
            "probe",
        ),
        Film("probe2", _street(people_of(probe2, None), seed, 2, -0.12, seconds), "probe"),
    )


def people_of(people: dict[str, Walker], names: tuple[str, ...] | None) -> list[tuple[str, Walker]]:
    """Return names and walkers, all or those named."""
    return [(name, people[name]) for name in (names or tuple(people))]


def _camera(turn: float) -> Camera:
    """Return a camera 8.5 m from the street's middle, turned round it by ``turn`` radians."""
    eye = np.array([8.5 * np.sin(turn), -8.5 * np.cos(turn), 2.1])
    return look_at(eye, np.array([0.0, 0.0, 0.85]), 860.0, SIZE_WH)


def _street(people: list[tuple[str, Walker]], seed: int, number: int, turn: float, seconds: float) -> Scene:
    """Let people cross the picture in both directions, in lanes one behind the other."""
    actors = []
    starts = (0.0, 0.3, 1.6, 2.2)
    for i, ((name, walker), start) in enumerate(zip(people, starts, strict=True)):
        to_right = i % 2 == 0
        lane = (-0.9, 0.6, -0.1, 1.3)[i]
        edge = 5.2 if i < 2 else 5.0
        heading = 0.0 if to_right else np.pi
        path = Path((-edge if to_right else edge, lane), heading, 0.0)
        actors.append(Actor(name, walker, path, start, seed * 1000 + number * 10 + i))
    config = SceneConfig(seconds=seconds, seed=seed * 10 + number)
    return Scene(tuple(actors), _camera(turn), config)
