"""A trained network as files for use: safetensors, OpenVINO, ONNX, their description and a model card."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save

from gaitway._version import __version__
from gaitway.adapters.checkpoints.export import export_openvino, unchecked_shapes
from gaitway.adapters.checkpoints.exported import STEM, describe
from gaitway.adapters.checkpoints.opengait import CLASSIFIERS, EXAMPLE_FRAMES, NEED_CLASSIFIER, SHORT_GRAPHS
from gaitway.adapters.checkpoints.opengait_yaml import GaitModel
from gaitway.adapters.modelstore.manifest import sha256_file
from gaitway.config import as_mapping
from gaitway.errors import NetworkError
from gaitway.files import PARTIAL, atomic_file, translated, write_text
from gaitway.models.opengait.blocks import GaitNetwork
from gaitway.training.card import model_card
from gaitway.training.loop import Trained
from gaitway.training.recipe import Recipe

_LOG = logging.getLogger(__name__)


def export(trained: Trained, recipe: Recipe, folder: Path) -> list[Path]:
    """Write a trained encoder's files, without the classifier, and return their paths.

    Args:
        trained: What the training ended with.
        recipe: How it was trained.
        folder: Made if absent; files of an earlier export are replaced.

    Raises:
        NetworkError: OpenVINO cannot express the network.
        StoreError: A file cannot be written.
    """
    network = trained.network.cpu().float().eval()
    cfg = dict(recipe.model)
    short = SHORT_GRAPHS.get(str(cfg["model"]), 0)  # one graph cannot serve walks that short: repeat them
    model = GaitModel(cfg, replace(trained.shown, min_frames=max(trained.shown.min_frames, short + 1)))
    weights = folder / f"{STEM}.safetensors"
    with translated("write", folder):
        folder.mkdir(parents=True, exist_ok=True)
    _save_weights(network, model, weights)
    model_id = f"{recipe.name}-{sha256_file(weights)[:12]}"
    write_text(weights.with_suffix(".json"), describe(model_id, model))
    channels = model.input.channels
    graph = folder / f"{STEM}.xml"
    with translated("write", graph):
        export_openvino(
            network, (1, channels, -1, -1, -1), (1, channels, EXAMPLE_FRAMES, 64, _width(model)), graph
        )
    written = [weights, weights.with_suffix(".json"), graph, graph.with_suffix(".bin")]
    onnx = folder / f"{STEM}.onnx"
    try:
        export_onnx(network, (1, channels, EXAMPLE_FRAMES, 64, _width(model)), onnx)
        written.append(onnx)
    except NetworkError as error:
        onnx.unlink(missing_ok=True)
        _LOG.warning("%s", error)
    card = folder / "README.md"
    write_text(card, model_card(trained, recipe, model_id, [path.name for path in written]))
    run = {"gaitway": __version__, "recipe": as_mapping(recipe), "numbers": dict(trained.numbers)}
    write_text(folder / "training.json", json.dumps(run, indent=1) + "\n")
    return [*written, card, folder / "training.json"]


def _width(model: GaitModel) -> int:
    return 44 if model.input.cuts_sides else 64


def _save_weights(network: GaitNetwork, model: GaitModel, path: Path) -> None:
    left_out = () if model.cfg["model"] in NEED_CLASSIFIER else CLASSIFIERS
    state = {k: v.contiguous() for k, v in network.state_dict().items() if k not in left_out}
    # One entry: safetensors writes several in an order that changes from file to file, and the id with it.
    described = json.dumps({"model_cfg": model.cfg, "input": asdict(model.input)})
    with atomic_file(path) as file:
        file.write(save(state, metadata={"gaitway": described}))


def export_onnx(network: GaitNetwork, example: tuple[int, ...], path: Path) -> None:
    """Write a network as ONNX, for walks of any length, one at a time.

    Raises:
        NetworkError: ONNX cannot express the network, or torch's exporter is not whole.
    """
    aside = path.with_suffix(PARTIAL)
    names: Mapping[str, Any] = {"walk": {2: "frames", 3: "height", 4: "width"}}
    try:
        with torch.no_grad(), unchecked_shapes(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the tracer's, about shapes that are fixed here
            torch.onnx.export(
                network,
                (torch.zeros(*example),),
                aside,
                input_names=["walk"],
                output_names=["embedding"],
                dynamic_axes=names,
                dynamo=False,
            )
    except Exception as error:  # the exporter's own failures are plain Exceptions
        reason = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
        raise NetworkError(
            f"the network cannot be written as ONNX ({reason}): use its safetensors or OpenVINO file"
        ) from error
    with translated("write", path):
        aside.replace(path)
