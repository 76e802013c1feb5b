"""The held-out synthetic benchmark: people that training never saw, eleven views, with bags and in coats."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import UInt8

from gaitway.synthetic.mask_faults import FaultRates
from gaitway.synthetic.population import PopulationConfig, outfit, person
from gaitway.synthetic.shot import Shot, Timing, View, film

VIEWS_DEG = tuple(range(0, 181, 18))  # CASIA-B's: 0 sees the front, 180 the back
CONDITIONS = ("nm-1", "nm-2", "nm-3", "bg-1", "cl-1")
GALLERY = ("nm-1", "nm-2")


@dataclass(frozen=True)
class BenchmarkConfig:
    """How large the benchmark is.

    Attributes:
        people: Identities.
        frames: Frames of a walk.
        frame_rate: Frames a second.
        faulty: Whether masks are spoilt as a segmenter does.
        population: Who is drawn; its seed must differ from training's.
    """

    people: int = 40
    frames: int = 30
    frame_rate: float = 25.0
    faulty: bool = True
    population: PopulationConfig = field(default_factory=lambda: PopulationConfig(seed=77_000, alike=0.0))


@dataclass(frozen=True, slots=True, eq=False)
class LabelledWalk:
    """One walk of the benchmark."""

    person: int
    condition: str
    view_deg: float
    silhouettes: UInt8[np.ndarray, "t 64 64"]


def benchmark_walks(config: BenchmarkConfig) -> Iterator[LabelledWalk]:
    """Film the benchmark, always the same."""
    rates = FaultRates() if config.faulty else None
    for index in range(config.people):
        walker = person(index, config.population)
        for number, condition in enumerate(CONDITIONS):
            rng = np.random.default_rng([config.population.seed, 8, index, number])
            dressed = outfit(walker, condition[:2], rng)
            for azimuth in VIEWS_DEG:
                view = View(
                    azimuth, float(rng.uniform(2, 12)), float(rng.uniform(6, 14)), float(rng.uniform(70, 110))
                )
                shot = Shot(view, Timing(config.frames, config.frame_rate), 0.0, rates)
                yield LabelledWalk(index, condition, float(azimuth), film(dressed, shot, rng))
