"""Which frames of a walk a step sees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Int64

from gaitway.errors import ConfigError

FrameOrder = Literal[
    "fixed_ordered", "fixed_unordered", "unfixed_ordered", "unfixed_unordered", "all_ordered"
]


@dataclass(frozen=True, slots=True)
class FrameConfig:
    """How frames are chosen; the defaults are GaitBase's on CASIA-B (CVPR 2023, training details).

    Attributes:
        order: fixed: ``count`` frames. unfixed: one number between ``fewest`` and ``most`` for each step.
            all: every walk whole. ordered: one stretch in time order; unordered: any frames, as a set.
        count: Frames of a walk, where fixed.
        fewest: Least frames, where unfixed.
        most: Most frames, where unfixed or all.
        skip: So many frames are left out of an ordered stretch, at random places.
    """

    order: FrameOrder = "fixed_unordered"
    count: int = 30
    fewest: int = 25
    most: int = 50
    skip: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.fewest <= self.most or self.count < 1 or self.skip < 0:
            raise ConfigError(
                f"frames count={self.count}, fewest={self.fewest}, most={self.most}, skip={self.skip}: "
                "wanted at least 1 frame, fewest <= most and skip >= 0"
            )


def step_length(config: FrameConfig, lengths: list[int], rng: np.random.Generator) -> int:
    """Return how many frames every walk of a step has.

    Args:
        config: How frames are chosen.
        lengths: Frames of the step's walks.
        rng: The step's own.
    """
    if config.order.startswith("fixed"):
        return config.count
    if config.order == "all_ordered":
        return min(max(lengths), config.most)
    return int(rng.integers(config.fewest, config.most + 1))


def choose_frames(
    config: FrameConfig, length: int, wanted: int, rng: np.random.Generator
) -> Int64[np.ndarray, " t"]:
    """Choose ``wanted`` of a walk's ``length`` frames.

    Walks that are too short are gone through again from their start (ordered) or drawn with repetition.

    Examples:
        >>> choose_frames(FrameConfig("all_ordered"), 3, 5, np.random.default_rng(0)).tolist()
        [0, 1, 2, 0, 1]
    """
    if config.order == "all_ordered":
        return np.arange(wanted) % length
    if config.order.endswith("unordered"):
        return rng.choice(length, wanted, replace=length < wanted).astype(np.int64)
    stretch = wanted + config.skip
    start = int(rng.integers(max(length - stretch, 0) + 1))
    kept = np.sort(rng.choice(stretch, wanted, replace=False))
    return (start + kept) % length
