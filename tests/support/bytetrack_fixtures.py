"""Reads the developers' ByteTrack fixtures: detections per frame, ground truth, expected rows."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np

from support.shared import shared

GIVEN = (
    ("s01_basic5", ("A", "B")),
    ("s02_crossing10", ("A", "B", "C_mot20")),
    ("s03_occl12", ("A", "B")),
    ("s05_misses12", ("A", "B", "A_fr60", "A_buf90")),
    ("s07_emptystart8", ("A", "B", "A_skipempty")),
    ("s10_erratic10", ("A", "B")),
    ("s12_scaled20", ("A", "B")),
    ("s15_gaps12", ("A", "B", "A_fr60", "A_buf90")),
)


def folder() -> Path:
    return shared("fixtures/bytetrack")


def arguments(sequence: str, run: str) -> dict:
    return json.loads((folder() / "summary.json").read_text())[sequence][run]["args"]


def frames(sequence: str) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return (xyxy, scores) per frame, in original pixels and in the dtype stored."""
    with np.load(folder() / f"{sequence}.npz") as stored:
        rows, offsets = stored["dets"], stored["offsets"]
        scale = float((stored["img_size"] / stored["img_hw"]).min())
    scores = rows[:, 4] if rows.shape[1] == 5 else rows[:, 4] * rows[:, 5]
    boxes = rows[:, :4].copy()
    boxes /= scale
    return [(boxes[a:b], scores[a:b]) for a, b in pairwise(offsets)]


def truth(sequence: str) -> tuple[np.ndarray, tuple[int, int]]:
    """Return ground truth rows (frame from 1, id, x, y, w, h, visibility) and width and height."""
    with np.load(folder() / f"{sequence}.npz") as stored:
        height, width = stored["img_hw"].tolist()
        return stored["gt"].astype(np.float64), (width, height)


def expected(sequence: str, run: str) -> dict[str, np.ndarray]:
    with np.load(folder() / f"{sequence}.npz") as stored:
        return {k: stored[f"exp_{run}_{k}"] for k in ("frame", "id", "tlwh", "score", "counts")}
