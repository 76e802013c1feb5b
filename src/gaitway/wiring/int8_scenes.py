"""What int8 is fitted to and judged on: generated people, the same on every machine, and nobody's videos."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np
from jaxtyping import UInt8

from gaitway.evaluation.agreement import Agreement, box_agreement, embedding_agreement, mask_agreement
from gaitway.protocols import Detector, Encoder, Segmenter
from gaitway.synthetic.population import PopulationConfig, training_walks
from gaitway.synthetic.scene import SceneFrame
from gaitway.synthetic.scene_dataset import ScenesConfig, cast_scene
from gaitway.types import Bodies, Detections

Kind = Literal["detector", "segmenter", "encoder"]
Part = Literal["fit", "judge"]

_PEOPLE = PopulationConfig(seed=1957)  # used for nothing else
_SCENES = ScenesConfig(people=24, walks=1, seconds=6.0, frame_rate=1.0, population=_PEOPLE)
_FIT_SCENES = 4  # of six; the others judge
_MIN_VISIBLE = 0.3  # share of a body that must be seen for it to be cut out
_WALKS, _FIT_WALKS = 24, 16
_WALK_FRAMES = (24, 30, 8)  # in turn: a network may have another graph for short walks


@dataclass(frozen=True, slots=True)
class Exercise:
    """How a kind of stage is put to work.

    Attributes:
        run: Runs a stage on one part of the scenes; returns what it gave.
        compare: Says how far what f32 gave and what int8 gave agree.
    """

    run: Callable[[Any, Part], Any]
    compare: Callable[[Any, Any], Agreement]


def pictures(part: Part) -> Iterator[SceneFrame]:
    """Yield the pictures of one part that show somebody."""
    numbers = range(_FIT_SCENES) if part == "fit" else range(_FIT_SCENES, _SCENES.scenes)
    for number in numbers:
        yield from (frame for frame in _filmed(number) if len(frame.truth.xyxy))


@cache
def walks(part: Part) -> list[UInt8[np.ndarray, "t 64 64"]]:
    """Return the walks of one part, each of another person."""
    numbers = range(_FIT_WALKS) if part == "fit" else range(_FIT_WALKS, _WALKS)
    frames = [_WALK_FRAMES[number % len(_WALK_FRAMES)] for number in numbers]
    return [
        next(training_walks(number, 1, count, _PEOPLE)) for number, count in zip(numbers, frames, strict=True)
    ]


@cache
def _filmed(number: int) -> list[SceneFrame]:
    return list(cast_scene(number, _SCENES).scene.frames())


def _detect(stage: Detector, part: Part) -> list[Detections]:
    stage.reset()
    return [stage.detect(frame.image_rgb) for frame in pictures(part)]


def _segment(stage: Segmenter, part: Part) -> list[Bodies]:
    return [
        stage.segment(frame.image_rgb, frame.truth.xyxy[frame.truth.visibility >= _MIN_VISIBLE])
        for frame in pictures(part)
    ]


def _encode(stage: Encoder, part: Part) -> np.ndarray:
    return stage.encode(walks(part))


EXERCISES: dict[Kind, Exercise] = {
    "detector": Exercise(_detect, box_agreement),
    "segmenter": Exercise(_segment, mask_agreement),
    "encoder": Exercise(_encode, embedding_agreement),
}
