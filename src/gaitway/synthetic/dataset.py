"""A data set of generated walkers with CASIA-B's names: conditions nm, bg, cl and views in degrees."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import UInt8

from gaitway.errors import InputError
from gaitway.synthetic.mask_faults import FaultRates
from gaitway.synthetic.population import PopulationConfig, outfit, person
from gaitway.synthetic.shot import Shot, Timing, View, film

# Enrolment and one probe of each condition come first, so that few walks are enough for CASIA-B's protocol;
# ten are CASIA-B's own.
_FIRST = ("nm-01", "nm-05", "bg-01", "cl-01", "nm-02", "nm-06", "bg-02", "cl-02", "nm-03", "nm-04")


@dataclass(frozen=True)
class DatasetConfig:
    """What every person does, and who they are.

    Attributes:
        walks: Walks of each person; all cameras see each of them.
        views: Cameras, evenly spaced from the front (000) to the back (180); CASIA-B has 11.
        frames: Frames of a walk, at most.
        frame_rate: Frames a second; CASIA-B has 25.
        faulty: Whether masks are spoilt as segmentation does.
        population: Who is drawn; its seed makes everything.
    """

    walks: int = 10
    views: int = 11
    frames: int = 40
    frame_rate: float = 25.0
    faulty: bool = True
    population: PopulationConfig = field(default_factory=PopulationConfig)

    def __post_init__(self) -> None:
        if min(self.walks, self.views, self.frames) < 1 or self.frame_rate <= 0 or self.views > 181:
            raise InputError(
                f"walks {self.walks}, views {self.views}, frames {self.frames}, frame rate "
                f"{self.frame_rate:g}: wanted at least 1 of each, and at most 181 views"
            )

    @property
    def conditions(self) -> tuple[str, ...]:
        """Names of the walks, in the order they are made."""
        later = (f"{kind}-{number:02d}" for number in range(3, 100) for kind in ("bg", "cl"))
        normal = (f"nm-{number:02d}" for number in range(7, 1000))
        more = [name for group in zip(normal, later, strict=False) for name in group]
        names = [*_FIRST, *more][: self.walks]
        if len(names) < self.walks:
            raise InputError(
                f"{self.walks} walks of a person were asked for, at most {len(names)} can be named"
            )
        return tuple(names)

    @property
    def angles(self) -> tuple[int, ...]:
        """The cameras' azimuths in degrees; the side where there is only one."""
        if self.views == 1:
            return (90,)
        return tuple(np.linspace(0, 180, self.views).round().astype(int).tolist())


@dataclass(frozen=True, slots=True, eq=False)
class MadeWalk:
    """A generated walk under the names it has in the data set."""

    subject: str
    condition: str
    view: str
    silhouettes: UInt8[np.ndarray, "t 64 64"]


def subject_name(index: int) -> str:
    """Return what person ``index`` is called.

    Examples:
        >>> subject_name(0)
        '00001'
    """
    return f"{index + 1:05d}"


def person_walks(index: int, config: DatasetConfig) -> Iterator[MadeWalk]:
    """Film all walks of person ``index``: the same ones whatever else is made, binary, 0 or 255.

    A walk's clothes and bag are one for all its cameras; cameras differ in height, distance and resolution.
    """
    walker = person(index, config.population)
    rates = FaultRates() if config.faulty else None
    timing = Timing(config.frames, config.frame_rate)
    for condition in config.conditions:
        place = [config.population.seed, 9, index, *condition.encode()]
        rng = np.random.default_rng(place)
        dressed = outfit(walker, condition[:2], rng)
        for angle in config.angles:
            rng = np.random.default_rng([*place, angle])
            elevation, distance, body = rng.uniform([2, 6, 70], [12, 14, 110])
            shot = Shot(View(float(angle), elevation, distance, body), timing, 0.0, rates)
            grey = film(dressed, shot, rng)
            yield MadeWalk(
                subject_name(index), condition, f"{angle:03d}", (grey > 127).astype(np.uint8) * np.uint8(255)
            )
