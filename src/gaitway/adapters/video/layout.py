"""Whether a file is as long as its own outermost parts say: the surest sign of a cut-off copy."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_MP4_FIRST = frozenset({b"ftyp", b"styp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})
_EBML, _SEGMENT = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"
_MAX_PARTS = 1_000_000  # a fragment a frame for nine hours; beyond it the file is not walked to its end


def is_mp4(path: Path) -> bool:
    """Return whether the file starts as mp4 or mov files do."""
    with path.open("rb") as file:
        return file.read(8)[4:8] in _MP4_FIRST


def is_cut_off(path: Path) -> bool:
    """Return whether an outermost part of an mp4, mov, Matroska or AVI file reaches past the file's end.

    A file of another kind, or cut exactly between two parts, gives False.

    Source:
        ISO/IEC 14496-12, 4.2 (boxes); RFC 8794, 4 and 6 (EBML ids and sizes); RIFF (chunks).
    """
    length = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(12)
        if head[4:8] in _MP4_FIRST:
            ends = _box_ends(file, length)
        elif head[:4] == _EBML:
            ends = _element_ends(file)
        elif head[:4] == b"RIFF" and head[8:12] == b"AVI ":
            ends = _riff_ends(file, length)
        else:
            return False
        return any(end > length for end in ends)


def _box_ends(file: BinaryIO, length: int) -> Iterator[int]:
    position = 0
    for _ in range(_MAX_PARTS):
        file.seek(position)
        head = file.read(16)
        if not head:
            return
        if len(head) < 8:  # a piece of a box's own head
            yield length + 1
            return
        size = int.from_bytes(head[:4], "big")
        if size == 1:
            size = int.from_bytes(head[8:16], "big")
        if size < 8:  # 0: to the end of the file; else not a box
            return
        position += size
        yield position


def _element_ends(file: BinaryIO) -> Iterator[int]:
    """Yield the ends of the EBML head and of the first segment, unless written live (size unknown)."""
    position = 0
    for wanted in (_EBML, _SEGMENT):
        file.seek(position)
        head = file.read(12)
        if head[:4] != wanted or len(head) < 5 or head[4] == 0:
            return
        width = 9 - head[4].bit_length()
        size = int.from_bytes(head[4 : 4 + width], "big") & ((1 << 7 * width) - 1)
        if size == (1 << 7 * width) - 1:
            return
        position += 4 + width + size
        yield position


def _riff_ends(file: BinaryIO, length: int) -> Iterator[int]:
    position = 0
    while position + 8 <= length:
        file.seek(position)
        name, size = struct.unpack("<4sI", file.read(8))
        if name != b"RIFF" or size == 0:  # 0: never finished
            return
        position += 8 + size + size % 2
        yield position - size % 2
