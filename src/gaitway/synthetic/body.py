"""The shape of one person: proportions, girths, posture, head and hair.

Lengths and radii are parts of the stature.

Source:
    Segment lengths: R. Drillis and R. Contini, Body Segment Parameters, 1966, as printed in D. A. Winter,
    Biomechanics and Motor Control of Human Movement, 4th ed., 2009, fig. 4.1. Stature and breadths: C. C.
    Gordon et al., 2012 Anthropometric Survey of U.S. Army Personnel (rounded; spread widened for ages and
    civilians).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

HAIR_STYLES = ("bald", "short", "short", "full", "long", "bun", "ponytail", "cap", "hood")

# name: (mean of women, mean of men, sd)
_TABLE: dict[str, tuple[float, float, float]] = {
    "thigh": (0.243, 0.245, 0.007),
    "shank": (0.243, 0.246, 0.007),
    "ankle_height": (0.038, 0.040, 0.002),
    "foot_length": (0.148, 0.152, 0.006),
    "foot_half_width": (0.026, 0.028, 0.002),
    "hip_half": (0.053, 0.050, 0.003),
    "pelvis_half_width": (0.106, 0.098, 0.006),
    "pelvis_half_depth": (0.066, 0.062, 0.006),
    "waist_half_width": (0.080, 0.087, 0.008),
    "waist_half_depth": (0.057, 0.063, 0.009),
    "chest_half_width": (0.087, 0.097, 0.006),
    "chest_half_depth": (0.064, 0.069, 0.006),
    "shoulder_half": (0.098, 0.110, 0.006),
    "torso": (0.286, 0.288, 0.009),
    "belly": (0.008, 0.012, 0.010),
    "bust": (0.014, 0.000, 0.007),
    "buttock": (0.020, 0.012, 0.006),
    "thigh_radius": (0.051, 0.048, 0.005),
    "knee_radius": (0.033, 0.033, 0.003),
    "calf_radius": (0.034, 0.034, 0.003),
    "ankle_radius": (0.021, 0.022, 0.002),
    "upper_arm": (0.184, 0.187, 0.007),
    "forearm": (0.145, 0.147, 0.006),
    "upper_arm_radius": (0.026, 0.029, 0.003),
    "elbow_radius": (0.021, 0.023, 0.002),
    "forearm_radius": (0.022, 0.025, 0.002),
    "wrist_radius": (0.015, 0.017, 0.0015),
    "hand": (0.100, 0.106, 0.005),
    "neck": (0.045, 0.042, 0.005),
    "neck_radius": (0.033, 0.038, 0.003),
    "head_half_width": (0.044, 0.043, 0.003),
    "head_half_depth": (0.056, 0.055, 0.003),
    "head_half_height": (0.066, 0.065, 0.003),
    "shoulder_slope": (0.020, 0.018, 0.006),
    "kyphosis_deg": (4.0, 4.0, 4.0),
    "head_forward_deg": (8.0, 8.0, 5.0),
    "hair_volume": (0.012, 0.008, 0.004),
}
_GIRTHS = tuple(n for n in _TABLE if "radius" in n or n.startswith(("pelvis_", "waist_", "chest_")))
_FLOORS = {"bust": 0.0, "belly": 0.0, "buttock": 0.0, "hair_volume": 0.003, "kyphosis_deg": -4.0}


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """One person's build.

    Attributes:
        stature_m: Height without shoes, in metres.
        female: Which distribution the build was drawn from, 0 (male) to 1 (female).
        measures: Proportions by name (see the table of this module), parts of the stature or degrees.
        hair: One of HAIR_STYLES.
    """

    stature_m: float
    female: float
    measures: dict[str, float]
    hair: str

    def __getitem__(self, name: str) -> float:
        """Return a length in metres, or an angle (``*_deg``) in degrees."""
        value = self.measures[name]
        return value if name.endswith("_deg") else value * self.stature_m


def sample_body(rng: np.random.Generator, *, near: Body | None = None, spread: float = 1.0) -> Body:
    """Draw a build: a woman or man of 10 to 90 years, or one that resembles ``near``.

    Args:
        rng: Source of all randomness.
        near: Centre of the draw; that of a random sex where None.
        spread: Size of the differences; 1 is the spread between unrelated people.
    """
    female = float(rng.random() < 0.5) if near is None else near.female
    centre = {n: m + (f - m) * female for n, (f, m, _) in _TABLE.items()} if near is None else near.measures
    weight = rng.normal(0, 0.11) + 0.1 * max(
        rng.normal(), 0
    )  # heavy people are heavier than light ones are light
    leggy = rng.normal(0, 0.02)  # long legs come with a short trunk
    measures = {}
    for name, (_, _, sd) in _TABLE.items():
        value = centre[name] + spread * sd * rng.normal()
        if name in _GIRTHS:
            value *= np.exp(spread * weight * (1.3 if name.startswith("waist") else 0.8))
        if name in {"thigh", "shank"}:
            value *= 1 + spread * leggy
        if name == "torso":
            value *= 1 - spread * 1.5 * leggy
        if name == "belly":
            value += spread * max(weight, 0) * 0.12
        measures[name] = float(max(value, _FLOORS.get(name, 0.2 * abs(centre[name]))))
    mean_stature = 1.77 + (1.63 - 1.77) * female if near is None else near.stature_m
    stature = mean_stature + spread * rng.normal(0, 0.07)
    if near is None and rng.random() < 0.06:
        stature *= rng.uniform(0.8, 0.95)  # the young and the very old
    styles = HAIR_STYLES if near is None or spread > 0.7 else (near.hair,)
    hair = str(rng.choice(styles))
    if female and hair == "bald":
        hair = "full"
    return Body(float(np.clip(stature, 1.25, 2.05)), female, measures, hair)
