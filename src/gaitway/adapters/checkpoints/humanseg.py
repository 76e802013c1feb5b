"""PP-HumanSeg's published folders and zips as segmenters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from gaitway.adapters.checkpoints.engine import DEFAULT_ENGINE, Engine
from gaitway.adapters.checkpoints.export import cached_export
from gaitway.adapters.checkpoints.paddle import read_pdiparams
from gaitway.adapters.modelstore.archives import extract, open_zip
from gaitway.errors import ConfigError, MissingExtraError, ModelFileError, ModelNotFoundError
from gaitway.packs import ModelFile
from gaitway.segmentation.humanseg import HumanSegConfig, HumanSegSegmenter

if TYPE_CHECKING:
    import torch

DEPLOY, MODEL, PARAMS = "deploy.yaml", "model.pdmodel", "model.pdiparams"


def load_humanseg(
    source: Path | str,
    *,
    config: HumanSegConfig | None = None,
    engine: Engine = DEFAULT_ENGINE,
) -> HumanSegSegmenter:
    """Load a PP-HumanSeg as PaddleSeg published it.

    Args:
        source: The folder with ``deploy.yaml``, ``model.pdmodel`` and ``model.pdiparams``, or a zip of it.
        config: Crop and batch size; input size and normalisation are those of ``deploy.yaml``.
        engine: What it runs on; on torch only PP-HumanSegV2-Mobile can.

    Raises:
        ModelNotFoundError: There is no such folder or zip.
        ModelFileError: A file is missing, damaged or hostile, or cannot run on torch.
        ConfigError: ``deploy.yaml`` asks for something unknown.
        MissingExtraError: The engine is torch, and torch is not installed.
    """
    folder = _folder(Path(source), engine.home)
    settings = read_deploy((folder / DEPLOY).read_text("utf-8", errors="replace"), config or HumanSegConfig())
    if engine.device is None:
        runtime = engine.open_network(folder / MODEL)
    else:
        runtime = engine.on_torch(_torch_network(folder / PARAMS), (-1, 3, -1, -1), "pphumanseg")
    return HumanSegSegmenter(runtime, settings)


def read_deploy(text: str, config: HumanSegConfig) -> HumanSegConfig:
    """Return ``config`` with the input size and normalisation of a ``deploy.yaml``.

    Raises:
        ConfigError: It is no such file, names other files, or asks for an unknown step.

    Examples:
        >>> text = "Deploy: {transforms: [{type: Resize, target_size: [256, 144]}, {type: Normalize}]}"
        >>> read_deploy(text, HumanSegConfig()).size_wh
        (256, 144)
    """
    try:
        content = yaml.safe_load(text)
        deploy = content["Deploy"]
        steps = list(deploy["transforms"])
        files = (deploy.get("model", MODEL), deploy.get("params", PARAMS))
    except (yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError("deploy.yaml has no Deploy with transforms: is it PaddleSeg's?") from error
    if files != (MODEL, PARAMS):
        raise ConfigError(f"deploy.yaml names the files {files}, wanted {MODEL} and {PARAMS}: rename them")
    for step in steps:
        config = _apply(step, config)
    return config


def _apply(step: Any, config: HumanSegConfig) -> HumanSegConfig:
    """Return ``config`` with one step of ``transforms`` obeyed."""
    kind = step.get("type") if isinstance(step, Mapping) else step
    try:
        if kind == "Resize":
            target = step["target_size"]
            width, height = (target, target) if isinstance(target, int) else target
            return replace(config, size_wh=(int(width), int(height)))
        if kind == "Normalize":
            return replace(config, mean=_three(step.get("mean", 0.5)), std=_three(step.get("std", 0.5)))
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"deploy.yaml has a step {kind} that is not understood: {step}") from error
    raise ConfigError(f"deploy.yaml asks for {kind!r}, wanted Resize and Normalize: use a model without it")


def _three(values: Any) -> tuple[float, float, float]:
    red, green, blue = [values] * 3 if isinstance(values, (int, float)) else values
    return float(red), float(green), float(blue)


def _folder(source: Path, home: Path | None) -> Path:
    """Return the folder itself, or a zip's files unpacked into the cache once."""
    if source.is_dir():
        for name in (DEPLOY, MODEL, PARAMS):
            if not (source / name).is_file():
                raise ModelNotFoundError(f"{source} has no {name}: fetch the whole PP-HumanSeg folder")
        return source
    if not source.is_file():
        raise ModelNotFoundError(f"no PP-HumanSeg at {source}: check the path")
    files = [ModelFile(name, member=name) for name in (DEPLOY, MODEL, PARAMS)]
    with open_zip(source, source.name) as archive:
        return cached_export(source, "unpacked", lambda to: extract(archive, files, to), home)


def _torch_network(params: Path) -> torch.nn.Module:
    """Return PP-HumanSegV2-Mobile with its published weights."""
    try:
        import torch
    except ImportError as error:
        raise MissingExtraError("torch", "torch", "running PP-HumanSeg on torch") from error
    from gaitway.models.humanseg import build_humanseg, paddle_names

    network = build_humanseg()
    names = paddle_names(network)
    tensors = read_pdiparams(params, list(names.values()))
    state = {key: torch.from_numpy(tensors[name]) for key, name in names.items()}
    own = network.state_dict()
    if any(own[key].shape != tensor.shape for key, tensor in state.items()):
        raise ModelFileError(
            f"{params.name} is not PP-HumanSegV2-Mobile's, which alone runs on torch: run it on OpenVINO"
        )
    network.load_state_dict(state, strict=False)
    return network
