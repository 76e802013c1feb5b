"""OpenGait checkpoints as encoders."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gaitway.adapters.checkpoints.export import NETWORK, cached_export, export_openvino
from gaitway.adapters.checkpoints.members import checkpoint_file
from gaitway.adapters.checkpoints.opengait_yaml import GaitModel, read_config
from gaitway.adapters.checkpoints.torchfile import load_weights, read_state
from gaitway.adapters.modelstore.manifest import sha256_file
from gaitway.adapters.runtimes.openvino import OpenVinoRuntime
from gaitway.protocols import Runtime
from gaitway.recognition.opengait import OpenGaitEncoder

if TYPE_CHECKING:
    from gaitway.models.opengait.blocks import GaitNetwork

OpenNetwork = Callable[[Path], Runtime]
CLASSIFIERS = ("BNNecks.fc_bin", "Head1.fc_bin")
NEED_CLASSIFIER = ("ScoNet",)  # what it gives are class logits


def load_opengait_encoder(
    checkpoint: Path | str,
    config: Path | str | Mapping[str, Any] | None = None,
    *,
    open_network: OpenNetwork = OpenVinoRuntime,
    device: str | None = None,
    precision: str = "f32",
    home: Path | None = None,
) -> OpenGaitEncoder:
    """Load a gait network as its authors published it.

    Args:
        checkpoint: ``.pt`` or ``.safetensors``, or a zip with one checkpoint in it.
        config: OpenGait's yaml, its content, or its ``model_cfg``; None: GaitBase, whose settings are the
            same for every silhouette data set.
        open_network: Loads the exported network.
        device: Run on torch on this device instead; nothing is exported.
        precision: Arithmetic on ``device``.
        home: The model cache; the user's own when None.

    Raises:
        ModelFileError: The checkpoint is damaged, hostile, or of another network than ``config`` says.
        ConfigError: The config is unknown or incomplete.
        MissingExtraError: torch is not installed, and the checkpoint was not converted before.
    """
    model = read_config(config)
    path = checkpoint_file(Path(checkpoint), home)
    model_id = f"{model.cfg['model']}-{sha256_file(path)[:12]}"
    if device is not None:
        from gaitway.adapters.runtimes.pytorch import PytorchRuntime

        network = load_opengait(path, model)
        runtime: Runtime = PytorchRuntime(
            network, [_shape(model)], device=device, precision=precision, name=model_id
        )
    else:
        folder = cached_export(path, dict(model.cfg), lambda to: _export(path, model, to), home)
        runtime = open_network(folder / NETWORK)
    return OpenGaitEncoder(runtime, model_id, model.input)


def load_opengait(path: Path, model: GaitModel) -> GaitNetwork:
    """Return the torch network with the checkpoint's weights, without the classifier if that is not needed.

    The classifier's width is the number of people trained on; in GREW's checkpoint it is 92 % of the file.
    """
    from gaitway.models import build_opengait

    state = read_state(path)
    if model.cfg["model"] in NEED_CLASSIFIER:
        network = build_opengait(model.cfg)
        load_weights(network, state, path.name)
        return network
    network = build_opengait(_one_class(model.cfg))
    kept = {key: tensor for key, tensor in state.items() if key not in CLASSIFIERS}
    load_weights(network, kept, path.name, optional=CLASSIFIERS)
    return network


def _one_class(cfg: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings for a network that tells no people apart by class."""
    necks = (
        {"SeparateBNNecks": {**cfg["SeparateBNNecks"], "class_num": 1}} if "SeparateBNNecks" in cfg else {}
    )
    return {**cfg, **necks, **({"class_num": 1} if "class_num" in cfg else {})}


def _export(path: Path, model: GaitModel, folder: Path) -> None:
    shape = _shape(model)
    example = (1, model.input.channels, 6, 64, 44)
    export_openvino(load_opengait(path, model), shape, example, folder / NETWORK)


def _shape(model: GaitModel) -> tuple[int, ...]:
    return (1, model.input.channels, -1, -1, -1)
