"""Reads and writes data sets in our format; see ``format``."""

from __future__ import annotations

import json
import os
import time
import zlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import accumulate
from pathlib import Path
from types import TracebackType
from typing import Any

import filelock
import numpy as np
from jaxtyping import UInt8

from gaitway.adapters.datasets.format import (
    HEADER,
    INDEX,
    NAME,
    PIXELS,
    VERSION,
    Row,
    Walk,
    pack,
    read_header,
    read_rows,
    total_size,
    unpack,
)
from gaitway.adapters.locks import take
from gaitway.errors import InputError, StoreError
from gaitway.files import translated, write_text
from gaitway.results import WalkRecord

COMMIT_BYTES = 64 << 20  # written at most before it is flushed to the disk
COMMIT_S = 2.0  # lost at most by a kill


class WalkStore:
    """A finished data set in our format, mapped into memory: a ``WalkDataset``.

    Opening reads the index alone; a walk's checksum is compared whenever it is loaded. May be used by
    several threads, and sent to other processes, which map the file anew.

    Args:
        folder: Where it lies.

    Raises:
        StoreError: There is none, it is not finished, cut off, or damaged.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        header = read_header(folder)
        if "walks" not in header:
            raise StoreError(
                f"the data set {folder} is not finished: run the command that makes it again, it goes on"
            )
        with translated("read", folder):
            content = (folder / INDEX).read_bytes()
            size = (folder / PIXELS).stat().st_size
        if zlib.crc32(content) != header.get("index"):
            raise StoreError(f"{folder / INDEX} is damaged or cut off: copy it again or make it anew")
        rows = read_rows(folder, content)
        wanted = (header["walks"], header["bytes"], header["bytes"])
        if (len(rows), total_size(rows), size) != wanted:
            raise StoreError(
                f"the data set {folder} has {len(rows)} walks and {size} bytes of pixels, wanted {wanted[0]} "
                f"and {wanted[1]}: it is cut off or mixed up, copy it again or make it anew"
            )
        self._rows = rows
        self._starts = [0, *accumulate(row.size for row in rows)]
        self._records = tuple(row.record for row in rows)
        self._map: np.ndarray | None = None

    @property
    def records(self) -> Sequence[WalkRecord]:
        """The walks' labels and lengths, in the order they were written."""
        return self._records

    def load(self, index: int) -> Walk:
        """Return the silhouettes of a walk.

        Raises:
            StoreError: The file is damaged.
        """
        if self._map is None:
            with translated("read", self.folder / PIXELS):
                self._map = np.memmap(self.folder / PIXELS, mode="r")
        start = self._starts[index]
        row = self._rows[index]
        return unpack(row, np.asarray(self._map[start : start + row.size]))

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_map": None}


class WalkStoreWriter:
    """Writes a data set in our format, whole walks at a time; one that was stopped, however, goes on.

    Walks count as written once their line stands in the index, after their pixels are on the disk; what a
    killed run left beyond that is cut away. Use it as a context manager and call ``finish`` at the end.

    Args:
        folder: Made if absent.
        recipe: What the walks are made from, as JSON values; going on with another one is refused.

    Raises:
        InputError: The folder holds something else, or walks by another recipe.
        StoreError: It cannot be written, is damaged, or another gaitway is writing into it.
    """

    def __init__(self, folder: Path, recipe: Mapping[str, Any]) -> None:
        self.folder = folder
        self._recipe: dict[str, Any] = json.loads(json.dumps(recipe))
        self._lock = filelock.FileLock(folder / ".lock")
        self._rows: list[Row] = []
        self._written: set[tuple[str, str, str]] = set()
        self._waiting: list[str] = []
        self._unsaved = 0
        self._saved_at = time.monotonic()

    def __enter__(self) -> WalkStoreWriter:
        with translated("write into", self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            take(self._lock, self.folder)
            try:
                self._recover()
                self._pixels = (self.folder / PIXELS).open("ab")
                self._index = (self.folder / INDEX).open("ab")
            except BaseException:
                self._lock.release()
                raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.commit()
        finally:
            for file in (self._pixels, self._index):
                with suppress(OSError):  # what could not be written, the commit told
                    file.close()
            self._lock.release()

    def __contains__(self, labels: tuple[str, str, str]) -> bool:
        """Whether the walk of (subject, condition, view) is there."""
        return labels in self._written

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def records(self) -> Sequence[WalkRecord]:
        """What is there so far."""
        return tuple(row.record for row in self._rows)

    def add(self, subject: str, condition: str, view: str, walk: UInt8[np.ndarray, "..."]) -> None:
        """Append a walk.

        Raises:
            InputError: It is there already, or is no walk.
            StoreError: It cannot be written.
        """
        labels = (subject, condition, view)
        if labels in self._written:
            raise InputError(f"the walk {'/'.join(labels)} came twice, wanted each once: rename one")
        row, pixels = pack(subject, condition, view, walk)
        with translated("write", self.folder / PIXELS):
            self._pixels.write(pixels)
        self._rows.append(row)
        self._written.add(labels)
        self._waiting.append(row.line())
        self._unsaved += len(pixels)
        if self._unsaved >= COMMIT_BYTES or time.monotonic() - self._saved_at >= COMMIT_S:
            self.commit()

    def commit(self) -> None:
        """Bring everything so far to the disk."""
        with translated("write", self.folder):
            for file, content in ((self._pixels, b""), (self._index, "".join(self._waiting).encode())):
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        self._waiting, self._unsaved, self._saved_at = [], 0, time.monotonic()

    def finish(self) -> None:
        """Mark the data set as whole, so that it can be read."""
        self.commit()
        index = "".join(row.line() for row in self._rows).encode()
        totals = {"walks": len(self._rows), "bytes": total_size(self._rows), "index": zlib.crc32(index)}
        self._write_header(totals)

    def _recover(self) -> None:
        """Take over what an earlier run finished, and cut away what it did not."""
        if not (self.folder / HEADER).exists():
            others = [p.name for p in self.folder.iterdir() if p.name != ".lock"]
            if others:
                raise InputError(
                    f"{self.folder} holds {others[0]!r} and is no data set of ours: choose an empty folder"
                )
        elif (recipe := read_header(self.folder).get("recipe")) != self._recipe:
            raise InputError(
                f"{self.folder} was made with {_changed(recipe, self._recipe)}: choose another folder, or "
                "give the same settings to go on"
            )
        self._write_header({})
        index, pixels = self.folder / INDEX, self.folder / PIXELS
        content = index.read_bytes() if index.exists() else b""
        whole = content[: content.rfind(b"\n") + 1]
        self._rows = read_rows(self.folder, whole)
        self._written = {(r.record.subject, r.record.condition, r.record.view) for r in self._rows}
        size = total_size(self._rows)
        there = pixels.stat().st_size if pixels.exists() else 0
        if there < size:
            raise StoreError(
                f"{pixels} has {there} bytes, wanted {size}: it is cut off, delete the data set and "
                "make it anew"
            )
        for path, length in ((index, len(whole)), (pixels, size)):
            with path.open("ab") as file:
                file.truncate(length)

    def _write_header(self, totals: dict[str, int]) -> None:
        header = {"format": NAME, "version": VERSION, "recipe": self._recipe, **totals}
        write_text(self.folder / HEADER, json.dumps(header, indent=1) + "\n")


def _changed(before: Any, now: Mapping[str, Any]) -> str:
    """Say which settings of the recipe differ."""
    before = before if isinstance(before, dict) else {}
    names = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    return ", ".join(f"{name} {before.get(name)!r}, now {now.get(name)!r}" for name in names)
