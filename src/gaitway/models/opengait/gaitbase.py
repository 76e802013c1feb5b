"""GaitBase: a residual network per frame, set pooling, horizontal strips. And ScoNet, its twin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from gaitway.models.opengait.blocks import (
    GaitNetwork,
    PerFrame,
    SeparateBNNecks,
    SeparateFCs,
    pool_frames,
    pool_strips,
)
from gaitway.models.opengait.plain import Plain
from gaitway.models.opengait.resnet import ResNet9


def build_backbone(config: Mapping[str, Any]) -> nn.Module:
    """Return the frame backbone that ``backbone_cfg`` describes: ResNet9 or Plain."""
    if config["type"] == "Plain":
        return Plain(config["layers_cfg"], config.get("in_channels", 1))
    if config["type"] == "ResNet9" and config.get("block", "BasicBlock") == "BasicBlock":
        return ResNet9(
            config["channels"],
            config["layers"],
            config["strides"],
            config.get("in_channel", 1),
            maxpool=config.get("maxpool", True),
        )
    raise ValueError(
        f"backbone {config['type']} of {config.get('block')}, wanted ResNet9 of BasicBlock, or Plain"
    )


class GaitBase(GaitNetwork):
    """The field's baseline for every silhouette data set.

    Source:
        OpenGait: Revisiting Gait Recognition Toward Better Practicality (Fan et al., CVPR 2023).
    """

    def __init__(self, model_cfg: Mapping[str, Any]) -> None:
        super().__init__()
        self.bins = list(model_cfg["bin_num"])
        self.Backbone = PerFrame(build_backbone(model_cfg["backbone_cfg"]))
        self.FCs = SeparateFCs(**model_cfg["SeparateFCs"])
        self.BNNecks = SeparateBNNecks(**model_cfg["SeparateBNNecks"])

    def embed(self, walks: Float[Tensor, "n c t h w"]) -> Float[Tensor, "n d p"]:
        """Return the parts' features, before the neck."""
        features: Tensor = self.FCs(pool_strips(pool_frames(self.Backbone(walks)), self.bins))
        return features

    def classify(
        self, features: Float[Tensor, "n d p"]
    ) -> tuple[Float[Tensor, "n d p"], Float[Tensor, "n k p"]]:
        """Return the neck's normalised features and the logits."""
        after_bn, logits = self.BNNecks(features)
        return after_bn, logits


class ScoNet(GaitBase):
    """GaitBase that screens walks for scoliosis: what it gives per part are the logits of three classes.

    Source:
        Gait Patterns as Biomarkers: A Video-Based Approach for Classifying Scoliosis (Zhou et al., MICCAI
        2024).
    """

    def forward(self, walks: Float[Tensor, "n c t h w"]) -> Float[Tensor, "n k p"]:
        """Return the class logits per part."""
        return self.classify(self.embed(walks))[1]
