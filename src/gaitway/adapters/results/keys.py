"""What a stored result belongs to: the input's bytes, the models and the settings that made it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gaitway.files import translated

FORMAT = 1  # raise when what is stored of a video changes its meaning


def digest_file(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hex."""
    with translated("read", path), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_input(path: Path) -> str:
    """Return the SHA-256 that names an input: a video file's bytes, or a folder's names and bytes."""
    if not path.is_dir():
        return digest_file(path)
    total = hashlib.sha256()
    for file in sorted(p for p in path.rglob("*") if p.is_file()):
        total.update(f"{file.relative_to(path).as_posix()}\0{digest_file(file)}\n".encode())
    return total.hexdigest()


def result_key(input_digest: str, recipe: Mapping[str, Any]) -> str:
    """Return the key of what ``recipe`` (models by hash, settings) makes of an input; 24 hex digits.

    Two runs share a stored result only if the input's bytes, every model's bytes and every setting that can
    change the result are the same.
    """
    text = json.dumps([FORMAT, input_digest, recipe], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:24]
