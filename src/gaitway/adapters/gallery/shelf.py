"""Templates in a search index's form, in Lance files beside an SQLite gallery: a cache, never the only copy.

A file holds a fixed span of template ids and is never changed: it is written aside, renamed when whole, and
deleted. Whether it belongs to the gallery that lies there now is told by the audit log, of which it notes the
head: a gallery restored from a backup, or another one of that name, has another line in that place.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from jaxtyping import Int64

from gaitway.errors import MissingExtraError, StoreError
from gaitway.files import PARTIAL, translated
from gaitway.recognition.firststage import BLOCK

SPAN = 4 * BLOCK  # template ids of a file: about 140 MB for 16 x 256
ENDING = ".lance"
_LOCK_S = 600.0  # far longer than one file takes to build
_FORMAT = 1
_MAGIC = b"LANC"  # the last bytes of a Lance file
_FOREIGN = (OSError, ValueError, KeyError, RuntimeError, TypeError, IndexError)  # what Lance raises


def is_installed() -> bool:
    """Return whether Lance files can be read here."""
    return find_spec("lance") is not None and find_spec("pyarrow") is not None


def need_lance() -> None:
    """Stop with one line where Lance is not installed.

    Raises:
        MissingExtraError: It is not.
    """
    if not is_installed():
        raise MissingExtraError("pylance", "lance", "a search index on the disk")


@dataclass(frozen=True, slots=True, eq=False)
class Label:
    """What a file says of itself.

    Attributes:
        head: The audit log's last line when its templates were read: number and hash.
        bounds: Of the first stage that wrote it.
        template: Ids in it, rising, (N,) int64.
    """

    head: tuple[int, str]
    bounds: tuple[float, float]
    template: Int64[np.ndarray, " n"]


class Shelf:
    """The folder of a gallery's index files.

    Args:
        gallery: The SQLite file.
    """

    def __init__(self, gallery: Path) -> None:
        self.root = gallery.with_name(gallery.name + "-index")
        self._labels: dict[Path, tuple[tuple[int, int], Label]] = {}

    def path(self, kind: str, span: int) -> Path:
        """Return the file of a kind (model, metric, stage: digits and letters) and span of ids."""
        return self.root / f"{kind}-{span:08d}{ENDING}"

    @property
    def files(self) -> list[Path]:
        """Every file in it."""
        return sorted(path for path in self.root.glob("*") if path.is_file()) if self.root.is_dir() else []

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Be the only one, of all processes, who writes or erases files.

        What is written must be read from the gallery inside, so that whoever erases afterwards finds it.

        Raises:
            StoreError: Another process does not let go.
        """
        with translated("write", self.root):
            self.root.mkdir(exist_ok=True)
            lock = FileLock(self.root / "lock", timeout=_LOCK_S)
            try:
                lock.acquire()
            except Timeout as error:
                raise StoreError(
                    f"another process keeps {self.root} locked: close it, then try again"
                ) from error
        try:
            for path in self.root.glob(f"*{PARTIAL}"):  # of a process that was killed
                path.unlink(missing_ok=True)
            yield
        finally:
            lock.release()

    def label(self, path: Path) -> Label | None:
        """Return what a file says of itself; None where it is absent or damaged."""
        try:
            state = path.stat()
            mark = (state.st_ino, state.st_mtime_ns)
            if path not in self._labels or self._labels[path][0] != mark:
                self._labels[path] = (mark, _read_label(path))
            return self._labels[path][1]
        except FileNotFoundError:
            return None
        except _FOREIGN as error:
            _raise_unless_damaged(error)
            return None

    def write(self, path: Path, label: Label, blocks: Iterator[np.ndarray]) -> None:
        """Write a file from blocks (P, BLOCK, width); call it while ``locked``.

        Raises:
            StoreError: The disk is full, or the folder may not be written.
        """
        aside = path.with_name(f"{path.name}{PARTIAL}")
        try:
            with translated("write", path):
                try:
                    _write(aside, label, blocks)
                except (RuntimeError, ValueError) as error:  # Lance's words for what the disk refused
                    raise OSError(f"{error}".splitlines()[0]) from error
                with aside.open("rb+") as file:
                    os.fsync(file.fileno())
                aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)

    def read(self, path: Path) -> Iterator[np.ndarray]:
        """Yield the blocks of a file, (P, BLOCK, width), as they come from the disk.

        Raises:
            FileNotFoundError: It was deleted.
            StoreError: It is damaged.
        """
        from lance.file import LanceFileReader

        try:
            reader = LanceFileReader(str(path))
            parts = int(reader.metadata().schema.metadata[b"parts"])
            for batch in reader.read_all(batch_size=parts, batch_readahead=1).to_batches():
                yield batch.column(0).flatten().to_numpy().reshape(parts, BLOCK, -1)
        except _FOREIGN as error:
            if not path.exists():
                raise FileNotFoundError(str(path)) from error
            raise StoreError(f"{path} is damaged: delete it, the next search makes it anew") from error

    def drop(self, path: Path) -> None:
        """Delete a file; the disk is told before this returns."""
        path.unlink(missing_ok=True)
        self._labels.pop(path, None)
        _sync_folder(self.root)

    def clear(self) -> None:
        """Delete everything."""
        if self.root.is_dir():
            with translated("erase", self.root):
                shutil.rmtree(self.root)
                _sync_folder(self.root.parent)


def _read_label(path: Path) -> Label:
    from lance.file import LanceFileReader

    with path.open("rb") as file:  # an end without the mark makes Lance panic instead of raise
        file.seek(max(path.stat().st_size - len(_MAGIC), 0))
        if file.read() != _MAGIC:
            raise ValueError("cut off")
    reader = LanceFileReader(str(path))
    told = json.loads(reader.metadata().schema.metadata[b"gaitway"])
    if told["format"] != _FORMAT:
        raise ValueError(f"format {told['format']}")
    template = np.frombuffer(reader.read_global_buffer(told["ids"]), "<i8").astype(np.int64)
    if len(template) != told["count"]:
        raise ValueError("the ids are cut off")
    return Label((int(told["head"][0]), str(told["head"][1])), tuple(told["bounds"]), template)


def _write(path: Path, label: Label, blocks: Iterator[np.ndarray]) -> None:
    import pyarrow as pa
    from lance.file import LanceFileWriter

    writer = schema = None
    for block in blocks:
        flat = pa.array(np.ascontiguousarray(block).reshape(-1))
        width = flat.type, len(flat) // len(block)
        if writer is None:
            raw = {"lance-encoding:compression": "none"}
            schema = pa.schema([pa.field("part", pa.list_(*width), metadata=raw)])
            writer = LanceFileWriter(str(path), schema)
            ids = writer.add_global_buffer(label.template.astype("<i8").tobytes())
            told = {"format": _FORMAT, "head": label.head, "bounds": label.bounds, "ids": ids}
            writer.add_schema_metadata("gaitway", json.dumps({**told, "count": len(label.template)}))
            writer.add_schema_metadata("parts", str(len(block)))
        rows = pa.FixedSizeListArray.from_arrays(flat, width[1])
        writer.write_batch(pa.record_batch([rows], schema=schema))
    if writer is not None:
        writer.close()


def _raise_unless_damaged(error: Exception) -> None:
    if isinstance(error, PermissionError):
        raise StoreError(f"cannot read the search index: {error}: check the permissions") from error


def _sync_folder(folder: Path) -> None:
    """Have the disk remember a deletion; not every system can be asked."""
    if os.name == "posix":
        handle: Any = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
