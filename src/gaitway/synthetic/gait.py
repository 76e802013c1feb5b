"""How one person walks: joint curves, cadence, and how much strides differ."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from gaitway.synthetic.norms import CENTRAL, CHANNELS, INDEX, SIDED, fourier_basis, normal_gait, shift_stride

# Between people, in degrees: sd of a channel's mean (posture) round the norm. Bovi et al. 2011 give 4-7
# degrees for the hip and knee, 3-5 for the ankle; arms and trunk after Murray 1964.
OFFSET_SD_DEG = {
    "pelvis_tilt": 3.0, "pelvis_obliquity": 0.6, "pelvis_rotation": 1.0, "trunk_lean": 3.0, "trunk_bend": 1.0,
    "trunk_rotation": 1.5, "neck_flexion": 6.0, "head_yaw": 3.0, "sway": 0.0,
    "hip_flexion": 2.5, "hip_abduction": 2.0, "hip_rotation": 4.0, "knee_flexion": 3.5, "ankle_flexion": 2.0,
    "foot_out": 6.0, "shoulder_flexion": 6.0, "shoulder_abduction": 4.5, "shoulder_rotation": 10.0,
    "elbow_flexion": 13.0,
}  # fmt: skip
AMPLITUDE_SD = {  # sd of the log of a channel's swing
    "sway": 0.35, "pelvis_rotation": 0.35, "pelvis_obliquity": 0.3, "pelvis_tilt": 0.3, "trunk_rotation": 0.4,
    "trunk_bend": 0.4, "trunk_lean": 0.4, "neck_flexion": 0.4, "head_yaw": 0.4, "hip_flexion": 0.09,
    "hip_abduction": 0.25, "hip_rotation": 0.35, "knee_flexion": 0.09, "ankle_flexion": 0.18, "foot_out": 0.3,
    "shoulder_flexion": 0.45, "shoulder_abduction": 0.4, "shoulder_rotation": 0.4, "elbow_flexion": 0.5,
}  # fmt: skip
SHAPE_SD = 0.05  # sd of single harmonics, relative to the channel's swing
ASYMMETRY = 0.22  # left/right difference relative to the difference between people
PHASE_SD = 0.012  # sd of a channel's timing, in strides
CADENCE_HZ = 0.92  # strides a second at a comfortable speed (Winter 1991: 105-115 steps a minute)


@dataclass(frozen=True, slots=True, eq=False)
class Gait:
    """One person's way of walking.

    Attributes:
        coefficients: Fourier coefficients of every channel, radians (sway: statures), (29, 11).
        cadence_hz: Strides a second.
        wobble: Relative sd of slow changes of the swing from stride to stride.
        phase_wobble: Sd of slow timing changes, in strides.
    """

    coefficients: Float[np.ndarray, "c b"]
    cadence_hz: float
    wobble: float = 0.03
    phase_wobble: float = 0.008

    def angles(self, phase: Float[np.ndarray, " t"]) -> Float[np.ndarray, "t c"]:
        """Return every channel at ``phase`` (strides), without the wobble, (T, 29)."""
        values: np.ndarray = fourier_basis(phase) @ self.coefficients.T
        return values

    def walk(self, times_s: Float[np.ndarray, " t"], rng: np.random.Generator, *, start: float) -> Motion:
        """Walk for ``times_s`` from phase ``start``; each call gives other strides of the same person."""
        pace = float(np.exp(rng.normal(0, 0.03)))
        drift = _slow_noise(times_s, rng, 3)
        phase = start + times_s * self.cadence_hz * pace + self.phase_wobble * drift[0]
        mean = self.coefficients[:, 0]
        swing = self.angles(phase) - mean
        legs, arms = 1 + self.wobble * drift[1], 1 + 3 * self.wobble * drift[2]
        gain = np.where(_IS_ARM[None], arms[:, None], legs[:, None]) * pace**0.5
        return Motion(mean + swing * gain, phase)


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """Joint angles over time, (T, 29), and the stride's phase (T,)."""

    angles: Float[np.ndarray, "t c"]
    phase: Float[np.ndarray, " t"]


_IS_ARM = np.array([("shoulder" in c) or ("elbow" in c) for c in CHANNELS])


def _slow_noise(times_s: np.ndarray, rng: np.random.Generator, rows: int) -> np.ndarray:
    """Return smooth noise of sd 1 that changes over about two strides, (rows, T)."""
    frequency = rng.uniform(0.1, 0.6, (rows, 4, 1))
    shift = rng.uniform(0, 2 * np.pi, (rows, 4, 1))
    noise: np.ndarray = np.sin(2 * np.pi * frequency * times_s + shift).sum(axis=1) / np.sqrt(2)
    return noise


def sample_gait(rng: np.random.Generator, *, near: Gait | None = None, spread: float = 1.0) -> Gait:
    """Draw a way of walking round the norm, or round ``near``.

    Args:
        rng: Source of all randomness.
        near: Centre of the draw; the norm where None.
        spread: Size of the differences; 1 is the spread between unrelated people.
    """
    centre = normal_gait() if near is None else near.coefficients
    stride = rng.normal(0, 0.09)  # long and short steps move hip, ankle, pelvis and arms together
    out = centre.copy()
    for name in CENTRAL:
        out[INDEX[name]] = _vary(out[INDEX[name]], name, rng, spread, 0.5 * stride)
    for name in SIDED:
        common = _Change.draw(rng, name)
        for side in ("left", "right"):
            row = INDEX[f"{side}_{name}"]
            change = common.blend(_Change.draw(rng, name), ASYMMETRY)
            out[row] = change.apply(out[row], spread, stride * _STRIDE_GAIN.get(name, 0.0))
    base = CADENCE_HZ if near is None else near.cadence_hz
    cadence = base * float(np.exp(spread * (rng.normal(0, 0.07) - 0.3 * stride)))
    return Gait(
        out,
        float(np.clip(cadence, 0.6, 1.3)),
        float(rng.uniform(0.015, 0.05)),
        float(rng.uniform(0.004, 0.012)),
    )


_STRIDE_GAIN = {"hip_flexion": 1.0, "ankle_flexion": 0.8, "knee_flexion": 0.4, "shoulder_flexion": 1.5}


@dataclass(frozen=True, slots=True, eq=False)
class _Change:
    """How one channel of one person differs from the norm."""

    offset: float
    log_swing: float
    timing: float
    shape: np.ndarray

    @classmethod
    def draw(cls, rng: np.random.Generator, name: str) -> _Change:
        offset = np.radians(OFFSET_SD_DEG[name]) * rng.normal()
        return cls(
            offset, AMPLITUDE_SD[name] * rng.normal(), PHASE_SD * rng.normal(), rng.normal(0, SHAPE_SD, 10)
        )

    def blend(self, other: _Change, weight: float) -> _Change:
        return _Change(
            self.offset + weight * other.offset,
            self.log_swing + weight * other.log_swing,
            self.timing + weight * other.timing,
            self.shape + weight * other.shape,
        )

    def apply(self, row: np.ndarray, spread: float, stride: float) -> np.ndarray:
        swing = float(np.sqrt((row[1:] ** 2).sum()))
        out = shift_stride(row, spread * self.timing)
        out[1:] = out[1:] * np.exp(spread * (self.log_swing + stride)) + spread * swing * self.shape / _FALL
        out[0] += spread * self.offset
        return out


_FALL = np.tile(np.arange(1, 6), 2).astype(np.float64)  # higher harmonics differ less


def _vary(row: np.ndarray, name: str, rng: np.random.Generator, spread: float, stride: float) -> np.ndarray:
    return _Change.draw(rng, name).apply(row, spread, stride)
