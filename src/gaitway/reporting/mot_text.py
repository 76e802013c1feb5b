"""MOTChallenge text: ``frame,id,x,y,w,h,conf,-1,-1,-1``, frame from 1, for the field's own tools.

x and y are the box's left and top in pixels from 0, as ByteTrack and its kind write them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gaitway.errors import InputError, StoreError
from gaitway.files import translated, write_text
from gaitway.geometry import tlwh_to_xyxy, xyxy_to_tlwh
from gaitway.results import TrackTable

_LINE = "%d,%d,%.2f,%.2f,%.2f,%.2f,%.4f,-1,-1,-1"
_MIN_COLUMNS = 7


def mot_text(tracks: TrackTable) -> str:
    """Return the tracks' boxes as MOTChallenge text, filled ones among them, by frame, then track."""
    order = np.lexsort((tracks.track_id, tracks.frame_index))
    tlwh = xyxy_to_tlwh(tracks.xyxy[order].astype(np.float64))
    columns = (tracks.frame_index[order] + 1, tracks.track_id[order], *tlwh.T, tracks.confidence[order])
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return "".join(f"{_LINE % row}\n" for row in rows)


def write_mot(path: Path, tracks: TrackTable) -> None:
    """Write ``<video>.txt`` whole or not at all; nobody gives an empty file.

    Raises:
        StoreError: The file cannot be written.
    """
    write_text(path, mot_text(tracks))


def parse_mot(text: str) -> TrackTable:
    """Read MOTChallenge text of 7 or more columns: results or ground truth.

    Returns:
        Boxes by frame, then track, frames from 0; ``filled`` is False throughout, as the format cannot say.
        Confidence outside [0, 1] (some tools write raw scores) is clipped.

    Raises:
        InputError: A line has too few columns, is not numbers, or its frame is below 1.
    """
    rows = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = [float(cell) for cell in line.split(",")[:_MIN_COLUMNS]]
        except ValueError:
            row = []
        if len(row) < _MIN_COLUMNS or not np.isfinite(row).all() or row[0] < 1:
            raise InputError(
                f"line {number} is {line[:60]!r}, wanted frame,id,x,y,w,h,conf with the frame from 1: "
                "give a MOTChallenge text file"
            )
        rows.append(row)
    table = np.array(rows, dtype=np.float64).reshape(-1, _MIN_COLUMNS)
    table = table[np.lexsort((table[:, 1], table[:, 0]))]
    return TrackTable(
        frame_index=table[:, 0].astype(np.int64) - 1,
        track_id=table[:, 1].astype(np.int64),
        xyxy=tlwh_to_xyxy(table[:, 2:6]).astype(np.float32),
        confidence=table[:, 6].clip(0.0, 1.0).astype(np.float32),
        filled=np.zeros(len(table), bool),
    )


def read_mot(path: Path) -> TrackTable:
    """Read a MOTChallenge text file; see ``parse_mot``.

    Raises:
        StoreError: The file cannot be read or is not text.
        InputError: A line does not fit.
    """
    with translated("read", path):
        content = path.read_bytes()
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise StoreError(f"cannot read {path}: it is not text: give a MOTChallenge text file") from error
    return parse_mot(text)
