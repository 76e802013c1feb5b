"""Distances of generated scenes to fit scores on, of people disjoint from training and benchmark."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Bool, Float32

from gaitway.protocols import Encoder
from gaitway.recognition.distance import distance_matrix
from gaitway.synthetic.mask_faults import FaultRates
from gaitway.synthetic.population import PopulationConfig, outfit, person
from gaitway.synthetic.shot import Shot, Timing, View, film, sample_view
from gaitway.synthetic.walker import Walker

Case = tuple[Float32[np.ndarray, "_ _"], Bool[np.ndarray, "_ _"]]


@dataclass(frozen=True)
class CalibrationConfig:
    """How many scenes are made, and of whom.

    Attributes:
        scenes: Pairs of a gallery and a probe video, each pair with one camera for either.
        gallery: Fewest and most people enrolled.
        stranger_rate: Part of the probe's people whom the gallery does not have.
        frames: Frames of a walk.
        population: Who is drawn.
    """

    scenes: int = 60
    gallery: tuple[int, int] = (3, 8)
    stranger_rate: float = 0.25
    frames: int = 40
    population: PopulationConfig = field(default_factory=lambda: PopulationConfig(seed=99_000))


def calibration_cases(encoder: Encoder, config: CalibrationConfig | None = None) -> Iterator[Case]:
    """Return each scene's distances (probes, gallery) and which pairs are one person."""
    config = config or CalibrationConfig()
    used = 0
    for scene in range(config.scenes):
        rng = np.random.default_rng([config.population.seed, 12, scene])
        enrolled = np.arange(used, used + int(rng.integers(config.gallery[0], config.gallery[1] + 1)))
        strangers = enrolled[-1] + 1 + np.flatnonzero(rng.random(len(enrolled)) < config.stranger_rate)
        used = int(enrolled[-1]) + 1 + len(enrolled)
        probes = np.concatenate([rng.permutation(enrolled)[: len(enrolled) - len(strangers)], strangers])
        gallery_view, probe_view = sample_view(rng), sample_view(rng)
        known = [_walk(person(int(i), config.population), gallery_view, config, rng) for i in enrolled]
        asked = []
        for i in probes:
            condition = str(rng.choice(("nm", "bg", "cl"), p=(0.6, 0.25, 0.15)))
            dressed = outfit(person(int(i), config.population), condition, rng)
            asked.append(_walk(dressed, probe_view, config, rng))
        distances = distance_matrix(encoder.encode(asked), encoder.encode(known))
        yield distances, probes[:, None] == enrolled[None]


def _walk(walker: Walker, view: View, config: CalibrationConfig, rng: np.random.Generator) -> np.ndarray:
    """Film a walk; the people of one video differ in direction by some degrees."""
    turned = replace(view, azimuth_deg=view.azimuth_deg + rng.normal(0, 10))
    return film(walker, Shot(turned, Timing(config.frames), 0.0, FaultRates()), rng)
