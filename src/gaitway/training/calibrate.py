"""Distances of generated scenes to fit scores on, of people disjoint from training and benchmark."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Bool, Float, Float32

from gaitway.protocols import Encoder
from gaitway.recognition.calibration import Calibration
from gaitway.recognition.distance import distance_matrix
from gaitway.synthetic.mask_faults import REAL_VIDEO
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
        population: Who is drawn; their masks are as in video of groups, which scores must not be too sure of.
    """

    scenes: int = 200
    gallery: tuple[int, int] = (3, 8)
    stranger_rate: float = 0.25
    frames: int = 40
    population: PopulationConfig = field(
        default_factory=lambda: PopulationConfig(seed=99_000, faults=REAL_VIDEO)
    )


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A gallery video and a probe video, encoded.

    Attributes:
        known: Embeddings of the enrolled people.
        asked: Embeddings of the probe video's people.
        same: Which pairs (asked, known) are one person.
    """

    known: Float32[np.ndarray, "m p c"]
    asked: Float32[np.ndarray, "n p c"]
    same: Bool[np.ndarray, "n m"]


def calibration_cases(encoder: Encoder, config: CalibrationConfig | None = None) -> Iterator[Case]:
    """Return each scene's distances (probes, gallery) and which pairs are one person."""
    for scene in generated_scenes(encoder, config or CalibrationConfig()):
        yield distance_matrix(scene.asked, scene.known), scene.same


def generated_scenes(encoder: Encoder, config: CalibrationConfig) -> Iterator[Scene]:
    """Film and encode the scenes, always the same."""
    used = 0
    for number in range(config.scenes):
        rng = np.random.default_rng([config.population.seed, 12, number])
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
        yield Scene(encoder.encode(known), encoder.encode(asked), probes[:, None] == enrolled[None])


def _walk(walker: Walker, view: View, config: CalibrationConfig, rng: np.random.Generator) -> np.ndarray:
    """Film a walk; the people of one video differ in direction by some degrees."""
    turned = replace(view, azimuth_deg=view.azimuth_deg + rng.normal(0, 10))
    return film(walker, Shot(turned, Timing(config.frames), 0.0, config.population.faults), rng)


@dataclass(frozen=True, slots=True)
class OpenSet:
    """How scores treat people whom the gallery has and has not, every probe by itself.

    Attributes:
        known: Probes whom the gallery has.
        strangers: Probes whom it has not.
        named: Percent of the known whose nearest candidate is right.
        accepted: Percent of the strangers whose best candidate lies above even odds.
        fnir: Percent of the known not named right at the score that a tenth of the strangers reach.
        auc: Chance that a true pair scores above a false one.
    """

    known: int
    strangers: int
    named: float
    accepted: float
    fnir: float
    auc: float


def open_set(cases: Sequence[Case], calibration: Calibration) -> OpenSet:
    """Measure calibrated scores on cases that they were not fitted on."""
    right, best_known, best_stranger = [], [], []
    genuine: list[float] = []
    impostor: list[float] = []
    for distances, same in cases:
        odds = calibration.log_odds(distances)
        genuine.extend(odds[same])
        impostor.extend(odds[~same])
        has, best = same.any(axis=1), odds.argmax(axis=1)
        right.extend(same[np.arange(len(same)), best][has])
        best_known.extend(odds.max(axis=1)[has])
        best_stranger.extend(odds.max(axis=1)[~has])
    correct, known, strangers = np.array(right, bool), np.array(best_known), np.array(best_stranger)
    limit = np.quantile(strangers, 0.9)
    return OpenSet(
        len(known),
        len(strangers),
        100 * float(correct.mean()),
        100 * float((strangers > 0).mean()),
        100 * float(1 - (correct & (known > limit)).mean()),
        pair_auc(np.array(genuine), np.array(impostor)),
    )


def pair_auc(genuine: Float[np.ndarray, " n"], impostor: Float[np.ndarray, " m"]) -> float:
    """Return the chance that a genuine score is higher than an impostor's; ties count half."""
    higher, equal = genuine[:, None] > impostor, genuine[:, None] == impostor
    return float((higher + 0.5 * equal).mean())
