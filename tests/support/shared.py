"""Where the developers' fixtures lie; tests that need them skip with a reason where they are absent."""

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2].parent / "shared"


def shared(relative: str) -> Path:
    """Return a path under ../shared, or skip the calling test."""
    path = SHARED / relative
    if not path.exists():
        pytest.skip(f"the developers' fixture {relative} is not here")
    return path
