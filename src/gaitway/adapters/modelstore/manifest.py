"""What is known about a model's files in the cache: a small JSON file beside them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path, PurePath

from gaitway.errors import StoreError

MANIFEST = "manifest.json"
_SCHEMA = 1


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file of a stored model.

    Attributes:
        name: File name in the model's folder.
        sha256: Its content's hash when it was stored.
        size: Bytes.
        pinned: Whether the hash was known beforehand; otherwise it was recorded at first use.
    """

    name: str
    sha256: str
    size: int
    pinned: bool


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A model in the cache.

    Attributes:
        name: What it is called.
        kinds: The stages it serves.
        summary: What it is, in a line.
        source: The address, package or file it came from.
        licence: Of the weights.
        files: Its files.
    """

    name: str
    kinds: tuple[str, ...]
    summary: str
    source: str
    licence: str
    files: tuple[StoredFile, ...]


def sha256_file(path: Path | str) -> str:
    """Return the SHA-256 of a file's content, in hexadecimal."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_manifest(folder: Path, model: StoredModel) -> None:
    """Write what is known about ``model`` into its folder."""
    text = json.dumps({"schema": _SCHEMA, **asdict(model)}, indent=2, ensure_ascii=False)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")


def read_manifest(folder: Path) -> StoredModel | None:
    """Return what is known about the model in ``folder``, or None if there is none.

    Raises:
        StoreError: The manifest is damaged.
    """
    path = folder / MANIFEST
    if not path.is_file():
        return None
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        schema = values.pop("schema")
        files = tuple(StoredFile(**file) for file in values.pop("files"))
        stored = StoredModel(**{**values, "kinds": tuple(values["kinds"]), "files": files})
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise StoreError(
            f"{path} is damaged: run 'gaitway models remove {folder.name}' and pull again"
        ) from error
    if schema != _SCHEMA or any(PurePath(file.name).name != file.name for file in stored.files):
        raise StoreError(
            f"{path} is not this gaitway's: run 'gaitway models remove {folder.name}' and pull again"
        )
    return stored
