"""OpenGait checkpoints as encoders."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gaitway.adapters.checkpoints.engine import DEFAULT_ENGINE, Engine
from gaitway.adapters.checkpoints.members import checkpoint_file
from gaitway.adapters.checkpoints.opengait_yaml import GaitModel, read_config
from gaitway.adapters.checkpoints.short_walks import ByLength
from gaitway.adapters.checkpoints.torchfile import load_weights, read_state
from gaitway.adapters.modelstore.manifest import sha256_file
from gaitway.protocols import Runtime
from gaitway.recognition.opengait import OpenGaitEncoder

if TYPE_CHECKING:
    from gaitway.models.opengait.blocks import GaitNetwork

_LOG = logging.getLogger(__name__)
CLASSIFIERS = ("BNNecks.fc_bin", "Head1.fc_bin")
EXAMPLE_FRAMES = 6  # any number does that every network treats as an ordinary walk
SHORT_GRAPHS = {"SwinGait": 3}  # walks up to so many frames need another graph: its window over time
UNCONFIRMED = ("MultiGaitpp",)  # docs/decisions/0053
RUN_THREADS = 2  # of one walk: one alone keeps a small machine busy, many at once lose a tenth
NEED_CLASSIFIER = ("ScoNet",)  # what it gives are class logits


def load_opengait_encoder(
    checkpoint: Path | str,
    config: Path | str | Mapping[str, Any] | None = None,
    *,
    engine: Engine = DEFAULT_ENGINE,
) -> OpenGaitEncoder:
    """Load a gait network as its authors published it.

    Args:
        checkpoint: ``.pt`` or ``.safetensors``, or a zip with one checkpoint in it.
        config: OpenGait's yaml, its content, or its ``model_cfg``; None: GaitBase, whose settings are the
            same for every silhouette data set.
        engine: What it runs on.

    Raises:
        ModelFileError: The checkpoint is damaged, hostile, or of another network than ``config`` says.
        ConfigError: The config is unknown or incomplete.
        MissingExtraError: torch is not installed, and the checkpoint was not converted before.
    """
    model = read_config(config)
    if model.cfg["model"] in UNCONFIRMED:
        _LOG.warning("%s was never checked against published outputs: do not rely on it", model.cfg["model"])
    path = checkpoint_file(Path(checkpoint), engine.home)
    model_id = f"{model.cfg['model']}-{sha256_file(path)[:12]}"
    channels = model.input.channels

    def load(frames: int) -> Runtime:
        """Load the network as it is for walks like an example of so many frames."""
        return engine.load(
            path,
            [dict(model.cfg), frames],
            lambda: load_opengait(path, model),
            shape=(1, channels, -1, -1, -1),
            example=(1, channels, frames, 64, 44),
            run_threads=RUN_THREADS,
        )

    runtime = load(EXAMPLE_FRAMES)
    short_frames = SHORT_GRAPHS.get(model.cfg["model"], 0)
    if short_frames and engine.device is None:
        runtime = ByLength(runtime, lambda: load(short_frames - 1), short_frames)
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
