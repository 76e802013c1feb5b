"""A person who walks: body, gait, clothes and what they carry, moving along a path."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from jaxtyping import Float

from gaitway.synthetic.appearance import Appearance, sample_appearance
from gaitway.synthetic.body import Body, sample_body
from gaitway.synthetic.covariates import Extra, make_extra
from gaitway.synthetic.figure import Clothes, dress, sample_clothes
from gaitway.synthetic.gait import Gait, sample_gait
from gaitway.synthetic.shapes import PartSet
from gaitway.synthetic.skeleton import SEGMENT, Pose, pose_body

_SAMPLES = 64  # phases of a stride at which the way is measured


@dataclass(frozen=True, slots=True)
class Path:
    """A straight line or an arc over the ground.

    Attributes:
        start: x and y in metres.
        heading: First direction in radians; 0 is +x, pi/2 is +y.
        curvature: 1/metres, to the left; 0 is straight.
    """

    start: tuple[float, float]
    heading: float
    curvature: float = 0.0

    def at(
        self, distance: Float[np.ndarray, " t"]
    ) -> tuple[Float[np.ndarray, "t 2"], Float[np.ndarray, " t"]]:
        """Return position and heading after ``distance`` metres."""
        heading = self.heading + self.curvature * distance
        if abs(self.curvature) < 1e-6:
            way = distance[:, None] * np.array([np.cos(self.heading), np.sin(self.heading)])
        else:
            way = np.stack(
                [np.sin(heading) - np.sin(self.heading), np.cos(self.heading) - np.cos(heading)], axis=1
            )
            way = way / self.curvature
        return np.array(self.start) + way, heading


@dataclass(frozen=True)
class Walker:
    """One person as dressed on one day.

    Attributes:
        body: Build.
        gait: Way of walking.
        clothes: Clothes.
        appearance: Colours and patterns, for the shaded renderer.
        extras: Things worn over or carried.
    """

    body: Body
    gait: Gait
    clothes: Clothes
    appearance: Appearance
    extras: tuple[Extra, ...] = ()

    @cached_property
    def parts(self) -> PartSet:
        """All parts, of the figure and of what it carries."""
        worn = [part for extra in self.extras for part in extra.parts]
        return PartSet(dress(self.body, self.clothes) + worn)

    def carrying(self, kind: str, rng: np.random.Generator) -> Walker:
        """Return the same person with one more thing (see covariates.py)."""
        return replace(self, extras=(*self.extras, make_extra(kind, self.body, rng)))

    @cached_property
    def _way(self) -> tuple[np.ndarray, np.ndarray]:
        """Return phases of one stride and the metres walked since its start, feet not sliding."""
        phase = np.linspace(0, 1, _SAMPLES + 1)
        pose = pose_body(self.body, self.gait.angles(phase))
        feet = pose.origin[:, [SEGMENT["left_toes"], SEGMENT["right_toes"]]]
        slide = -np.diff(feet[..., 0], axis=0)
        low = np.argmin(feet[:-1, :, 2] + feet[1:, :, 2], axis=1)
        step = slide[np.arange(_SAMPLES), low]
        return phase, np.concatenate([[0.0], np.cumsum(np.clip(step, 0, None))])

    @property
    def stride_m(self) -> float:
        """Length of a stride (two steps) in metres."""
        return float(self._way[1][-1])

    @property
    def speed_mps(self) -> float:
        """Metres a second on average."""
        return self.stride_m * self.gait.cadence_hz

    def pose(self, times_s: Float[np.ndarray, " t"], path: Path, rng: np.random.Generator) -> Pose:
        """Walk along ``path``, at its start at the first of ``times_s``; ``rng`` makes the strides differ."""
        motion = self.gait.walk(times_s - times_s[0], rng, start=float(rng.random()))
        angles = motion.angles
        for extra in self.extras:
            angles = extra.hold(angles)
        phases, metres = self._way
        whole = np.floor(motion.phase)
        walked = whole * self.stride_m + np.interp(motion.phase - whole, phases, metres)
        position, heading = path.at(walked - walked[0])
        return pose_body(self.body, angles).moved(position, heading)


def sample_walker(rng: np.random.Generator, *, near: Walker | None = None, spread: float = 1.0) -> Walker:
    """Draw a person, or one who resembles ``near`` in build and gait (clothes are drawn anew)."""
    return Walker(
        sample_body(rng, near=near.body if near else None, spread=spread),
        sample_gait(rng, near=near.gait if near else None, spread=spread),
        sample_clothes(rng),
        sample_appearance(rng),
    )
