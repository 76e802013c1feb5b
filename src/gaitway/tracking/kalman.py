"""Motion of boxes: a constant-velocity Kalman filter for all tracks at once, in closed form.

A state is one array (5, 4, N). Its rows: position, velocity, and the covariance's three entries (position
variance, covariance of both, velocity variance); its columns: centre x, centre y, aspect w/h and height.
With diagonal noise the 8x8 filter of DeepSORT falls into four independent 2x2 filters, so nothing is ever
inverted.

Source:
    SORT (Bewley et al., ICIP 2016) for the model; DeepSORT (Wojke et al., ICIP 2017) and ByteTrack (Zhang et
    al., ECCV 2022) for the noise: proportional to the height. Differs: the closed form; results are equal.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64, Int64

POSITION_STD = 1 / 20  # of the height, DeepSORT
VELOCITY_STD = 1 / 160  # of the height and per frame, DeepSORT
ASPECT_STD = 1e-2  # DeepSORT
ASPECT_VELOCITY_STD = 1e-5  # DeepSORT
ASPECT_MEASUREMENT_STD = 1e-1  # DeepSORT

ASPECT, HEIGHT = 2, 3  # columns

State = Float64[np.ndarray, "5 4 n"]
Xyah = Float64[np.ndarray, "4 n"]


def xyah_to_xyxy(xyah: Xyah) -> Float64[np.ndarray, "4 n"]:
    """Convert rows centre x, centre y, aspect, height to x1, y1, x2, y2."""
    size = xyah[2:].copy()
    size[0] *= size[1]
    xyxy = np.empty_like(xyah)
    np.multiply(size, -0.5, out=xyxy[:2])
    xyxy[:2] += xyah[:2]
    np.add(xyxy[:2], size, out=xyxy[2:])
    return xyxy


def _noise(height: Float64[np.ndarray, " n"], per_height: float, aspect_std: float) -> Xyah:
    """Return variances: (``per_height`` x height)² for x, y and height, ``aspect_std``² for the aspect."""
    variance = np.empty((4, len(height)))
    variance[:] = np.square(per_height * height)
    variance[ASPECT] = aspect_std * aspect_std
    return variance


def initiate(xyah: Xyah) -> State:
    """Start states at rest from measured boxes, with DeepSORT's wide first covariance."""
    state = np.zeros((5, *xyah.shape))
    state[0] = xyah
    state[2] = _noise(xyah[HEIGHT], 2 * POSITION_STD, ASPECT_STD)
    state[4] = _noise(xyah[HEIGHT], 10 * VELOCITY_STD, ASPECT_VELOCITY_STD)
    return state


def predict(state: State) -> State:
    """Return the states one frame later."""
    position, velocity, variance, both, velocity_variance = state
    height = position[HEIGHT]
    out = np.empty_like(state)
    np.add(position, velocity, out=out[0])
    out[1] = velocity
    np.add(both, velocity_variance, out=out[3])
    np.add(variance, both, out=out[2])
    out[2] += out[3]
    out[2] += _noise(height, POSITION_STD, ASPECT_STD)
    np.add(velocity_variance, _noise(height, VELOCITY_STD, ASPECT_VELOCITY_STD), out=out[4])
    return out


def correct(state: State, xyah: Xyah) -> State:
    """Return the states after seeing the boxes ``xyah``, one per state."""
    position, _, variance, both, velocity_variance = state
    total = variance + _noise(position[HEIGHT], POSITION_STD, ASPECT_MEASUREMENT_STD)
    gain = state[2:4] / total  # of position and velocity
    out = np.empty_like(state)
    np.multiply(gain, xyah - position, out=out[:2])
    out[:2] += state[:2]
    np.subtract(variance, gain[0] * variance, out=out[2])
    np.subtract(both, gain[0] * both, out=out[3])
    np.subtract(velocity_variance, gain[1] * both, out=out[4])
    return out


def bridge(anchor: State, seen: Xyah, found: Xyah, gap: Int64[np.ndarray, " n"]) -> State:
    """Filter tracks again over the gap before they were found again, along straight lines.

    Args:
        anchor: States when last seen.
        seen: Boxes then.
        found: Boxes now.
        gap: Frames from then to now, 2 or more.

    Returns:
        States predicted for now, before they see ``found``.

    Source:
        OC-SORT (Cao et al., CVPR 2023), observation-centric re-update. Differs: none.
    """
    state = anchor.copy()
    step = (found - seen) / gap
    for frame in range(1, int(gap.max(initial=0)) + 1):
        under_way = (gap >= frame).nonzero()[0]
        moved = predict(state[:, :, under_way])
        virtual = gap[under_way] > frame
        seen_then = (seen + step * frame)[:, under_way[virtual]]
        moved[:, :, virtual] = correct(moved[:, :, virtual], seen_then)
        state[:, :, under_way] = moved
    return state
