"""What a training says while it runs: log.jsonl always, TensorBoard where it is installed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gaitway.files import translated, write_text

FILE = "log.jsonl"
NO_TENSORBOARD = (
    'TensorBoard is not installed; log.jsonl has the same numbers, or pip install "gaitway[tensorboard]"'
)


class Logbook:
    """One line of JSON per entry; a resumed training takes back the lines of steps that it repeats.

    Args:
        out: The training's folder.
        first: Steps done already.

    Attributes:
        note: One line for the user where TensorBoard is not installed, else empty.
    """

    def __init__(self, out: Path, first: int) -> None:
        self._path = out / FILE
        kept = ""
        if first and self._path.exists():
            with translated("read", self._path):
                lines = self._path.read_text("utf-8").splitlines()
            kept = "".join(line + "\n" for line in lines if _step(line) <= first)
        write_text(self._path, kept)
        self._board = _open_board(out, first)
        self.note = "" if self._board is not None else NO_TENSORBOARD

    def write(self, step: int, numbers: Mapping[str, float]) -> None:
        """Add an entry."""
        line = json.dumps({"step": step, **numbers})
        with translated("write", self._path), self._path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
        if self._board is not None:
            for name, value in numbers.items():
                self._board.add_scalar(name, value, step)

    def close(self) -> None:
        """Write what waits."""
        if self._board is not None:
            self._board.close()


def _step(line: str) -> float:
    """Return a line's step; of a torn line one that is never kept."""
    try:
        return float(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError):
        return float("inf")


def _open_board(out: Path, first: int) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(out / "tensorboard"), purge_step=first + 1 if first else None)
