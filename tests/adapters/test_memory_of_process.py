"""Free memory goes back to the system when asked, also from between what is in use."""

import sys
from pathlib import Path

import numpy as np
import pytest

from gaitway.adapters import memory


def resident_mb():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4 / 1024


@pytest.mark.skipif(sys.platform != "linux" or memory._of_libc("malloc_trim") is None, reason="glibc only")
def test_memory_between_what_is_kept_goes_back():
    arrays = [np.ones(8 << 10) for _ in range(2000)]  # 64 kB each: all in the heap
    kept = arrays[::100]
    before = resident_mb()
    del arrays
    memory.give_back()
    assert resident_mb() < before - 80
    assert all(array.all() for array in kept)


def test_where_the_c_library_cannot_nothing_is_done(monkeypatch):
    monkeypatch.setattr(memory, "_of_libc", lambda _: None)
    memory.share_heaps()
    memory.give_back()
