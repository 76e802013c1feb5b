"""Looks into torch checkpoints without torch and without running them: which tensors, and are they whole."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from gaitway.adapters.modelstore.archives import open_zip
from gaitway.adapters.modelstore.pickles import Call, Name, Reference, read_pickle
from gaitway.errors import ModelFileError

_ITEM_BYTES = {
    **dict.fromkeys(("Double", "Long"), 8),
    **dict.fromkeys(("Float", "Int"), 4),
    **dict.fromkeys(("Half", "BFloat16", "Short"), 2),
    **dict.fromkeys(("Char", "Byte", "Bool"), 1),
}
_LEGACY_MAGIC = (
    0x1950A86A20F9469CFC6C  # torch.serialization.MAGIC_NUMBER, the first pickle of the older format
)
_HOLDERS = ("model", "state_dict", "model_state_dict")  # OpenGait and YOLOX; Lightning; others
_WRAPPER = "module."  # what DistributedDataParallel puts before every name
_MAX_PICKLE_BYTES = 256 << 20


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """A tensor of a checkpoint, without its numbers.

    Attributes:
        shape: Its shape.
        kind: torch's name for its type, such as "Float".
    """

    shape: tuple[int, ...]
    kind: str


@dataclass(frozen=True, slots=True)
class _Storage:
    key: str
    kind: str
    length: int

    @property
    def size(self) -> int:
        return self.length * _ITEM_BYTES[self.kind]


def read_checkpoint(path: Path) -> dict[str, TensorInfo]:
    """List a checkpoint's network tensors by name.

    Args:
        path: ``.pt``, ``.pth`` or ``.pth.tar`` as torch writes it, zipped or in the older format.

    Returns:
        The tensors under ``model`` or ``state_dict``, or of the whole where it is the state dict itself.

    Raises:
        ModelFileError: It is no checkpoint, names anything but tensors, or is cut off.
    """
    with path.open("rb") as file:
        is_zipped = file.read(4) == b"PK\x03\x04"  # how torch itself tells
        file.seek(0)
        value = _read_zipped(file, path.name) if is_zipped else _read_legacy(file, path.name)
    tensors = {name: _tensor(item, path.name) for name, item in _state_dict(value, path.name).items()}
    return {name: tensor for name, tensor in tensors.items() if tensor is not None}


def _read_zipped(file: IO[bytes], name: str) -> Any:
    with open_zip(file, name) as archive:
        pickles = [
            e for e in archive.infolist() if e.filename.count("/") == 1 and e.filename.endswith("/data.pkl")
        ]
        if len(pickles) != 1:
            raise ModelFileError(
                f"{name} is a zip without a checkpoint's data.pkl: wanted what torch.save writes"
            )
        if pickles[0].file_size > _MAX_PICKLE_BYTES:
            raise ModelFileError(f"{name} is refused: its pickle has {pickles[0].file_size} bytes")
        with archive.open(pickles[0]) as stream:
            value = read_pickle(stream, name)
        folder = pickles[0].filename.removesuffix("data.pkl") + "data/"
        sizes = {e.filename: e.file_size for e in archive.infolist()}
        for storage in _storages(value, name):
            if sizes.get(folder + storage.key) != storage.size:
                raise ModelFileError(
                    f"{name} lacks the numbers of a tensor ({storage.key}): fetch the file again"
                )
        if damaged := archive.testzip():
            raise ModelFileError(f"{name} has a damaged part {damaged!r}: fetch the file again")
    return value


def _read_legacy(file: IO[bytes], name: str) -> Any:
    """Read the format before torch 1.6: five pickles, then each storage's length and numbers."""
    if read_pickle(file, name) != _LEGACY_MAGIC:
        raise ModelFileError(f"{name} is no torch checkpoint: wanted what torch.save writes")
    _version, _system, value, keys = (read_pickle(file, name) for _ in range(4))
    storages = {storage.key: storage for storage in _storages(value, name)}
    if not isinstance(keys, list) or set(keys) != set(storages):
        raise ModelFileError(f"{name} lists other tensors than it uses: fetch the file again")
    here = file.tell()
    wanted = here + sum(8 + storages[key].size for key in keys)
    if file.seek(0, 2) != wanted:
        raise ModelFileError(
            f"{name} has {file.tell()} bytes, its tensors need {wanted}: fetch the file again"
        )
    return value


def _state_dict(value: Any, name: str) -> Mapping[str, Any]:
    """Find the network's tensors among what a training run saves."""
    if isinstance(value, dict):
        for key in _HOLDERS:
            if isinstance(value.get(key), dict):
                value = value[key]
                break
        tensors = {k: v for k, v in value.items() if isinstance(k, str) and _is_tensor(v)}
        named = {k.removeprefix(_WRAPPER): v for k, v in tensors.items()}
        if named:
            return named
    raise ModelFileError(
        f"{name} holds no network: wanted a state dict, or one under 'model' or 'state_dict'"
    )


def _is_tensor(value: Any) -> bool:
    return isinstance(value, Call) and value.function.path.startswith("torch._utils._rebuild_")


def _tensor(value: Call, name: str) -> TensorInfo:
    """Read a written-down call of torch's _rebuild_ functions; check that its numbers lie in its storage."""
    if (
        value.function.path == "torch._utils._rebuild_parameter"
        and value.arguments
        and _is_tensor(value.arguments[0])
    ):
        value = value.arguments[0]
    match value.arguments:
        case (Reference() as reference, int(offset), tuple(shape), tuple(stride), *_) if all(
            isinstance(n, int) and n >= 0 for n in (offset, *shape, *stride)
        ) and len(shape) == len(stride):
            storage = _storage(reference, name)
            last = offset + sum((n - 1) * step for n, step in zip(shape, stride, strict=True))
            if math.prod(shape) and last >= storage.length:
                raise ModelFileError(
                    f"{name} has a tensor that is longer than its numbers: the file is damaged"
                )
            return TensorInfo(shape, storage.kind)
    raise ModelFileError(f"{name} has a tensor that is not written as torch writes it: the file is damaged")


def _storage(reference: Reference, name: str) -> _Storage:
    match reference.key:
        case ("storage", Name(path=path), str(key), str(), int(length), *_) if length >= 0:
            kind = path.removeprefix("torch.").removesuffix("Storage")
            if kind in _ITEM_BYTES:
                return _Storage(key, kind, length)
    raise ModelFileError(f"{name} refers to numbers in a way that torch does not: the file is damaged")


def _storages(value: Any, name: str) -> Iterator[_Storage]:
    """Walk everything read and yield each storage referred to; values met again are not walked again."""
    seen: set[int] = set()
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        if isinstance(item, Reference):
            yield _storage(item, name)
        elif isinstance(item, dict):
            waiting.extend(item.values())
        elif isinstance(item, list | tuple | set | frozenset):
            waiting.extend(item)
        elif isinstance(item, Call):
            waiting.extend((item.arguments, item.state))
