"""How many processor cores this process may use."""

from __future__ import annotations

import os
from pathlib import Path

_CGROUP_QUOTA = Path("/sys/fs/cgroup/cpu.max")  # "<quota> <period>" in microseconds, or "max <period>"


def usable_cores(quota_file: Path = _CGROUP_QUOTA) -> int:
    """Count the cores this process may run on, at least 1.

    The machine's count is the wrong number under ``taskset``, in a batch queue or in a container.

    Args:
        quota_file: Where a Linux control group (version 2) writes its share of processor time.

    Returns:
        The cores in the affinity mask, or fewer where a container's share is smaller (rounded up).
    """
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity is not None else os.cpu_count() or 1
    try:
        quota, period = (int(field) for field in quota_file.read_text().split())
    except (OSError, ValueError):  # no such file: not Linux, not in a group; "max": no limit
        return cores
    return max(1, min(cores, -(-quota // period)))
