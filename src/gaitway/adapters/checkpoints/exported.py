"""Encoders that gaitway trained and exported: a network file, and beside it what it is shown.

``encoder.json`` describes ``encoder.safetensors``, ``encoder.xml`` (with ``encoder.bin``) and
``encoder.onnx``; any of them, or their folder, loads the encoder. Only the safetensors needs torch, once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from gaitway.adapters.checkpoints.engine import DEFAULT_ENGINE, Engine
from gaitway.adapters.checkpoints.opengait import EXAMPLE_FRAMES, load_opengait
from gaitway.adapters.checkpoints.opengait_yaml import GaitModel
from gaitway.config import from_mapping
from gaitway.errors import ModelFileError
from gaitway.recognition.opengait import GaitInputConfig, OpenGaitEncoder

STEM = "encoder"
GRAPHS = (".xml", ".onnx")
_FORMAT = "gaitway-encoder"
_VERSION = 1


def is_exported(path: Path) -> bool:
    """Tell whether a file, or a folder, is an encoder that gaitway exported."""
    if path.is_dir():
        return (path / f"{STEM}.json").is_file()
    return path.suffix in {".safetensors", *GRAPHS} and path.with_suffix(".json").is_file()


def describe(model_id: str, model: GaitModel) -> str:
    """Return the text of an exported encoder's json."""
    content = {
        "format": _FORMAT,
        "version": _VERSION,
        "model_id": model_id,
        "model_cfg": model.cfg,
        "input": asdict(model.input),
    }
    return json.dumps(content, indent=1) + "\n"


def read_description(path: Path) -> tuple[str, GaitModel]:
    """Read an exported encoder's json: its model id, and which network it is.

    Raises:
        ModelFileError: It cannot be read or is none.
    """
    try:
        content: Any = json.loads(path.read_text("utf-8"))
        kind, cfg = (content["format"], content["version"]), content["model_cfg"]
        model_id, shown = str(content["model_id"]), from_mapping(GaitInputConfig, content["input"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelFileError(
            f"{path} describes no encoder that gaitway exported ({error}): copy the whole export again"
        ) from error
    if kind != (_FORMAT, _VERSION) or not isinstance(cfg, Mapping) or "model" not in cfg:
        raise ModelFileError(
            f"{path} is of format {kind}, wanted {(_FORMAT, _VERSION)} with a model_cfg: export it again"
        )
    return model_id, GaitModel(cfg, shown)


def load_exported(path: Path, *, engine: Engine = DEFAULT_ENGINE) -> OpenGaitEncoder:
    """Load an encoder that gaitway exported.

    Args:
        path: One of its network files, or their folder.
        engine: What it runs on.

    Raises:
        ModelFileError: Its description is none, or the network's file is absent or damaged.
        MissingExtraError: Only the safetensors is there, and torch is not installed.
    """
    path = _network(path) if path.is_dir() else path
    model_id, model = read_description(path.with_suffix(".json"))
    channels = model.input.channels
    if path.suffix in GRAPHS and engine.device is None:
        return OpenGaitEncoder(engine.open_network(path), model_id, model.input)
    weights = path.with_suffix(".safetensors")
    runtime = engine.load(
        weights,
        [dict(model.cfg), EXAMPLE_FRAMES],
        lambda: load_opengait(weights, model),
        shape=(1, channels, -1, -1, -1),
        example=(1, channels, EXAMPLE_FRAMES, 64, 44),
    )
    return OpenGaitEncoder(runtime, model_id, model.input)


def _network(folder: Path) -> Path:
    for suffix in (*GRAPHS, ".safetensors"):
        if (folder / f"{STEM}{suffix}").is_file():
            return folder / f"{STEM}{suffix}"
    raise ModelFileError(f"{folder} has {STEM}.json and no network beside it: copy the whole export again")
