"""Writing files so that a reader never sees half of one: write aside, flush to disk, rename."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from gaitway.errors import StoreError

PARTIAL = ".partial"  # files and folders with this suffix are unfinished and may be removed


@contextlib.contextmanager
def translated(action: str, path: Path) -> Iterator[None]:
    """Turn an operating system's error into one StoreError line that names ``path``.

    Raises:
        StoreError: Full disk, no permission, and the like.
    """
    try:
        yield
    except StoreError:
        raise
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreError(
            f"cannot {action} {path}: {reason}: free space, check permissions or choose another folder"
        ) from error


@contextlib.contextmanager
def atomic_file(path: Path, *, sync: bool = True) -> Iterator[IO[bytes]]:
    """Open ``path`` for writing; it appears under its name only after a clean exit, whole.

    Args:
        path: Final place; its folder is made if absent.
        sync: Flush to the disk before renaming, so that it also survives a power cut.

    Raises:
        StoreError: The file cannot be written.
    """
    aside = path.with_name(f".gaitway-{uuid.uuid4().hex[:12]}{PARTIAL}")
    with translated("write", path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with aside.open("wb") as file:
                yield file
                if sync:
                    file.flush()
                    os.fsync(file.fileno())
            aside.replace(path)
        except BaseException:
            aside.unlink(missing_ok=True)
            raise


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text whole or not at all."""
    with atomic_file(path) as file:
        file.write(text.encode("utf-8"))
