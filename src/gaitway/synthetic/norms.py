"""Joint angles of normal walking over one stride, from the literature, in degrees.

Stride 0 is the limb's own heel contact; toe-off is near 60 %. Curves are read every 5 % of the stride from
the published means of healthy adults walking at a comfortable speed.

Source:
    Leg and pelvis: D. A. Winter, The Biomechanics and Motor Control of Human Gait, 2nd ed., 1991; J. Perry
    and J. M. Burnfield, Gait Analysis, 2nd ed., 2010; spread between people: G. Bovi et al., Gait & Posture
    33, 2011. Arms: M. P. Murray et al., J. Bone Joint Surg. 46-A, 1964. Differs: hip flexion is the thigh's
    angle to the vertical (the pelvis's constant tilt is taken off), and values are rounded to a degree.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from jaxtyping import Float

HARMONICS = 5

CENTRAL = (
    "pelvis_tilt",
    "pelvis_obliquity",
    "pelvis_rotation",
    "trunk_lean",
    "trunk_bend",
    "trunk_rotation",
    "neck_flexion",
    "head_yaw",
    "sway",
)
SIDED = (
    "hip_flexion",
    "hip_abduction",
    "hip_rotation",
    "knee_flexion",
    "ankle_flexion",
    "foot_out",
    "shoulder_flexion",
    "shoulder_abduction",
    "shoulder_rotation",
    "elbow_flexion",
)
CHANNELS = CENTRAL + tuple(f"left_{c}" for c in SIDED) + tuple(f"right_{c}" for c in SIDED)
INDEX = {name: i for i, name in enumerate(CHANNELS)}
BASIS = 1 + 2 * HARMONICS

_CURVES: dict[str, tuple[float, ...]] = {
    "hip_flexion": (23, 23, 20, 16, 11, 6, 1, -4, -9, -14, -18, -19, -15, -7, 2, 11, 18, 23, 25, 25),
    "hip_abduction": (0, -2, -5, -6, -6, -5, -4, -3, -3, -2, -1, 2, 5, 6, 5, 4, 2, 1, 0, 0),
    "hip_rotation": (-2, 0, 2, 3, 3, 2, 2, 1, 1, 0, 0, -2, -3, -3, -2, -2, -2, -2, -2, -2),
    "knee_flexion": (5, 10, 16, 18, 16, 13, 10, 7, 6, 8, 13, 24, 38, 52, 60, 60, 50, 33, 14, 4),
    "ankle_flexion": (0, -5, -4, 0, 3, 5, 7, 9, 10, 11, 8, -1, -13, -17, -10, -4, 0, 2, 2, 1),
    "foot_out": (6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 6, 5, 4, 3, 3, 3, 4, 5, 5, 6),
    "pelvis_tilt": (0, 1, 1, 0, -1, -1, 0, 0, 0, 0, 0, 1, 1, 0, -1, -1, 0, 0, 0, 0),
    "pelvis_obliquity": (1, 3, 4, 4, 3, 2, 1, 1, 0, 0, -1, -3, -4, -4, -3, -2, -1, -1, 0, 0),
}

# mean, amplitude in degrees, cycles a stride, phase of the maximum as a part of the stride
_WAVES: dict[str, tuple[float, float, int, float]] = {
    "pelvis_rotation": (0, 5, 1, 0.5),
    "trunk_lean": (3, 1, 2, 0.05),
    "trunk_bend": (0, 2, 1, 0.15),
    "trunk_rotation": (0, 5, 1, 0.0),
    "neck_flexion": (2, 1, 2, 0.3),
    "head_yaw": (0, 1, 1, 0.3),
    "shoulder_flexion": (-2, 17, 1, 0.5),
    "shoulder_abduction": (7, 1, 2, 0.1),
    "shoulder_rotation": (0, 5, 1, 0.5),
    "elbow_flexion": (23, 10, 1, 0.56),
}
SWAY_OF_STATURE = 0.011  # half the side-to-side way of the pelvis over the stature (Perry: 4 cm in all)


def fourier_basis(phase: Float[np.ndarray, " t"]) -> Float[np.ndarray, "t b"]:
    """Return 1, cos and sin of the stride's harmonics at ``phase`` (strides), (T, 1 + 2 x HARMONICS)."""
    order = np.arange(1, HARMONICS + 1)
    angle = 2 * np.pi * phase[:, None] * order
    basis: np.ndarray = np.concatenate([np.ones((len(phase), 1)), np.cos(angle), np.sin(angle)], axis=1)
    return basis


def fit_fourier(curves: Float[np.ndarray, "c t"], phase: Float[np.ndarray, " t"]) -> Float[np.ndarray, "c b"]:
    """Fit the basis to sampled curves by least squares, (C, B)."""
    solution, *_ = np.linalg.lstsq(fourier_basis(phase), curves.T, rcond=None)
    fitted: np.ndarray = solution.T
    return fitted


def shift_stride(coefficients: Float[np.ndarray, "... b"], shift: float) -> Float[np.ndarray, "... b"]:
    """Delay curves by ``shift`` strides: the result at phase p is the old curve at p - shift."""
    angle = 2 * np.pi * np.arange(1, HARMONICS + 1) * shift
    cosine, sine = np.cos(angle), np.sin(angle)
    a, b = coefficients[..., 1 : HARMONICS + 1], coefficients[..., HARMONICS + 1 :]
    parts = [coefficients[..., :1], a * cosine - b * sine, a * sine + b * cosine]
    shifted: np.ndarray = np.concatenate(parts, axis=-1)
    return shifted


def _curve(name: str) -> np.ndarray:
    phase = np.arange(20) / 20
    if name in _CURVES:
        return np.radians(np.asarray(_CURVES[name], np.float64))
    if name == "sway":  # towards the left in the left limb's stance
        wave = SWAY_OF_STATURE * np.cos(2 * np.pi * (phase - 0.3))
        return np.asarray(wave)
    mean, amplitude, cycles, peak = _WAVES[name]
    wave = mean + amplitude * np.cos(2 * np.pi * cycles * (phase - peak))
    return np.asarray(np.radians(wave))


@cache
def normal_gait() -> Float[np.ndarray, "c b"]:
    """Return the Fourier coefficients of normal walking, one row a channel; stride 0 is left heel contact."""
    phase = np.arange(20) / 20
    left = fit_fourier(np.stack([_curve(name) for name in CENTRAL + SIDED]), phase)
    central, sided = left[: len(CENTRAL)], left[len(CENTRAL) :]
    out = np.concatenate([central, sided, shift_stride(sided, 0.5)])
    out.flags.writeable = False
    return out
