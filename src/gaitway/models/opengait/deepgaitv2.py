"""DeepGaitV2: a deep residual network over space and time. On skeleton maps it is called SkeletonGait."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jaxtyping import Float
from torch import Tensor

from gaitway.models.opengait.blocks import GaitNetwork, SeparateBNNecks, SeparateFCs, pool_frames, pool_strips
from gaitway.models.opengait.pseudo3d import frame_stage, stage, stem

BINS = (16,)
EMBEDDING = 256


class DeepGaitV2(GaitNetwork):
    """One stem, one layer on frames, three layers in the mode asked for.

    Source:
        Exploring Deep Models for Practical Gait Recognition (Fan et al., arXiv 2303.03301); SkeletonGait:
        Gait Recognition Using Skeleton Maps (Fan et al., AAAI 2024) is the same network on two skeleton maps.
    """

    def __init__(self, model_cfg: Mapping[str, Any]) -> None:
        super().__init__()
        backbone = model_cfg["Backbone"]
        first, second, third, fourth = backbone["channels"]
        counts, mode = backbone["layers"], backbone["mode"]
        self.compares_after_bn = bool(model_cfg.get("use_emb2", False))
        self.layer0 = stem(backbone["in_channels"], first)
        self.layer1 = frame_stage(first, first, 1, counts[0])
        self.layer2 = stage(mode, first, second, 2, counts[1])
        self.layer3 = stage(mode, second, third, 2, counts[2])
        self.layer4 = stage(mode, third, fourth, 1, counts[3])
        self.FCs = SeparateFCs(sum(BINS), fourth, EMBEDDING)
        self.BNNecks = SeparateBNNecks(sum(BINS), EMBEDDING, model_cfg["SeparateBNNecks"]["class_num"])

    def embed(self, walks: Float[Tensor, "n c t h w"]) -> Float[Tensor, "n d p"]:
        """Return the parts' features, before the neck."""
        x = self.layer2(self.layer1(self.layer0(walks)))
        x = self.layer4(self.layer3(x))
        features: Tensor = self.FCs(pool_strips(pool_frames(x), BINS))
        return features

    def classify(
        self, features: Float[Tensor, "n d p"]
    ) -> tuple[Float[Tensor, "n d p"], Float[Tensor, "n k p"]]:
        """Return the neck's normalised features and the logits."""
        after_bn, logits = self.BNNecks(features)
        return after_bn, logits

    def forward(self, walks: Float[Tensor, "n c t h w"]) -> Float[Tensor, "n d p"]:
        """Return the features by which walks are compared: after the neck's normalisation if ``use_emb2``."""
        features = self.embed(walks)
        return self.classify(features)[0] if self.compares_after_bn else features
