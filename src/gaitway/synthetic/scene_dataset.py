"""Many scenes of generated people: the same people in several streets, crossing and hiding each other."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from gaitway.errors import InputError
from gaitway.synthetic.camera import look_at
from gaitway.synthetic.dataset import subject_name
from gaitway.synthetic.population import CONDITIONS, PopulationConfig, outfit, person
from gaitway.synthetic.scene import MAX_ACTORS, Actor, Scene, SceneConfig
from gaitway.synthetic.walker import Path

SIZE_WH = (854, 480)
EDGE_M = 4.6  # from the middle of the street to where the picture ends
LANES_M = (-1.6, 2.6)  # nearest and farthest lane, seen from the camera


@dataclass(frozen=True)
class ScenesConfig:
    """Who walks in which scene, and how it is filmed.

    Attributes:
        people: Everybody.
        walks: Scenes that each person walks in, every time dressed anew.
        together: People in a scene, at most.
        seconds: Length of a scene.
        frame_rate: Frames a second.
        population: Who is drawn; its seed makes everything.
    """

    people: int = 8
    walks: int = 2
    together: int = 4
    seconds: float = 7.0
    frame_rate: float = 25.0
    population: PopulationConfig = field(default_factory=PopulationConfig)

    def __post_init__(self) -> None:
        if min(self.people, self.walks, self.together) < 1 or not 0 < self.seconds < 3600:
            raise InputError(
                f"{self.people} people, {self.walks} walks, {self.together} together, {self.seconds:g} s: "
                "wanted at least 1 of each, and less than an hour"
            )
        if self.together > MAX_ACTORS or not 1 <= self.frame_rate <= 120:
            raise InputError(
                f"{self.together} together at {self.frame_rate:g} frames a second: wanted at most "
                f"{MAX_ACTORS}, and 1 to 120"
            )

    @property
    def scenes(self) -> int:
        """Number of scenes."""
        return self.walks * -(-self.people // self.together)


@dataclass(frozen=True, slots=True)
class CastScene:
    """A scene, and how everybody in it is dressed.

    Attributes:
        name: File name without ending.
        scene: What is filmed; actors carry their subject's name, track ids count them from 1.
        conditions: nm, bg or cl of each actor.
    """

    name: str
    scene: Scene
    conditions: tuple[str, ...]


def cast_scene(index: int, config: ScenesConfig) -> CastScene:
    """Return scene ``index`` of ``config.scenes``, always the same one."""
    seed = config.population.seed
    in_round = -(-config.people // config.together)
    order = np.random.default_rng([seed, 11, index // in_round]).permutation(config.people)
    chosen = order[(index % in_round) :: in_round]
    rng = np.random.default_rng([seed, 12, index])
    conditions = tuple(str(c) for c in rng.choice(CONDITIONS, len(chosen)))
    actors = tuple(
        _actor(int(who), condition, config, rng, place)
        for place, (who, condition) in enumerate(zip(chosen, conditions, strict=True))
    )
    turn, height, away = rng.uniform([-0.4, 1.8, 7.5], [0.4, 3.8, 9.5])
    eye = np.array([away * np.sin(turn), -away * np.cos(turn), height])
    camera = look_at(eye, np.array([0.0, 0.0, 0.85]), 100.0 * away, SIZE_WH)
    filmed = SceneConfig(config.seconds, config.frame_rate, seed=int(rng.integers(2**31)))
    return CastScene(f"scene-{index + 1:04d}", Scene(actors, camera, filmed), conditions)


def _actor(who: int, condition: str, config: ScenesConfig, rng: np.random.Generator, place: int) -> Actor:
    """Let a person cross the street in a lane of their own, to the right or to the left."""
    walker = outfit(person(who, config.population), condition, rng)
    to_right = rng.random() < 0.5
    heading = (0.0 if to_right else np.pi) + rng.normal(0, 0.08)
    start = (-EDGE_M if to_right else EDGE_M, float(rng.uniform(*LANES_M)))
    latest = max(config.seconds - 3.0, 0.0)  # three seconds are a gait cycle or two
    begin = float(rng.uniform(0, latest)) if place else 0.0
    path = Path(start, float(heading), float(rng.normal(0, 0.01)))
    return Actor(subject_name(who), walker, path, begin, int(rng.integers(2**31)))
