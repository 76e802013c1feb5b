"""Checkpoints with the published tensors' names and shapes, filled with noise, made without torch."""

import io
import pickle
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001


class _Named:
    """Pickles as a global of another module, or as a call of one."""

    def __init__(self, path: str) -> None:
        self.path = path


class _Storage:
    def __init__(self, key: str, length: int, *, legacy: bool) -> None:
        self.key, self.length = key, length
        self.view = (None,) if legacy else ()


class _Tensor:
    def __init__(self, storage: _Storage, shape: tuple[int, ...]) -> None:
        self.storage, self.shape = storage, shape


class _Pickler(pickle._Pickler):
    """Writes tensors as torch.save does."""

    def persistent_id(self, obj):
        if isinstance(obj, _Storage):
            return ("storage", _Named("torch\nFloatStorage"), obj.key, "cpu", obj.length, *obj.view)
        return None

    def save(self, obj, save_persistent_id=True):  # noqa: FBT002 - pickle's signature
        if isinstance(obj, _Named):
            self.write(b"c" + obj.path.encode() + b"\n")
        elif isinstance(obj, _Tensor):
            self.save(_Named("torch._utils\n_rebuild_tensor_v2"))
            strides = tuple(int(np.prod(obj.shape[i + 1 :], dtype=int)) for i in range(len(obj.shape)))
            self.save((obj.storage, 0, obj.shape, strides, False, {}))
            self.write(b"R")
        else:
            super().save(obj, save_persistent_id)


def _dumps(value) -> bytes:
    stream = io.BytesIO()
    _Pickler(stream, 2).dump(value)
    return stream.getvalue()


def _describe(shapes: Mapping[str, tuple[int, ...]], *, legacy: bool):
    arrays = {}
    tensors = {}
    for i, (name, shape) in enumerate(shapes.items()):
        length = int(np.prod(shape, dtype=int))
        arrays[str(i)] = np.random.default_rng(i).integers(0, 255, 4 * length, np.uint8).tobytes()
        tensors[name] = _Tensor(_Storage(str(i), length, legacy=legacy), tuple(shape))
    return {
        "start_epoch": 3,
        "model": tensors,
        "optimizer": {"state": {}, "param_groups": [{"lr": 0.1}]},
    }, arrays


def write_checkpoint(path: Path, shapes: Mapping[str, tuple[int, ...]], *, legacy: bool = False) -> Path:
    """Write what torch.save writes for a training state whose network has these float tensors."""
    value, arrays = _describe(shapes, legacy=legacy)
    if legacy:
        head = b"".join(_dumps(v) for v in (MAGIC, PROTOCOL, {"little_endian": True}, value, list(arrays)))
        body = b"".join(struct.pack("<q", len(raw) // 4) + raw for raw in arrays.values())
        path.write_bytes(head + body)
        return path
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", _dumps(value))
        archive.writestr("archive/version", "3\n")
        for key, raw in arrays.items():
            archive.writestr(f"archive/data/{key}", raw)
    return path


def yolox_shapes(classes: int = 1, width: int = 16, tensors: int = 642) -> dict[str, tuple[int, ...]]:
    """The telling tensors of YOLOX and as many others as the variant has (nano when left out)."""
    shapes = {"backbone.backbone.stem.conv.conv.weight": (width, 12, 3, 3)}
    for level in range(3):
        for kind, channels in (("cls", classes), ("reg", 4), ("obj", 1)):
            shapes[f"head.{kind}_preds.{level}.weight"] = (channels, 4, 1, 1)
    return shapes | {f"backbone.filler.{i}.weight": (1,) for i in range(tensors - len(shapes))}


def gaitbase_shapes(people: int = 74) -> dict[str, tuple[int, ...]]:
    """The telling tensors of GaitBase and as many others as it has."""
    shapes = {
        "Backbone.forward_block.conv1.conv.weight": (64, 1, 3, 3),
        "FCs.fc_bin": (16, 512, 256),
        "BNNecks.fc_bin": (1, 1, people),
    }
    return shapes | {f"Backbone.filler.{i}.weight": (1,) for i in range(79 - len(shapes))}
