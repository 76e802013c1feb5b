"""Where prepared walks go: our format or OpenGait's pickle files, and what was noted of each."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import UInt8

from gaitway.adapters.datasets.arrays import write_array
from gaitway.adapters.datasets.format import HEADER, check_labels, check_walk
from gaitway.adapters.datasets.layouts import PICKLE
from gaitway.errors import InputError, StoreError
from gaitway.files import translated

NOTES = "prepare.jsonl"


@runtime_checkable
class WalkSink(Protocol):
    """Takes walks, and knows which it has; a context manager."""

    def __contains__(self, labels: tuple[str, str, str]) -> bool: ...
    def add(self, subject: str, condition: str, view: str, walk: UInt8[np.ndarray, "..."]) -> None:
        """Keep a walk."""
        ...

    def finish(self) -> None:
        """Say that no more come."""
        ...

    def __enter__(self) -> WalkSink: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class PickleTree:
    """Writes OpenGait's layout, <subject>/<condition>/<view>/<view>.pkl, each file whole or not at all.

    Raises:
        InputError: The folder holds a data set in our format.
    """

    def __init__(self, folder: Path) -> None:
        if (folder / HEADER).exists():
            raise InputError(f"{folder} holds a data set in our format: choose another folder for pickles")
        self.folder = folder

    def __enter__(self) -> PickleTree:
        with translated("make", self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __contains__(self, labels: tuple[str, str, str]) -> bool:
        return self._path(*labels).is_file()

    def add(self, subject: str, condition: str, view: str, walk: UInt8[np.ndarray, "..."]) -> None:
        """Write a walk.

        Raises:
            InputError: A label cannot be a folder's name, or it is no walk.
            StoreError: It cannot be written.
        """
        check_walk(walk, f"{subject}/{condition}/{view}")
        write_array(self._path(subject, condition, view), walk)

    def finish(self) -> None:
        """Do nothing: every file is whole by itself."""

    def _path(self, subject: str, condition: str, view: str) -> Path:
        check_labels(subject, condition, view)
        return self.folder / subject / condition / view / f"{view}{PICKLE}"


@dataclass(frozen=True, slots=True)
class Note:
    """What became of one walk's source.

    Attributes:
        subject: As prepared.
        condition: As prepared.
        view: As prepared.
        kept: Frames in the walk.
        empty: Frames without a person, left out.
        unreadable: Pictures that could not be read, left out.
        remark: Why there is no walk, or something odd about it; "" where all is well.
    """

    subject: str
    condition: str
    view: str
    kept: int = 0
    empty: int = 0
    unreadable: int = 0
    remark: str = ""

    @property
    def labels(self) -> tuple[str, str, str]:
        """Subject, condition and view."""
        return self.subject, self.condition, self.view


class Notes:
    """Keeps a note per walk beside the data set, so that a second run knows what the first one saw."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NOTES
        self.of: dict[tuple[str, str, str], Note] = {}
        with translated("read", self._path):
            content = self._path.read_bytes() if self._path.exists() else b""
        whole = content[: content.rfind(b"\n") + 1]
        for line in whole.decode("utf-8", errors="replace").splitlines():
            note = _read(self._path, line)
            self.of[note.labels] = note
        with translated("write", self._path):
            self._file = self._path.open("ab")
            self._file.truncate(len(whole))

    def __enter__(self) -> Notes:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, note: Note) -> None:
        """Keep a note; a later one for the same walk replaces it."""
        self.of[note.labels] = note
        with translated("write", self._path):
            self._file.write(json.dumps(asdict(note), ensure_ascii=False).encode() + b"\n")
            self._file.flush()


def _read(path: Path, line: str) -> Note:
    try:
        return Note(**json.loads(line))
    except (ValueError, TypeError) as error:
        raise StoreError(f"{path} is damaged: delete it, and the run looks at every walk again") from error
