"""The demo's films: a gallery and two probes of generated people, with the truth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gaitway.synthetic.camera import look_at
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


def demo_films(seed: int = 0, *, seconds: float = 7.0) -> tuple[Film, ...]:
    """Return the demo's three films: the gallery, another camera, and bags with a stranger.

    Args:
        seed: Chooses the people, their clothes and the street; the same seed gives the same pictures.
        seconds: Length of each film.
    """
    people = demo_people(seed)
    rng = np.random.default_rng([seed, 21])
    loaded = {
        "ada": people["ada"].carrying("hand bag", rng),
        "ben": people["ben"].carrying("backpack", rng),
        STRANGER: people[STRANGER],
        "dev": people["dev"],
    }
    gallery = {name: people[name] for name in GALLERY_NAMES}
    return (
        Film("gallery", _street(gallery, (0, 1, 2, 3), seed, 0, seconds), "gallery"),
        Film("probe1", _street(gallery, (2, 0, 1, 3), seed, 1, seconds), "probe"),
        Film("probe2", _street(loaded, (1, 2, 0, 3), seed, 2, seconds), "probe"),
    )


_TURN = (0.0, 0.32, -0.14)  # where the camera of each film stands, radians round the street's middle
_START_S = (0.0, 1.0, 2.0, 0.5)
_LANE_M = (-1.0, 0.4, -0.4, 2.4)
_EDGE_M = 4.4


def _street(
    people: dict[str, Walker], order: tuple[int, ...], seed: int, number: int, seconds: float
) -> Scene:
    """Let people cross the picture to the right, and the last of them to the left.

    ``order`` says which lane each of ``people`` takes. The faster start first: people meet, but nobody walks
    behind somebody else all the way.
    """
    actors, names = [], list(people)
    by_speed = sorted(names[:-1], key=lambda name: -people[name].speed_mps)
    start_s = {name: _START_S[rank] for rank, name in enumerate([*by_speed, names[-1]])}
    for i, (name, walker) in enumerate(people.items()):
        to_right = i < len(people) - 1
        start = (-_EDGE_M if to_right else _EDGE_M, _LANE_M[order[i]])
        path = Path(start, 0.0 if to_right else np.pi)
        actors.append(Actor(name, walker, path, start_s[name], seed * 1000 + number * 10 + i))
    turn = _TURN[number]
    eye = np.array([8.5 * np.sin(turn), -8.5 * np.cos(turn), 2.9])
    camera = look_at(eye, np.array([0.0, 0.0, 0.85]), 860.0, SIZE_WH)
    return Scene(tuple(actors), camera, SceneConfig(seconds=seconds, seed=seed * 10 + number))
