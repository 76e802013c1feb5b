"""Keeps numpy's matrix products on the calling thread while we run several side by side ourselves.

OpenBLAS gives every product to all cores and lets idle threads spin; with our own threads on top the cores
are fought over (measured: three times the CPU time of a search, and far worse on a busy machine).
"""

from __future__ import annotations

import ctypes
import functools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

_SET = ("scipy_openblas_set_num_threads64_", "openblas_set_num_threads64_", "openblas_set_num_threads")
_GET = ("scipy_openblas_get_num_threads64_", "openblas_get_num_threads64_", "openblas_get_num_threads")
_lock = threading.Lock()
_state = {"users": 0, "before": 0}


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Let products run on the calling thread only, in the whole process, until the last user is done.

    Does nothing where numpy was not built with the OpenBLAS of its wheels.
    """
    controls = _controls()
    if controls is None:
        yield
        return
    get, put = controls
    with _lock:
        if not _state["users"]:
            _state["before"] = get()
            put(1)
        _state["users"] += 1
    try:
        yield
    finally:
        with _lock:
            _state["users"] -= 1
            if not _state["users"]:
                put(_state["before"])


@functools.cache
def _controls() -> tuple[Callable[[], int], Callable[[int], None]] | None:
    """Return how to read and set the number of threads, or None where there is no OpenBLAS of numpy's."""
    root = Path(np.__file__).parent
    folders = (root.parent / "numpy.libs", root / ".dylibs")
    for file in (f for folder in folders if folder.is_dir() for f in sorted(folder.glob("*openblas*"))):
        try:
            library = ctypes.CDLL(str(file))
        except OSError:
            continue
        for get, put in zip(_GET, _SET, strict=True):
            if hasattr(library, get) and hasattr(library, put):
                return getattr(library, get), getattr(library, put)
    return None
