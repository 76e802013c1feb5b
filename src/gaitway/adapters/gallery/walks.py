"""Walks to rows and back: an embedding as float16 bytes, sealed, with its origin beside it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import numpy as np
from sqlalchemy import Connection, Table, insert, select

from gaitway.adapters.gallery.records import Walk
from gaitway.adapters.gallery.schema import models
from gaitway.adapters.gallery.sealing import Seal
from gaitway.errors import IncompatibleModelsError, StoreError

T = TypeVar("T")

_STORED = np.dtype("<f2")
_PARAMETERS = 10_000  # SQLite takes 32 766 a statement


def model_row(connection: Connection, walk: Walk) -> int:
    """Return the row of a walk's model, made if it is new.

    Raises:
        IncompatibleModelsError: The model is known with another shape.
    """
    found = find_model(connection, walk.model_id, walk.model_sha256)
    shape = walk.parts.shape
    if found is None:
        values = {"name": walk.model_id, "sha256": walk.model_sha256, "parts": shape[0], "channels": shape[1]}
        return inserted(connection, models, values)
    if (found.parts, found.channels) != shape:
        raise IncompatibleModelsError(
            f"an embedding of {walk.model_id} has shape {shape}, the gallery's have "
            f"({found.parts}, {found.channels}): encode with the model the gallery was made with"
        )
    return int(found.id)


def inserted(connection: Connection, table: Table, values: Mapping[str, Any]) -> int:
    """Insert a row and return its number."""
    key = connection.execute(insert(table).values(**values)).inserted_primary_key
    if key is None:
        raise StoreError(f"the database gave no number to a new row of {table.name}: check its version")
    return int(key[0])


def find_model(connection: Connection, name: str, sha256: str) -> Any:
    """Return the row of a model, or None."""
    query = select(models).where(models.c.name == name, models.c.sha256 == sha256)
    return connection.execute(query).one_or_none()


def walk_values(walk: Walk, model: int, seal: Seal, created_s: float | None = None) -> dict[str, Any]:
    """Return what is stored of a walk."""
    stored = seal.seal(pack(walk.parts), context(walk.model_id, walk.model_sha256))
    return {
        "model_id": model,
        "embedding": stored,
        "checksum": hashlib.sha256(stored).hexdigest(),
        "video": walk.video,
        "video_sha256": walk.video_sha256,
        "track_id": walk.track_id,
        "first_frame": walk.first_frame,
        "last_frame": walk.last_frame,
        "frames": walk.frames,
        "quality": float(walk.quality),
        "view_deg": walk.view_deg,
        "created_s": time.time() if created_s is None else created_s,
    }


def context(model_id: str, model_sha256: str) -> bytes:
    """Return what an encrypted embedding is bound to."""
    return f"{model_id}\0{model_sha256}".encode()


def pack(parts: np.ndarray) -> bytes:
    """Return an embedding's bytes: (P, C) float16, little endian."""
    return np.ascontiguousarray(parts, _STORED).tobytes()


def unpack(content: bytes, parts: int, channels: int) -> np.ndarray:
    """Return the embedding of ``pack``, (P, C) float16.

    Raises:
        StoreError: The number of bytes does not fit.
    """
    embedding: np.ndarray = unpack_all([content], parts, channels)[0]
    return embedding


def unpack_all(contents: Sequence[bytes], parts: int, channels: int) -> np.ndarray:
    """Return embeddings, (N, P, C) float16.

    Raises:
        StoreError: The number of bytes of one does not fit.
    """
    size = parts * channels * _STORED.itemsize
    wrong = next((len(content) for content in contents if len(content) != size), None)
    if wrong is not None:
        raise StoreError(
            f"a template has {wrong} bytes, wanted {parts} x {channels} float16: "
            "the gallery is damaged: restore it from a backup"
        )
    joined = np.frombuffer(b"".join(contents), _STORED)
    return joined.reshape(len(contents), parts, channels).astype(np.float16, copy=False)


def moment(seconds: float) -> datetime:
    """Return a stored time."""
    return datetime.fromtimestamp(seconds, UTC)


def shown_id(row: int) -> str:
    """Return a person's id as people see it."""
    return f"{row:016x}"


def batches(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """Yield ``values`` in pieces that fit the parameters of one statement."""
    for start in range(0, len(values), _PARAMETERS):
        yield values[start : start + _PARAMETERS]
