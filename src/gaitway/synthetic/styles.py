"""Walking styles of recorded people, as a distribution of differences from the norm.

    python -m gaitway.synthetic.styles BVH_FOLDER OUT.safetensors [--without 07 08]

makes the shipped file again. What ships is the people's mean difference and the covariance's root, never one
person's curves (docs/decisions/0035-styles-of-recordings.md).

Source:
    Seven people of the CMU Graphics Lab Motion Capture Database. The data used in this project was obtained
    from mocap.cs.cmu.edu. The database was created with funding from NSF EIA-0196217. BVH conversion by
    B. Hahne, cgspeed.
"""

from __future__ import annotations

import argparse
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from jaxtyping import Float
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from gaitway.errors import InputError
from gaitway.synthetic.bvh import gait_angles, read_bvh
from gaitway.synthetic.gait import CADENCE_HZ, Gait
from gaitway.synthetic.norms import (
    BASIS,
    CENTRAL,
    CHANNELS,
    INDEX,
    SIDED,
    fit_fourier,
    fourier_basis,
    normal_gait,
    shift_stride,
)

SHIPPED = Path(__file__).with_name("styles.safetensors")
CADENCES_HZ = np.arange(0.6, 1.3, 0.005)  # as far as sample_gait goes
STEADY = 0.8  # slower than this part of the median speed is starting or stopping
MIN_STRIDES = 1.0
MOST_SD = 2.0  # weights beyond are drawn in: seven people say nothing about the tails
# gait_angles leaves the first four at zero; eyes and feet are too rough there (decision 0035)
_UNSEEN = (
    "pelvis_tilt", "head_yaw", "hip_rotation", "shoulder_rotation", "neck_flexion", "foot_out",
    "ankle_flexion",
)  # fmt: skip
_LEGS = [INDEX[f"{side}_{name}"] for side in ("left", "right") for name in ("hip_flexion", "knee_flexion")]
_HINGES = [
    INDEX[f"{side}_{name}"] for side in ("left", "right") for name in ("knee_flexion", "elbow_flexion")
]
_LATERAL = ("pelvis_obliquity", "pelvis_rotation", "trunk_bend", "trunk_rotation", "head_yaw", "sway")


@dataclass(frozen=True, slots=True, eq=False)
class Styles:
    """How recorded people differ from the norm: the last column is the log of the cadence's ratio.

    Attributes:
        shift: Their mean, radians (sway: statures), (29 x 11 + 1,).
        root: Rows whose outer products add up to their covariance, (people - 1, 29 x 11 + 1).
    """

    shift: Float[np.ndarray, " d"]
    root: Float[np.ndarray, "k d"]

    def __post_init__(self) -> None:
        wanted = len(CHANNELS) * BASIS + 1
        if self.shift.shape != (wanted,) or not np.isfinite(self.root).all():
            raise InputError(f"styles have {self.shift.size} finite numbers, wanted {wanted}: fit them again")

    def draw(self, rng: np.random.Generator) -> Gait:
        """Draw a style; left and right are swapped in half of all draws."""
        weights = np.clip(rng.normal(size=len(self.root)), -MOST_SD, MOST_SD)
        change = self.shift + weights @ self.root
        coefficients = normal_gait() + change[:-1].reshape(len(CHANNELS), BASIS)
        if rng.random() < 0.5:
            coefficients = mirrored(coefficients)
        _unbend(coefficients)
        return Gait(coefficients, float(CADENCE_HZ * np.exp(change[-1])))

    def save(self, path: Path) -> None:
        """Write the numbers as float32."""
        save_file({"shift": self.shift.astype(np.float32), "root": self.root.astype(np.float32)}, path)


def _unbend(coefficients: Float[np.ndarray, "c b"]) -> None:
    """Move hinges that would bend backwards, in place: a wide swing needs a bent elbow."""
    curves = fourier_basis(np.arange(64) / 64) @ coefficients[_HINGES].T
    coefficients[_HINGES, 0] += np.maximum(-curves.min(axis=0), 0)


def mirrored(coefficients: Float[np.ndarray, "c b"]) -> Float[np.ndarray, "c b"]:
    """Return the walk as a mirror shows it; stride 0 is again left heel contact."""
    late: np.ndarray = shift_stride(coefficients, 0.5)
    out = late.copy()
    for name in _LATERAL:
        out[INDEX[name]] *= -1
    first, count = len(CENTRAL), len(SIDED)
    out[first : first + count], out[first + count :] = late[first + count :], late[first : first + count]
    return out


def load_styles(path: Path = SHIPPED) -> Styles:
    """Read fitted styles.

    Raises:
        InputError: The file holds none.
    """
    try:
        table = load_file(path)
        return Styles(table["shift"].astype(np.float64), table["root"].astype(np.float64))
    except (OSError, KeyError, SafetensorError) as error:
        raise InputError(
            f"{path.name} holds no styles, wanted what gaitway.synthetic.styles wrote"
        ) from error


@cache
def shipped_styles() -> Styles:
    """Return the styles that come with the package."""
    return load_styles()


def fit_walk(path: Path) -> Float[np.ndarray, " d"] | None:
    """Return one recording's difference from the norm; None where less than a stride is steady."""
    recording = read_bvh(path)
    angles, rate = gait_angles(recording), recording.frame_rate
    hips = (recording.joint("lThigh") + recording.joint("rThigh"))[1:, :2] / 2
    step = max(round(rate / 4), 1)
    speed = np.linalg.norm(hips[2 * step :] - hips[: -2 * step], axis=1)
    steady = np.flatnonzero(speed > STEADY * np.median(speed)) + step
    if not len(steady):
        return None
    angles = angles[steady[0] : steady[-1] + 1]
    times = np.arange(len(angles)) / rate
    legs = angles[:, _LEGS]
    left_over = [_residual(legs, times * cadence) for cadence in CADENCES_HZ]
    cadence = float(CADENCES_HZ[int(np.argmin(left_over))])
    if times[-1] * cadence < MIN_STRIDES:
        return None
    fitted = _aligned(fit_fourier(angles.T, times * cadence))
    change = fitted - normal_gait()
    for row, name in enumerate(CHANNELS):
        if name.endswith(_UNSEEN):
            change[row] = 0
    return np.append(change.ravel(), np.log(cadence / CADENCE_HZ))


def _residual(curves: np.ndarray, phase: np.ndarray) -> float:
    fitted = fourier_basis(phase) @ fit_fourier(curves.T, phase).T
    return float(((curves - fitted) ** 2).sum())


def _aligned(coefficients: np.ndarray) -> np.ndarray:
    """Shift the stride so that thighs and knees swing when the norm's do: 0 is left heel contact."""
    norm = normal_gait()[_LEGS][:, 1:]
    shifts = np.arange(200) / 200
    apart = [((shift_stride(coefficients[_LEGS], s)[:, 1:] - norm) ** 2).sum() for s in shifts]
    aligned: np.ndarray = shift_stride(coefficients, float(shifts[int(np.argmin(apart))]))
    return aligned


def fit_people(folder: Path) -> dict[str, Float[np.ndarray, "w d"]]:
    """Return every person's walks, as differences from the norm, by the name before the file's underscore.

    Raises:
        InputError: The folder holds no steady recording.
    """
    walks: dict[str, list[np.ndarray]] = {}
    for path in sorted(folder.glob("*.bvh")):
        change = fit_walk(path)
        if change is not None:
            walks.setdefault(path.name.partition("_")[0], []).append(change)
    if not walks:
        raise InputError(f"{folder.name!r} holds no steady walks, wanted <person>_<number>.bvh")
    return {name: np.stack(rows) for name, rows in walks.items()}


def fit_styles(people: dict[str, Float[np.ndarray, "_ d"]], *, without: Collection[str] = ()) -> Styles:
    """Return the distribution of the people's means.

    Raises:
        InputError: Fewer than two people are left, or one who is left out is not there.
    """
    unknown = set(without) - set(people)
    if unknown or len(people) - len(set(without)) < 2:
        raise InputError(f"without {sorted(without)} of {sorted(people)}: wanted names of these, two kept")
    means = np.stack([walks.mean(axis=0) for name, walks in people.items() if name not in without])
    shift = means.mean(axis=0)
    _, scale, axes = np.linalg.svd((means - shift) / np.sqrt(len(means) - 1), full_matrices=False)
    shift[:-1:BASIS] = (
        0  # the conversion's skeleton stands with bent knees and elbows: posture stays the norm's
    )
    return Styles(shift, scale[:-1, None] * axes[:-1])


def main(arguments: Sequence[str] | None = None) -> None:
    """Fit the styles of a folder of recordings."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--without", nargs="*", default=(), help="people to leave out, for validation")
    chosen = parser.parse_args(arguments)
    fit_styles(fit_people(chosen.folder), without=chosen.without).save(chosen.out)


if __name__ == "__main__":
    main()
