"""One writer to a folder."""

from __future__ import annotations

from pathlib import Path

from filelock import FileLock, Timeout

from gaitway.errors import StoreError


def take(lock: FileLock, folder: Path) -> None:
    """Take the lock of an output folder, at once or not at all.

    Raises:
        StoreError: Another gaitway has it.
    """
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise StoreError(
            f"another gaitway is writing into {folder}: wait for it or choose another --out"
        ) from error
