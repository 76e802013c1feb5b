"""Pieces of tracks: their ends, their gaps, their smooth course."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int64

from gaitway.tracking.association import Pairs, overlaps

Rows = Int64[np.ndarray, " _"]


class Pieces(NamedTuple):
    """Boxes of pieces of tracks, ordered by piece, then frame.

    Attributes:
        piece: Which piece, 0 to count - 1, (m,).
        frame: (m,).
        xywh: Centre x, centre y, width, height, in pixels, (m, 4).
        is_clear: No other piece lies on the box, and the border does not cut it, (m,).
        at_border: The box reaches the picture's border, (m,).
    """

    piece: Int64[np.ndarray, " m"]
    frame: Int64[np.ndarray, " m"]
    xywh: Float64[np.ndarray, "m 4"]
    is_clear: Bool[np.ndarray, " m"]
    at_border: Bool[np.ndarray, " m"]

    @property
    def total(self) -> int:
        """How many pieces there are."""
        return int(self.piece[-1]) + 1 if len(self.piece) else 0

    @property
    def bounds(self) -> tuple[Rows, Rows]:
        """First and last row of every piece."""
        starts = np.flatnonzero(np.diff(self.piece, prepend=-1))
        return starts, np.append(starts[1:], len(self.piece)) - 1


class Ends(NamedTuple):
    """How every piece comes to its end (or, seen backwards, to its beginning), in pixels and seconds.

    Attributes:
        frame: The end's frame, (n,).
        clear: The frame nearest to it where the piece lies clear of others, (n,).
        position: x and y in that frame, (2, n).
        velocity: Pixels a second in x and y, forward in time, (2, n).
        variance: Of position, of both together, of velocity, in heights (and seconds), (3, n).
        height: Near the end, (n,).
    """

    frame: Int64[np.ndarray, " n"]
    clear: Int64[np.ndarray, " n"]
    position: Float64[np.ndarray, "2 n"]
    velocity: Float64[np.ndarray, "2 n"]
    variance: Float64[np.ndarray, "3 n"]
    height: Float64[np.ndarray, " n"]

    def take(self, index: Int64[np.ndarray, " k"]) -> Ends:
        """Return the ends at ``index``."""
        return Ends(*(part[..., index] for part in self))


def centred(tlwh: Float64[np.ndarray, "m 4"]) -> Float64[np.ndarray, "m 4"]:
    """Convert rows x, y, w, h to centre x, centre y, w, h."""
    xywh = tlwh.copy()
    xywh[:, :2] += tlwh[:, 2:] / 2
    return xywh


def meetings(frame: Int64[np.ndarray, " m"], xywh: Float64[np.ndarray, "m 4"], least: float) -> Pairs:
    """Return the pairs of rows of one frame that overlap by more than ``least`` IoU, both ways."""
    corners = np.concatenate([xywh[:, :2] - xywh[:, 2:] / 2, xywh[:, :2] + xywh[:, 2:] / 2], axis=1).T
    order = np.argsort(frame, kind="stable")
    found = [(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))]
    for rows in np.split(order, np.flatnonzero(np.diff(frame[order])) + 1):
        pairs = overlaps(corners[:, rows], corners[:, rows], least=least)
        meet = (pairs.rows != pairs.columns) & (pairs.value > least)
        found.append((rows[pairs.rows[meet]], rows[pairs.columns[meet]], pairs.value[meet]))
    return Pairs(*(np.concatenate(part) for part in zip(*found, strict=True)))


def number_pieces(key: Int64[np.ndarray, " m"], starts: Bool[np.ndarray, " m"]) -> Int64[np.ndarray, " m"]:
    """Number the runs of equal ``key``, beginning a new one also where ``starts``; rows must be ordered."""
    change = starts.copy()
    change[1:] |= key[1:] != key[:-1]
    change[:1] = True
    numbers: np.ndarray = np.cumsum(change) - 1
    return numbers


def find_ends(
    pieces: Pieces, *, at_tail: bool, frame_rate: float, window_s: float, noise: float, speed: float
) -> Ends:
    """Fit a straight course to the boxes near one end of every piece.

    Bayesian regression: short pieces keep the prior, a velocity of 0 +- ``speed``.

    Args:
        pieces: What to fit.
        at_tail: The later end, else the earlier one.
        frame_rate: Frames a second.
        window_s: How much of the piece to use, in seconds.
        noise: Standard deviation of a box's centre, in heights.
        speed: Standard deviation of a person's velocity, in heights a second.
    """
    starts, stops = pieces.bounds
    count = pieces.total
    never_clear = np.bincount(pieces.piece, pieces.is_clear, count) == 0
    rows = np.flatnonzero(pieces.is_clear | never_clear[pieces.piece])
    edges = np.flatnonzero(np.diff(pieces.piece[rows], prepend=-1))
    clear = pieces.frame[rows[np.append(edges[1:], len(rows)) - 1 if at_tail else edges]]
    time = (pieces.frame[rows] - clear[pieces.piece[rows]]) / frame_rate
    near = np.abs(time) <= window_s
    rows, time = rows[near], time[near]
    piece, xywh = pieces.piece[rows], pieces.xywh[rows]

    def total(values: Float64[np.ndarray, " _"]) -> Float64[np.ndarray, " _"]:
        return np.bincount(piece, values, count)

    n = total(np.ones(len(time)))
    height = total(xywh[:, 3]) / n
    scale = noise * noise
    a, b, c = n / scale, total(time) / scale, total(time * time) / scale + 1 / speed**2
    determinant = a * c - b * b
    variance = np.stack([c, -b, a]) / determinant
    sums = np.stack([total(xywh[:, axis]) for axis in (0, 1)]) / scale
    moments = np.stack([total(xywh[:, axis] * time) for axis in (0, 1)]) / scale
    position = variance[0] * sums + variance[1] * moments
    velocity = variance[1] * sums + variance[2] * moments
    end = pieces.frame[stops if at_tail else starts]
    return Ends(end, clear, position, velocity, variance, height)


def farthest(track: Rows, xywh: Float64[np.ndarray, "m 4"]) -> Float64[np.ndarray, " n"]:
    """Return how far every track, by its number from 0, gets from its middle, in heights; 0 for none."""
    away = np.zeros(int(track.max(initial=-1)) + 1)
    for name in np.unique(track):
        mine = xywh[track == name]
        from_middle = np.linalg.norm(mine[:, :2] - np.median(mine[:, :2], axis=0), axis=1)
        away[name] = from_middle.max() / np.median(mine[:, 3])
    return away


def fill_gaps(
    frame: Int64[np.ndarray, " m"], values: Float64[np.ndarray, "m k"], longest: int
) -> tuple[Int64[np.ndarray, " p"], Float64[np.ndarray, "p k"]]:
    """Return the frames missing in one track and straight lines through them.

    Args:
        frame: The track's frames, rising.
        values: What to interpolate.
        longest: Gaps with more missing frames stay open.
    """
    step = np.diff(frame)
    before = np.flatnonzero((step > 1) & (step <= longest + 1))
    missing = step[before] - 1
    left = np.repeat(before, missing)
    offset = np.arange(len(left)) - np.repeat(np.cumsum(missing) - missing, missing) + 1
    part = (offset / step[left])[:, None]
    return frame[left] + offset, values[left] * (1 - part) + values[left + 1] * part


def smooth_course(
    frame: Int64[np.ndarray, " m"], values: Float64[np.ndarray, "m k"], width: float
) -> Float64[np.ndarray, "m k"]:
    """Smooth one track by local straight lines with Gaussian weights.

    Unlike a moving average it has no bias on a straight course, also at the ends.

    Args:
        frame: The track's frames, rising.
        values: What to smooth.
        width: Standard deviation of the weights, in frames.
    """
    reach = int(np.ceil(3 * width))
    offset = np.arange(-reach, reach + 1)
    weight = np.exp(-0.5 * (offset / width) ** 2)
    place = frame - frame[0]
    length = int(place[-1]) + 1
    seen = np.zeros(length)
    seen[place] = 1
    series = np.zeros((length, values.shape[1]))
    series[place] = values

    def total(of: np.ndarray, power: int) -> Float64[np.ndarray, " _"]:
        kernel = (weight * offset.astype(float) ** power)[::-1]
        out: np.ndarray = np.convolve(of, kernel)[reach + place]
        return out

    s0, s1, s2 = (total(seen, power) for power in (0, 1, 2))
    determinant = s0 * s2 - s1 * s1
    is_lone = determinant < 1e-9  # no neighbour in reach: the value stays
    determinant = np.where(is_lone, 1, determinant)
    smooth = np.empty_like(values)
    for k in range(values.shape[1]):
        line = (total(series[:, k], 0) * s2 - total(series[:, k], 1) * s1) / determinant
        smooth[:, k] = np.where(is_lone, values[:, k], line)
    return smooth
