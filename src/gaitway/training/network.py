"""The network as it is trained: built for so many people, one call for what the losses see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from gaitway.errors import ConfigError
from gaitway.models import build_opengait
from gaitway.models.opengait.blocks import GaitNetwork

WITHOUT_CLASSIFIER = ("GaitSet", "GaitPart")


def with_classes(model_cfg: Mapping[str, Any], people: int, *, classifies: bool) -> dict[str, Any]:
    """Return ``model_cfg`` with a classifier wide enough for so many people.

    One that the configuration makes wide enough stays, so that published keys and shapes do.

    Raises:
        ConfigError: The configuration's own is too narrow.
    """
    cfg = dict(model_cfg)
    if "SeparateBNNecks" in cfg:
        necks = dict(cfg["SeparateBNNecks"])
        necks["class_num"] = _classes(necks.get("class_num"), people, classifies=classifies)
        cfg["SeparateBNNecks"] = necks
    elif "class_num" in cfg:
        cfg["class_num"] = _classes(cfg["class_num"], people, classifies=classifies)
    return cfg


def _classes(given: int | None, people: int, *, classifies: bool) -> int:
    if given is None or given == 1:  # the presets leave it open
        return people
    if given < people and classifies:
        raise ConfigError(f"class_num is {given}, the training data has {people} people: make it {people}")
    return given


class TrainingNetwork(nn.Module):
    """A gait network whose forward gives what the losses see.

    Args:
        network: From ``build_opengait``.
        classifies: Whether logits are wanted.
    """

    def __init__(self, network: GaitNetwork, *, classifies: bool) -> None:
        super().__init__()
        self.network, self.classifies = network, classifies

    def forward(
        self, walks: Float[Tensor, "n c t h w"]
    ) -> tuple[Float[Tensor, "n d p"], Float[Tensor, "n k p"] | None]:
        """Return the parts' features and, where wanted, the class logits."""
        features = self.network.embed(walks)
        return features, self.network.classify(features)[1] if self.classifies else None


def build_training_network(model_cfg: Mapping[str, Any], people: int, *, classifies: bool) -> TrainingNetwork:
    """Build the network for training.

    Raises:
        ConfigError: ``model_cfg`` does not fit, or its network has no classifier where one is wanted.
    """
    name = model_cfg.get("model")
    if classifies and name in WITHOUT_CLASSIFIER:
        raise ConfigError(
            f"{name} has no classifier, and the cross-entropy has a weight: set "
            "losses.cross_entropy.weight to 0"
        )
    network = build_opengait(with_classes(model_cfg, people, classifies=classifies))
    _spread_weights(network)
    return TrainingNetwork(network, classifies=classifies)


def _spread_weights(network: nn.Module) -> None:
    """Start convolutions so that signals keep their size through many layers; the rest keep torch's start.

    Source:
        Delving Deep into Rectifiers (He et al., ICCV 2015), fan out, as the field's residual networks start.
    """
    for layer in network.modules():
        if isinstance(layer, nn.Conv1d | nn.Conv2d | nn.Conv3d):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def fix_statistics(network: nn.Module) -> None:
    """Keep every batch normalisation's statistics as they are, also in training mode."""
    for layer in network.modules():
        if isinstance(layer, _BatchNorm):
            layer.eval()


def as_input(walks: Tensor, device: torch.device) -> Tensor:
    """Return uint8 walks on ``device`` as the network takes them: float32 in [0, 1]."""
    return walks.to(device, non_blocking=True).float() / 255
