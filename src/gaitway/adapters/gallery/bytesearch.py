"""Looks for many short byte strings in a file at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

_CHUNK = 1 << 24


def occurrences(file: Path, needles: Sequence[bytes]) -> int:
    """Return how often any of the needles (two bytes or more each) stands in a file.

    The first two bytes of every position are looked up in a table; the few that could begin a needle are
    compared in full. One pass, however many needles there are.
    """
    wanted = {needle for needle in needles if len(needle) > 1}
    if not wanted:
        return 0
    begins = np.zeros(1 << 16, bool)
    begins[[needle[0] | needle[1] << 8 for needle in wanted]] = True
    longest = max(map(len, wanted))
    count, kept = 0, b""
    with file.open("rb") as opened:
        while block := opened.read(_CHUNK):
            content = kept + block
            count += _count(content, len(kept), begins, wanted)
            kept = content[-(longest - 1) :]
    return count


def _count(content: bytes, overlap: int, begins: np.ndarray, wanted: set[bytes]) -> int:
    """Count the needles that end in ``content`` after its first ``overlap`` bytes."""
    raw = np.frombuffer(content, np.uint8)
    if len(raw) < 2:
        return 0
    pairs = raw[:-1] | raw[1:].astype(np.uint16) << 8
    places = np.flatnonzero(begins[pairs])
    count = 0
    for length in {len(needle) for needle in wanted}:
        ends = places + length
        fit = places[(ends > overlap) & (ends <= len(raw))]
        words = np.lib.stride_tricks.sliding_window_view(raw, length)[fit] if len(fit) else raw[:0]
        same = {needle for needle in wanted if len(needle) == length}
        likely = np.isin(_keys(words), _keys(np.frombuffer(b"".join(same), np.uint8).reshape(-1, length)))
        count += sum(content[at : at + length] in same for at in fit[likely].tolist())
    return count


def _keys(words: np.ndarray) -> np.ndarray:
    """Return the last up to eight bytes of each word as one number."""
    if words.ndim != 2:
        return np.zeros(0, np.uint64)
    tail = words[:, -8:].astype(np.uint64)
    shifts = np.arange(tail.shape[1], dtype=np.uint64) * np.uint64(8)
    keys: np.ndarray = (tail << shifts).sum(axis=1, dtype=np.uint64)
    return keys
