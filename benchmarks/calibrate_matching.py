"""Fit an encoder's calibration on generated walkers and measure the matcher on others.

Prints the numbers for recognition/calibration.py and, on people of another seed, how many tracks are named
right.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from walker_embeddings import embed

from gaitway.recognition import GeiEncoder, JointMatcher, MatcherConfig, distance_matrix
from gaitway.recognition.calibration import Calibration, fit_calibration
from gaitway.recognition.centring import centre_scene
from gaitway.types import Embedding


@dataclass(frozen=True)
class Episode:
    """A gallery video and a probe video: embeddings and, per probe, its gallery row or -1."""

    gallery: np.ndarray
    probes: np.ndarray
    truth: np.ndarray


def episodes(embedded: np.ndarray, count: int, seed: int, most: int = 8) -> Iterator[Episode]:
    """Draw two scenes, a gallery of 2..most people, and 1..most probes of whom a random share is known."""
    rng = np.random.default_rng(seed)
    people, scenes = embedded.shape[:2]
    for _ in range(count):
        a, b = rng.choice(scenes, 2, replace=False)
        known = rng.choice(people, rng.integers(2, most + 1), replace=False)
        strangers = np.setdiff1d(np.arange(people), known)
        asked = int(rng.integers(1, most + 1))
        inside = min(int(rng.integers(0, asked + 1)), len(known))
        chosen = np.concatenate(
            [rng.permutation(known)[:inside], rng.permutation(strangers)[: asked - inside]]
        )
        truth = np.array([int(np.flatnonzero(known == who)[0]) if who in known else -1 for who in chosen])
        yield Episode(embedded[known, a], embedded[chosen, b], truth)


def fit(embedded: np.ndarray, source: str, *, centre: bool = True) -> Calibration:
    """Fit on episodes, as the matcher will see the distances."""
    cases = []
    for episode in episodes(embedded, 3000, 1):
        probes = centre_scene(episode.gallery, episode.probes) if centre else episode.probes
        distances = distance_matrix(probes, episode.gallery)
        cases.append((distances, episode.truth[:, None] == np.arange(len(episode.gallery))))
    return fit_calibration(cases, source)


def measure(embedded: np.ndarray, config: MatcherConfig, count: int = 800) -> dict[str, float]:
    """Return shares: known people named right, named wrong, left unknown; strangers left unknown."""
    right = wrong = missed = refused = known = strangers = 0
    for episode in episodes(embedded, count, 2):
        gallery = [Embedding(parts, "x", "g", k) for k, parts in enumerate(episode.gallery)]
        probes = [Embedding(parts, "x", "p", k) for k, parts in enumerate(episode.probes)]
        matches = JointMatcher(config).match(gallery, probes, [(0, 99)] * len(probes))
        for match, truth in zip(matches, episode.truth, strict=True):
            name = None if match.label is None else int(match.label[-3:])
            known, strangers = known + (truth >= 0), strangers + (truth < 0)
            refused += truth < 0 and name is None
            right += truth >= 0 and name == truth
            missed += truth >= 0 and name is None
            wrong += truth >= 0 and name is not None and name != truth
    return {
        "known named right": right / known,
        "known named wrong": wrong / known,
        "known left unknown": missed / known,
        "strangers left unknown": refused / strangers,
    }


def main() -> None:
    """Fit and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=60)
    parser.add_argument("--scenes", type=int, default=10)
    options = parser.parse_args()
    encoder = GeiEncoder()
    training, _ = embed(encoder.encode, options.people, options.scenes, seed=1)
    calibration = fit(
        training, f"benchmarks/calibrate_matching.py, {options.people} walkers, {options.scenes} scenes"
    )
    print(calibration)
    others, _ = embed(encoder.encode, options.people, options.scenes, seed=2)
    base = MatcherConfig(calibration=calibration)
    uncentred = MatcherConfig(calibration=fit(training, "without centring", centre=False), centre=False)
    for name, config in {
        "joint, centred": base,
        "joint": uncentred,
        "alone, centred": replace(base, joint=False),
        "alone": replace(uncentred, joint=False),
    }.items():
        print(name, {key: round(value, 3) for key, value in measure(others, config).items()})


if __name__ == "__main__":
    main()
