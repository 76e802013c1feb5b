"""People for training and for tests: unrelated ones and groups of look-alikes, several outfits each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from gaitway.errors import InputError
from gaitway.synthetic.covariates import BAGS, COATS, HELD
from gaitway.synthetic.figure import sample_clothes
from gaitway.synthetic.gait import sample_gait
from gaitway.synthetic.mask_faults import FaultRates
from gaitway.synthetic.shot import Shot, Timing, film, sample_view
from gaitway.synthetic.styles import load_styles, shipped_styles
from gaitway.synthetic.walker import Walker, sample_walker

LOOK_ALIKE = 0.35  # spread inside a group: real colleagues differ about three times less than random bodies
STYLED = 0.5  # spread round a drawn style, which itself has the spread between recorded people
CONDITIONS = ("nm", "bg", "cl")


@dataclass(frozen=True)
class PopulationConfig:
    """Who is drawn.

    Attributes:
        group: People in a group of look-alikes.
        alike: Part of all people who belong to such a group.
        seed: Makes everybody; tests use another seed than training.
        mix: Parts of nm, bg and cl among the training walks.
        faults: How often the masks of the training walks are spoilt.
        recorded_styles: Part of all people, and of all groups, who walk by a style of recorded people.
        styles_file: Styles fitted to other people than the shipped ones, for validation.
    """

    group: int = 4
    alike: float = 0.5
    seed: int = 0
    mix: tuple[float, float, float] = (0.4, 0.3, 0.3)
    faults: FaultRates = field(default_factory=FaultRates)
    recorded_styles: float = 0.0
    styles_file: Path | None = None

    def __post_init__(self) -> None:
        if min(self.mix) < 0 or abs(sum(self.mix) - 1) > 1e-6:
            raise InputError(f"mix is {self.mix}, wanted three parts that add up to 1: use 0.4 0.3 0.3")
        if not 0 <= self.recorded_styles <= 1:
            raise InputError(f"recorded_styles is {self.recorded_styles}, wanted a part from 0 to 1")


def person(index: int, config: PopulationConfig) -> Walker:
    """Return person ``index`` of the population, always the same one."""
    group = index // config.group
    is_alike = np.random.default_rng([config.seed, 3, group]).random() < config.alike
    rng = np.random.default_rng([config.seed, 4, index])
    if not is_alike:
        return _styled(sample_walker(rng), config, 13, index)
    leader = _styled(sample_walker(np.random.default_rng([config.seed, 5, group])), config, 14, group)
    return sample_walker(rng, near=leader, spread=LOOK_ALIKE)


def _styled(walker: Walker, config: PopulationConfig, stream: int, index: int) -> Walker:
    """Let some walk by a recorded style, drawn from a stream of its own: nothing else changes."""
    if config.recorded_styles <= 0:
        return walker
    rng = np.random.default_rng([config.seed, stream, index])
    if rng.random() >= config.recorded_styles:
        return walker
    styles = load_styles(config.styles_file) if config.styles_file else shipped_styles()
    return replace(walker, gait=sample_gait(rng, near=styles.draw(rng), spread=STYLED))


def outfit(walker: Walker, condition: str, rng: np.random.Generator) -> Walker:
    """Dress a person for a condition: nm as they are, bg with a bag, cl in other clothes."""
    if condition == "bg":
        return walker.carrying(str(rng.choice(BAGS if rng.random() < 0.8 else HELD)), rng)
    if condition == "cl":
        other = replace(walker, clothes=sample_clothes(rng))
        return other.carrying(str(rng.choice(COATS)), rng) if rng.random() < 0.7 else other
    return walker


def training_walks(
    index: int, count: int, frames: int, config: PopulationConfig
) -> Iterator[UInt8[np.ndarray, "t 64 64"]]:
    """Film ``count`` walks of person ``index`` with random cameras, conditions, speeds and faults."""
    walker = person(index, config)
    rng = np.random.default_rng([config.seed, 6, index])
    for _ in range(count):
        condition = str(rng.choice(CONDITIONS, p=config.mix))
        dressed = outfit(walker, condition, rng)
        if condition == "bg" and rng.random() < 0.25:  # segmenters lose bags; the arm is still busy
            dressed = replace(dressed, extras=tuple(replace(e, parts=()) for e in dressed.extras))
        if rng.random() < 0.15:
            dressed = dressed.carrying(str(rng.choice(BAGS + HELD)), rng)
        timing = Timing(frames, float(rng.choice([10.0, 15.0, 20.0, 25.0, 30.0, 30.0])))
        curvature = float(rng.normal(0, 0.12)) if rng.random() < 0.25 else 0.0
        yield film(dressed, Shot(sample_view(rng), timing, curvature, config.faults), rng)
