"""MultiGait++: two kinds of images per frame, what they share and what sets them apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import torch
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
from gaitway.models.opengait.deepgaitv2 import BINS, EMBEDDING
from gaitway.models.opengait.fusion import SQUEEZE, squeeze_net
from gaitway.models.opengait.pseudo3d import frame_stage, stage, stem
from gaitway.models.opengait.skeletongaitpp import WIDTH


class CommonAndOwn(nn.Module):
    """Part two branches into what is common and what is each one's own (C2Fusion)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv2 = squeeze_net(channels, channels // SQUEEZE, channels, 1)
        self.conv1 = squeeze_net(channels, channels // SQUEEZE, channels, 1)

    def forward(
        self, first: Float[Tensor, "n c t h w"], second: Float[Tensor, "n c t h w"]
    ) -> tuple[Float[Tensor, "n c t h w"], Float[Tensor, "n c t h w"], Float[Tensor, "n c t h w"]]:
        """Return the first's own features, the second's own, and the common ones."""
        scores = torch.stack([self.conv1(first), self.conv2(second)]).softmax(dim=0)
        own_first, own_second = scores[0] * first, scores[1] * second
        return own_first, own_second, own_first + own_second


class JoinFrames(nn.Module):
    """Join the branches by one 1x1 convolution on every frame."""

    def __init__(self, channels: int, branches: int) -> None:
        super().__init__()
        self.conv = PerFrame(nn.Sequential(nn.Conv2d(branches * channels, channels, 1, bias=False)))

    def forward(self, *features: Float[Tensor, "n c t h w"]) -> Float[Tensor, "n c t h w"]:
        """Return the joined features."""
        return cast("Tensor", self.conv(torch.cat(features, dim=1)))


class MultiGaitPP(GaitNetwork):
    """Three branches between the first and the last layer: each kind's own, and the common one.

    The weights' names and shapes are the published ones, but no published output was at hand to check the
    arithmetic of the two fusions against (docs/decisions/0053): it is our reading of the paper's summary.
    Networks trained here are consistent; embeddings of a published checkpoint may differ from its authors'.

    Source:
        Exploring More from Multiple Gait Modalities for Human Identification (Jin et al., arXiv 2412.11495).
    """

    def __init__(self, model_cfg: Mapping[str, Any]) -> None:
        super().__init__()
        backbone = model_cfg["Backbone"]
        counts = backbone["blocks"]
        first, second, third, fourth = (backbone["C"] * WIDTH * scale for scale in (1, 2, 4, 8))
        self.first_channels = int(backbone["part1_channel"])
        self.part1_layer0 = stem(self.first_channels, first)
        self.part2_layer0 = stem(int(backbone["part2_channel"]), first)
        self.part1_layer1 = frame_stage(first, first, 1, counts[0])
        self.part2_layer1 = frame_stage(first, first, 1, counts[0])
        self.fusion = JoinFrames(third, 3)
        self.part1_layer2, self.part2_layer2, self.layer2 = (
            stage("p3d", first, second, 2, counts[1]) for _ in range(3)
        )
        self.part1_layer3, self.part2_layer3, self.layer3 = (
            stage("p3d", second, third, 2, counts[2]) for _ in range(3)
        )
        self.layer4 = stage("p3d", third, fourth, 1, counts[3])
        self.csquare = CommonAndOwn(first)
        self.FCs = SeparateFCs(sum(BINS), fourth, EMBEDDING)
        self.BNNecks = SeparateBNNecks(sum(BINS), EMBEDDING, model_cfg["SeparateBNNecks"]["class_num"])

    def embed(self, walks: Float[Tensor, "n c t h w"]) -> Float[Tensor, "n d p"]:
        """Return the parts' features, before the neck; the first kind's channels come first."""
        first = self.part1_layer1(self.part1_layer0(walks[:, : self.first_channels]))
        second = self.part2_layer1(self.part2_layer0(walks[:, self.first_channels :]))
        first, second, common = self.csquare(first, second)
        joined = self.fusion(
            self.part1_layer3(self.part1_layer2(first)),
            self.part2_layer3(self.part2_layer2(second)),
            self.layer3(self.layer2(common)),
        )
        features: Tensor = self.FCs(pool_strips(pool_frames(self.layer4(joined)), BINS))
        return features

    def classify(
        self, features: Float[Tensor, "n d p"]
    ) -> tuple[Float[Tensor, "n d p"], Float[Tensor, "n k p"]]:
        """Return the neck's normalised features and the logits."""
        after_bn, logits = self.BNNecks(features)
        return after_bn, logits
