"""Our format for walks on disk: all pixels in one file, mapped into memory, and a line of text per walk.

DIR/dataset.json   what it is: format, version, recipe and, once finished, how many walks and bytes
DIR/walks.jsonl    per walk [subject, condition, view, frames, channels, encoding, checksum]
DIR/walks.bin      their pixels in the same order, nothing between them
DIR/partition.json who is for training and who for testing, where somebody decided
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import UInt8

from gaitway.errors import InputError, StoreError
from gaitway.files import translated
from gaitway.results import WalkRecord

NAME, VERSION = "gaitway walks", 1
HEADER, INDEX, PIXELS = "dataset.json", "walks.jsonl", "walks.bin"
SIZE = 64  # pixels, both ways
LONGEST_LABEL = 100  # characters: labels become folder names in other layouts

Encoding = Literal["bits", "bytes"]
Walk = UInt8[np.ndarray, "t *c 64 64"]


@dataclass(frozen=True, slots=True)
class Row:
    """A walk as the index lists it.

    Attributes:
        record: Its labels and length.
        channels: Maps per frame; 0 where frames are plain pictures (T, 64, 64).
        encoding: ``bits``, 8 pixels a byte, where all are 0 or 255; else ``bytes``.
        checksum: CRC-32 of the labels and the pixels.
    """

    record: WalkRecord
    channels: int
    encoding: Encoding
    checksum: int

    @property
    def size(self) -> int:
        """Bytes in the file of pixels."""
        values = self.record.frames * max(self.channels, 1) * SIZE * SIZE
        return values // 8 if self.encoding == "bits" else values

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the walk."""
        channels = (self.channels,) if self.channels else ()
        return (self.record.frames, *channels, SIZE, SIZE)

    def line(self) -> str:
        """Return the row as the index writes it."""
        return json.dumps([*_head(self), self.checksum], ensure_ascii=False) + "\n"


def pack(subject: str, condition: str, view: str, walk: UInt8[np.ndarray, "..."]) -> tuple[Row, bytes]:
    """Return a walk's row and its bytes, loses nothing.

    Raises:
        InputError: A label cannot be a folder's name, or the walk is empty or of another size.
    """
    check_labels(subject, condition, view)
    check_walk(walk, f"{subject}/{condition}/{view}")
    is_binary = bool(((walk == 0) | (walk == 255)).all())
    encoding: Encoding = "bits" if is_binary else "bytes"
    pixels = (np.packbits(walk > 0) if is_binary else np.ascontiguousarray(walk)).tobytes()
    channels = walk.shape[1] if walk.ndim == 4 else 0
    row = Row(WalkRecord(subject, condition, view, len(walk)), channels, encoding, 0)
    return Row(row.record, channels, encoding, checksum(row, pixels)), pixels


def unpack(row: Row, pixels: UInt8[np.ndarray, " n"]) -> Walk:
    """Return the walk, writable and its own.

    Raises:
        StoreError: Its bytes are not those that were written.
    """
    if checksum(row, pixels.data) != row.checksum:
        r = row.record
        raise StoreError(
            f"the walk {r.subject}/{r.condition}/{r.view} is damaged (its checksum differs): "
            "delete the data set and make it anew"
        )
    if row.encoding == "bytes":
        return pixels.reshape(row.shape).copy()
    return np.asarray(np.unpackbits(pixels).reshape(row.shape) * np.uint8(255))


def checksum(row: Row, pixels: bytes | memoryview) -> int:
    """Return the CRC-32 of a row's labels and pixels."""
    return zlib.crc32(pixels, zlib.crc32(json.dumps(_head(row), ensure_ascii=False).encode()))


def check_labels(*labels: str) -> None:
    """Raise InputError unless every label can be the name of a folder."""
    for label in labels:
        is_odd = label in {"", ".", ".."} or len(label) > LONGEST_LABEL or label.strip() != label
        if is_odd or any(c in '/\\:*?"<>|' or not c.isprintable() for c in label):
            raise InputError(
                f"the label {label[:60]!r} cannot name a folder: use letters, digits, '-', '_' and at most "
                f"{LONGEST_LABEL} characters"
            )


def check_walk(walk: np.ndarray, name: str) -> None:
    """Raise InputError unless ``walk`` is uint8 (T, 64, 64) or (T, C, 64, 64) with T and C at least 1."""
    fits = walk.ndim in {3, 4} and walk.shape[-2:] == (SIZE, SIZE) and walk.size > 0
    if walk.dtype != np.uint8 or not fits:
        raise InputError(
            f"{name} is {walk.dtype} of shape {walk.shape}, wanted uint8 (T, 64, 64) or (T, C, 64, 64), "
            "T >= 1: align it with 'gaitway dataset prepare'"
        )


def read_header(folder: Path) -> dict[str, Any]:
    """Read what the folder holds.

    Raises:
        StoreError: It is damaged, or of a version that this gaitway does not know.
    """
    with translated("read", folder / HEADER):
        text = (folder / HEADER).read_bytes()
    try:
        header = json.loads(text)
        name, version = header["format"], header["version"]
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{folder / HEADER} is damaged: delete the data set and make it anew") from error
    if name != NAME or version != VERSION:
        raise StoreError(
            f"{folder / HEADER} says {name!r} version {version}, this gaitway reads {NAME!r} version "
            f"{VERSION}: use the gaitway that wrote it, or make it anew"
        )
    return dict(header)


def read_rows(folder: Path, content: bytes) -> list[Row]:
    """Read the lines of an index.

    Raises:
        StoreError: One of them is damaged.
    """
    lines = content.decode("utf-8", errors="replace").splitlines()
    try:
        return [_row(entry) for entry in json.loads(f"[{','.join(lines)}]")]
    except (ValueError, TypeError) as error:
        raise StoreError(
            f"{folder / INDEX} is damaged ({error}): delete the data set and make it anew"
        ) from error


def total_size(rows: Iterable[Row]) -> int:
    """Return how long the file of pixels must be."""
    return sum(row.size for row in rows)


def _row(entry: Any) -> Row:
    subject, condition, view, frames, channels, encoding, crc = entry
    whole = (isinstance(n, int) and n >= 0 for n in (frames, channels, crc))
    if not all(whole) or encoding not in {"bits", "bytes"} or not frames:
        raise ValueError(f"a row says {str(entry)[:80]}")
    return Row(WalkRecord(str(subject), str(condition), str(view), frames), channels, encoding, crc)


def _head(row: Row) -> list[str | int]:
    r = row.record
    return [r.subject, r.condition, r.view, r.frames, row.channels, row.encoding]
