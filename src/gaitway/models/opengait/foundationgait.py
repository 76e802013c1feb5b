"""FoundationGait: a deeper DeepGaitV2, trained on many data sets at once, tuned to one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own name for it

from gaitway.models.opengait.blocks import (
    GaitNetwork,
    PartBatchNorm,
    SeparateBNNecks,
    SeparateFCs,
    pool_frames,
    pool_strips,
)
from gaitway.models.opengait.pseudo3d import frame_stage, stage, stem


class PretrainedBackbone(nn.Module):
    """DeepGaitV2's layers and the heads that its self-supervised pre-training used."""

    def __init__(self, backbone: Mapping[str, Any], bins: list[int]) -> None:
        super().__init__()
        first, second, third, fourth = backbone["channels"]
        counts, mode, parts = backbone["layers"], backbone["mode"], sum(bins)
        self.bins = bins
        self.layer0 = stem(backbone["in_channels"], first)
        self.layer1 = frame_stage(first, first, 1, counts[0])
        self.layer2 = stage(mode, first, second, 2, counts[1])
        self.layer3 = stage(mode, second, third, 2, counts[2])
        self.layer4 = stage(mode, third, fourth, 1, counts[3])
        self.projector = nn.Sequential(
            SeparateFCs(parts, fourth, fourth),
            PartBatchNorm(parts, fourth),
            nn.ReLU(),
            SeparateFCs(parts, fourth, fourth),
            PartBatchNorm(parts, fourth),
        )
        self.predictor = nn.Sequential(
            SeparateFCs(parts, fourth, fourth),
            PartBatchNorm(parts, fourth),
            nn.ReLU(),
            SeparateFCs(parts, fourth, fourth),
        )

    def forward(self, walks: Float[Tensor, "n c t h w"]) -> Float[Tensor, "n d p"]:
        """Return the parts' projected features, of length 1 per part."""
        x = self.layer2(self.layer1(self.layer0(walks)))
        x = self.layer4(self.layer3(x))
        return F.normalize(self.projector(pool_strips(pool_frames(x), self.bins)), dim=1)


class FoundationGait(GaitNetwork):
    """The pre-trained layers with a head of their own, as fine-tuned on one data set.

    The predictor serves pre-training only; it is part of the published weights.

    Source:
        Silhouette-based Gait Foundation Model (Ye et al., arXiv 2512.00691).
    """

    def __init__(self, model_cfg: Mapping[str, Any]) -> None:
        super().__init__()
        self.teacher_backbone = PretrainedBackbone(model_cfg["Backbone"], list(model_cfg["bin_num"]))
        self.FCs = SeparateFCs(**model_cfg["SeparateFCs"])
        self.BNNecks = SeparateBNNecks(**model_cfg["SeparateBNNecks"])

    def embed(self, walks: Float[Tensor, "n c t h w"]) -> Float[Tensor, "n d p"]:
        """Return the parts' features, before the neck."""
        features: Tensor = self.FCs(self.teacher_backbone(walks))
        return features

    def classify(
        self, features: Float[Tensor, "n d p"]
    ) -> tuple[Float[Tensor, "n d p"], Float[Tensor, "n k p"]]:
        """Return the neck's normalised features and the logits."""
        after_bn, logits = self.BNNecks(features)
        return after_bn, logits
