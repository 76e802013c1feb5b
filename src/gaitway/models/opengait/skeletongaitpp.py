"""SkeletonGait++: skeleton maps and silhouettes, each with a branch of its own, joined by attention."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jaxtyping import Float
from torch import Tensor

from gaitway.models.opengait.blocks import GaitNetwork, SeparateBNNecks, SeparateFCs, pool_frames, pool_strips
from gaitway.models.opengait.deepgaitv2 import BINS, EMBEDDING
from gaitway.models.opengait.fusion import AttentionFusion
from gaitway.models.opengait.pseudo3d import frame_stage, stage, stem

WIDTH = 32  # channels of the first layer per unit of the configuration's C


class SkeletonGaitPP(GaitNetwork):
    """DeepGaitV2 whose first two layers exist twice: for the silhouette and for the skeleton maps.

    Source:
        SkeletonGait: Gait Recognition Using Skeleton Maps (Fan et al., AAAI 2024), section 3.4.
    """

    def __init__(self, model_cfg: Mapping[str, Any]) -> None:
        super().__init__()
        backbone = model_cfg["Backbone"]
        maps = backbone["in_channels"] - 1
        counts = backbone["blocks"]
        first, second, third, fourth = (backbone["C"] * WIDTH * scale for scale in (1, 2, 4, 8))
        self.sil_layer0, self.map_layer0 = stem(1, first), stem(maps, first)
        self.sil_layer1 = frame_stage(first, first, 1, counts[0])
        self.map_layer1 = frame_stage(first, first, 1, counts[0])
        self.fusion = AttentionFusion(first)
        self.layer2 = stage("p3d", first, second, 2, counts[1])
        self.layer3 = stage("p3d", second, third, 2, counts[2])
        self.layer4 = stage("p3d", third, fourth, 1, counts[3])
        self.FCs = SeparateFCs(sum(BINS), fourth, EMBEDDING)
        self.BNNecks = SeparateBNNecks(sum(BINS), EMBEDDING, model_cfg["SeparateBNNecks"]["class_num"])

    def embed(self, walks: Float[Tensor, "n c t h w"]) -> Float[Tensor, "n d p"]:
        """Return the parts' features, before the neck; the last channel of ``walks`` is the silhouette."""
        maps = self.map_layer1(self.map_layer0(walks[:, :-1]))
        silhouettes = self.sil_layer1(self.sil_layer0(walks[:, -1:]))
        x = self.layer2(self.fusion([silhouettes, maps]))
        x = self.layer4(self.layer3(x))
        features: Tensor = self.FCs(pool_strips(pool_frames(x), BINS))
        return features

    def classify(
        self, features: Float[Tensor, "n d p"]
    ) -> tuple[Float[Tensor, "n d p"], Float[Tensor, "n k p"]]:
        """Return the neck's normalised features and the logits."""
        after_bn, logits = self.BNNecks(features)
        return after_bn, logits
