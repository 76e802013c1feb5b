"""From OpenGait's ``model_cfg`` to the network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gaitway.errors import ConfigError
from gaitway.models.opengait.blocks import GaitNetwork
from gaitway.models.opengait.deepgaitv2 import DeepGaitV2
from gaitway.models.opengait.foundationgait import FoundationGait
from gaitway.models.opengait.gaitbase import GaitBase, ScoNet
from gaitway.models.opengait.gaitgl import GaitGL
from gaitway.models.opengait.gaitpart import GaitPart
from gaitway.models.opengait.gaitset import GaitSet
from gaitway.models.opengait.multigaitpp import MultiGaitPP
from gaitway.models.opengait.skeletongaitpp import SkeletonGaitPP
from gaitway.models.opengait.swingait import SwinGait

NETWORKS: dict[str, Callable[[Mapping[str, Any]], GaitNetwork]] = {
    "Baseline": GaitBase,
    "GaitBase": GaitBase,
    "DeepGaitV2": DeepGaitV2,
    "GaitGL": GaitGL,
    "GaitPart": GaitPart,
    "GaitSet": GaitSet,
    "MultiGaitpp": MultiGaitPP,
    "SkeletonGaitPP": SkeletonGaitPP,
    "ScoNet": ScoNet,
    "SwinGait": SwinGait,
    "FoundationGait_Scaling_Finetune": FoundationGait,
}


def build_opengait(model_cfg: Mapping[str, Any]) -> GaitNetwork:
    """Build one of the field's gait networks, untrained, in evaluation mode.

    Args:
        model_cfg: The ``model_cfg`` of an OpenGait yaml; its ``model`` names the network.

    Returns:
        A network whose state_dict has the published keys and shapes; input (n, c, t, h, w) float32 in
        [0, 1], output (n, channels, parts).

    Raises:
        ConfigError: The network is unknown, or a setting is missing or does not fit.
    """
    name = model_cfg.get("model")
    if name not in NETWORKS:
        raise ConfigError(f"model {name!r} of model_cfg is not one of {', '.join(NETWORKS)}: check the yaml")
    try:
        return NETWORKS[str(name)](model_cfg).eval()
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(
            f"model_cfg of {name} does not fit ({error}): compare it with the published yaml"
        ) from error
