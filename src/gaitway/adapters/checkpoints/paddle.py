"""Paddle's ``.pdiparams``: read without Paddle."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from gaitway.errors import ModelFileError

# u32 version 0, u64 no levels, u32 version 0, i32 length of the tensor's description
_HEADER: Final = struct.Struct("<IQIi")
_FLOAT32_MARK: Final = b"\x08\x05"  # protobuf: field 1 (type) = 5 (FP32)
_DIMENSION_MARK: Final = 0x10  # protobuf: field 2 (dims), a varint each
_MAX_DIMENSIONS: Final = 8


def read_pdiparams(path: Path, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Read the tensors of a combined parameter file.

    Args:
        path: The ``.pdiparams``; its tensors are sorted by name and do not carry it.
        names: The names, in any order; more tensors than names may follow at the end.

    Returns:
        float32 arrays by name.

    Raises:
        ModelFileError: The file is no such file, is cut off, or holds fewer tensors than ``names``.
    """
    data = memoryview(path.read_bytes())
    tensors, offset = [], 0
    while offset < len(data):
        tensor, offset = _read_tensor(data, offset, path.name)
        tensors.append(tensor)
    if len(tensors) < len(names):
        raise ModelFileError(
            f"{path.name} holds {len(tensors)} tensors, wanted {len(names)}: is it another network's file?"
        )
    return dict(zip(sorted(names), tensors, strict=False))


def write_pdiparams(path: Path, tensors: Mapping[str, np.ndarray]) -> None:
    """Write tensors as Paddle does: sorted by name, without it."""
    with path.open("wb") as out:
        for name in sorted(tensors):
            array = np.asarray(tensors[name], "<f4")
            described = _FLOAT32_MARK + b"".join(bytes([_DIMENSION_MARK]) + _varint(d) for d in array.shape)
            out.write(_HEADER.pack(0, 0, 0, len(described)) + described + array.tobytes())


def _read_tensor(data: memoryview, offset: int, name: str) -> tuple[np.ndarray, int]:
    """Read one tensor; return it and where the next begins."""
    try:
        version, levels, version2, length = _HEADER.unpack_from(data, offset)
    except struct.error as error:
        raise ModelFileError(f"{name} ends within a tensor's header: fetch it again") from error
    start = offset + _HEADER.size + length
    if (version, levels, version2) != (0, 0, 0) or not 0 < length <= 256 or start > len(data):
        raise ModelFileError(f"{name} is no Paddle parameter file, or is damaged at byte {offset}")
    shape = _read_shape(bytes(data[offset + _HEADER.size : start]), name)
    end = start + 4 * int(np.prod(shape, dtype=np.int64))
    if end > len(data):
        raise ModelFileError(f"{name} ends within a tensor of shape {shape}: fetch it again")
    return np.frombuffer(data[start:end], "<f4").reshape(shape).astype(np.float32), end


def _read_shape(described: bytes, name: str) -> tuple[int, ...]:
    """Read the dimensions from a tensor's description."""
    if not described.startswith(_FLOAT32_MARK):
        raise ModelFileError(f"{name} holds a tensor that is not float32: use the float32 model")
    shape: list[int] = []
    at = len(_FLOAT32_MARK)
    while at < len(described):
        if described[at] != _DIMENSION_MARK or len(shape) == _MAX_DIMENSIONS:
            raise ModelFileError(f"{name} describes a tensor in a way that is not understood: fetch it again")
        value, shift, at = 0, 0, at + 1
        while True:
            if at >= len(described) or shift > 56:
                raise ModelFileError(f"{name} describes a tensor's shape only in part: fetch it again")
            byte = described[at]
            value, shift, at = value | (byte & 0x7F) << shift, shift + 7, at + 1
            if byte < 0x80:
                break
        shape.append(value)
    return tuple(shape)


def _varint(value: int) -> bytes:
    """Encode a number as protobuf does."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])
