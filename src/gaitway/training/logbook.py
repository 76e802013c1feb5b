"""What a training says while it runs: log.jsonl always, TensorBoard where it is installed."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gaitway.files import translated, write_text

_LOG = logging.getLogger(__name__)
FILE = "log.jsonl"


class Logbook:
    """One line of JSON per entry; a resumed training takes back the lines of steps that it repeats.

    Args:
        out: The training's folder.
        first: Steps done already.
        tensorboard: Also write TensorBoard's files; where the package is missing, one line says so.
    """

    def __init__(self, out: Path, first: int, *, tensorboard: bool = True) -> None:
        self._path = out / FILE
        kept = ""
        if first and self._path.exists():
            with translated("read", self._path):
                lines = self._path.read_text("utf-8").splitlines()
            kept = "".join(line + "\n" for line in lines if _step(line) <= first)
        write_text(self._path, kept)
        self._board = _open_board(out, first) if tensorboard else None

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
        _LOG.info("TensorBoard is not installed, log.jsonl has the same numbers: pip install tensorboard")
        return None
    return SummaryWriter(str(out / "tensorboard"), purge_step=first + 1 if first else None)
