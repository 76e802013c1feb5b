"""A tiny wheel that pip accepts, for tests that fetch without a network."""

import zipfile
from collections.abc import Mapping
from pathlib import Path


def write_wheel(folder: Path, members: Mapping[str, bytes], tag: str = "cp312-cp312-win_amd64") -> Path:
    """Write ``tiny-1.0`` with ``members`` and return its path."""
    info = "tiny-1.0.dist-info"
    path = folder / f"tiny-1.0-{tag}.whl"
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as wheel:
        for name, content in members.items():
            wheel.writestr(name, content)
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: {tag}\n")
        wheel.writestr(f"{info}/RECORD", "")
    return path
