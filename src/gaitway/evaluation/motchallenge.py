"""MOTChallenge text: reading, writing, and ByteTrack's gap interpolation.

One row per box: frame (from 1), id, x, y, w, h, confidence, class, visibility. Tracker output writes -1 from
the class on; ground truth marks boxes to ignore with confidence 0.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Float64, Int64

from gaitway.errors import InputError

Rows = Float64[np.ndarray, "_ 8"]  # frame, id, x, y, w, h, confidence, class
PEDESTRIAN = 1
LEAST_COLUMNS = 6


def read_mot(path: Path) -> Rows:
    """Read a MOTChallenge file.

    Args:
        path: Comma-separated text; an empty file is an empty table.

    Returns:
        Rows frame, id, x, y, w, h, confidence, class, in the file's order. A missing confidence is 1; a
        missing or negative class is a pedestrian's.

    Raises:
        InputError: No such file, not numbers, too few columns, a frame below 1, or an id twice in a frame.
    """
    try:
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        table = np.array([[float(v) for v in line.split(",") if v.strip()][:8] for line in lines])
    except OSError as error:
        raise InputError(
            f"{path.name} cannot be read ({error.strerror}): check the folder's files"
        ) from error
    except ValueError as error:
        raise InputError(
            f"{path.name} is not MOTChallenge text, wanted frame,id,x,y,w,h,... in numbers: {error}"
        ) from error
    if not len(table):
        return np.zeros((0, 8))
    if table.shape[1] < LEAST_COLUMNS or not np.isfinite(table).all() or table[:, 0].min() < 1:
        raise InputError(
            f"{path.name} has {table.shape[1]} columns and frames from {table[:, 0].min():g}, "
            "wanted finite frame,id,x,y,w,h,... and frames from 1: check the file"
        )
    if len(np.unique(table[:, :2], axis=0)) < len(table):
        raise InputError(f"{path.name} has an id twice in one frame, wanted each once: drop the doubles")
    rows = np.ones((len(table), 8))
    rows[:, : table.shape[1]] = table
    rows[rows[:, 7] < 0, 7] = PEDESTRIAN
    return rows


def write_mot(path: Path, rows: Float64[np.ndarray, "m k"]) -> None:
    """Write tracks as MOTChallenge text, ten columns, two decimals.

    Args:
        path: File to write; it appears whole or not at all.
        rows: Frame (from 1), id, x, y, w, h and, if there, the score; further columns are left out.
    """
    scores = rows[:, 6] if rows.shape[1] > LEAST_COLUMNS else np.ones(len(rows))
    text = "".join(
        f"{frame:.0f},{track:.0f},{x:.2f},{y:.2f},{w:.2f},{h:.2f},{score:.2f},-1,-1,-1\n"
        for (frame, track, x, y, w, h), score in zip(rows[:, :6], scores, strict=True)
    )
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def interpolate_gaps(
    rows: Float64[np.ndarray, "m k"], min_length: int = 25, max_gap: int = 20
) -> Float64[np.ndarray, "p k"]:
    """Fill short gaps of long tracks with straight lines.

    Args:
        rows: Frame, id, then columns to interpolate.
        min_length: Tracks with more rows than this are filled.
        max_gap: Gaps are filled where the frames before and after lie less than this apart.

    Returns:
        The rows and those added, by frame, then id.

    Source:
        ByteTrack (Zhang et al., ECCV 2022), section on tracklet interpolation, with its strict bounds.

    Examples:
        >>> track = np.array([[1.0, 7.0, 10.0], [4.0, 7.0, 40.0]])
        >>> interpolate_gaps(track, min_length=1)[:, 2]
        array([10., 20., 30., 40.])
    """
    tables = [rows]
    for track in np.unique(rows[:, 1]):
        mine = rows[rows[:, 1] == track]
        mine = mine[np.argsort(mine[:, 0])]
        if len(mine) > min_length:
            tables.append(_between(mine, max_gap))
    filled = np.concatenate(tables)
    return filled[np.lexsort((filled[:, 1], filled[:, 0]))]


def _between(track: Float64[np.ndarray, "m k"], max_gap: int) -> Float64[np.ndarray, "p k"]:
    """Return the rows missing in one track."""
    step: Int64[np.ndarray, " _"] = np.diff(track[:, 0]).astype(np.int64)
    before = np.flatnonzero((step > 1) & (step < max_gap))
    missing = step[before] - 1
    left = np.repeat(before, missing)
    offset = np.arange(len(left)) - np.repeat(np.cumsum(missing) - missing, missing) + 1
    added: np.ndarray = track[left] + (track[left + 1] - track[left]) * (offset / step[left])[:, None]
    added[:, :2] = np.round(added[:, :2])
    return added
