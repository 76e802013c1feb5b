"""Arrays in pickle files, read without running them and written so that old and new numpy can read them."""

from __future__ import annotations

import math
import pickle
from pathlib import Path
from typing import Any

import numpy as np

from gaitway.adapters.modelstore.pickles import Call, Name, read_pickle, values_so_far
from gaitway.errors import InputError, ModelFileError
from gaitway.files import atomic_file, translated

MOST_BYTES = 1 << 30  # of one walk: a day of silhouettes
START_BYTES = 1024  # of a file: an array's shape stands there, before its numbers

_HOMES = ("numpy.core", "numpy._core")  # numpy 1, numpy 2
_RECONSTRUCT = {f"{home}.multiarray._reconstruct" for home in _HOMES}
_FROM_BUFFER = {f"{home}.numeric._frombuffer" for home in _HOMES}
_ENCODE = "_codecs.encode"
_ALLOWED = frozenset({"numpy.ndarray", "numpy.dtype", _ENCODE, *_RECONSTRUCT, *_FROM_BUFFER})
_PLAIN = {f"{kind}{size}" for kind in "ui" for size in (1, 2, 4, 8)} | {"b1", "f2", "f4", "f8"}


def read_array(path: Path) -> np.ndarray:
    """Read the array in a pickle file, or a list of equal arrays as one.

    Nothing in the file is run: it may name numpy's own builders and nothing else, these are never called,
    and the array is made here from its shape, type and bytes.

    Raises:
        InputError: The file is damaged or hostile, or holds anything but plain numbers.
        StoreError: It cannot be opened.
    """
    try:
        with translated("read", path), path.open("rb") as stream:
            tree = read_pickle(stream, str(path), _ALLOWED, most_bytes=MOST_BYTES)
        return _array(tree)
    except (ModelFileError, ValueError, TypeError) as error:
        if isinstance(error, ModelFileError):
            raise InputError(str(error)) from error
        raise InputError(
            f"{path} holds no array of plain numbers ({error}): prepare the walk again"
        ) from error


def read_shape(path: Path) -> tuple[int, ...]:
    """Read the shape of the array in a pickle file; of most files only the beginning is read.

    Raises:
        InputError, StoreError: As ``read_array``.
    """
    with translated("read", path), path.open("rb") as stream:
        start = stream.read(START_BYTES)
    try:
        found = values_so_far(start, str(path), _ALLOWED)
    except ModelFileError as error:
        raise InputError(str(error)) from error
    head = found[:1]
    if head and isinstance(head[0], Call) and head[0].function.path in _RECONSTRUCT:
        for value in found[1:]:
            if isinstance(value, tuple) and value and all(isinstance(n, int) for n in value):
                return value
    return read_array(path).shape


def write_array(path: Path, array: np.ndarray) -> None:
    """Write an array as a pickle that numpy 1 and numpy 2 read; whole or not at all."""
    content = pickle.dumps(np.ascontiguousarray(array), protocol=3)
    content = content.replace(b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n", 1)
    with atomic_file(path, sync=False) as file:
        file.write(content)


def _array(tree: Any) -> np.ndarray:
    if isinstance(tree, list) and tree:
        return np.stack([_one_array(frame) for frame in tree])
    return _one_array(tree)


def _one_array(tree: Any) -> np.ndarray:
    if not isinstance(tree, Call):
        raise TypeError(f"a {type(tree).__name__}")
    if tree.function.path in _FROM_BUFFER:
        content, dtype, shape, order = tree.arguments
        return _made(shape, dtype, order == "F", content)
    if tree.function.path not in _RECONSTRUCT:
        raise TypeError(f"a call of {tree.function.path}")
    _, shape, dtype, is_fortran, content = tree.state
    return _made(shape, dtype, bool(is_fortran), content)


def _made(shape: Any, dtype: Any, is_fortran: bool, content: Any) -> np.ndarray:  # noqa: FBT001
    kind, pixels = _dtype(dtype), _bytes(content)
    if not isinstance(shape, tuple) or not all(isinstance(n, int) and n >= 0 for n in shape):
        raise TypeError("a shape that is none")
    if math.prod(shape) * kind.itemsize != len(pixels):
        raise ValueError(f"{len(pixels)} bytes for the shape {shape}")
    flat = np.frombuffer(pixels, kind)
    return flat.reshape(shape, order="F" if is_fortran else "C")


def _dtype(tree: Any) -> np.dtype[Any]:
    if not isinstance(tree, Call) or tree.function != Name("numpy.dtype"):
        raise TypeError("an array without a type")
    name = tree.arguments[0]
    if not isinstance(name, str) or name not in _PLAIN:
        raise TypeError(f"numbers of type {str(name)[:20]!r}")
    order = tree.state[1] if isinstance(tree.state, tuple) and len(tree.state) > 1 else "|"
    return np.dtype((">" if order == ">" else "<") + name)


def _bytes(content: Any) -> bytes:
    if isinstance(content, Call) and content.function.path == _ENCODE:  # how protocol 2 writes bytes
        text, codec = content.arguments
        if not isinstance(text, str) or codec != "latin1":
            raise TypeError("bytes in an unknown coding")
        return text.encode("latin1")
    if isinstance(content, str):  # written by Python 2
        return content.encode("latin1")
    if not isinstance(content, bytes | bytearray):
        raise TypeError("an array without bytes")
    return bytes(content)
