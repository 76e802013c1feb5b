"""SwinGait: DeepGaitV2's first layers, then windowed attention over space and time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own name for it

from gaitway.models.opengait.blocks import GaitNetwork, SeparateBNNecks, SeparateFCs, pool_frames, pool_strips
from gaitway.models.opengait.deepgaitv2 import EMBEDDING
from gaitway.models.opengait.pseudo3d import frame_stage, stage, stem
from gaitway.models.opengait.swin3d import SwinStage, Window

WINDOW: Window = (3, 3, 5)
PATCH = (1, 2, 2)
GRID = (30, 20)  # rows and columns of what the transformer sees, before it is cut into patches
HEADS = (16, 32)


class PatchEmbedding(nn.Module):
    """Turn every 2x2 patch of every frame into a token."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.proj = nn.Conv3d(in_channels, out_channels, PATCH, PATCH)
        self.norm = nn.LayerNorm(out_channels)

    def forward(self, x: Float[Tensor, "n c t h w"]) -> Float[Tensor, "n t h2 w2 c2"]:
        """Return the tokens, channels last."""
        return cast("Tensor", self.norm(self.proj(x).permute(0, 2, 3, 4, 1)))


class Transformer(nn.Module):
    """Two stages of windowed attention on an unchanging grid of tokens."""

    def __init__(self, in_channels: int, depths: Sequence[int]) -> None:
        super().__init__()
        width = 2 * in_channels
        self.patch_embed = PatchEmbedding(in_channels, width)
        self.layers = nn.ModuleList(
            SwinStage(width << i, depth, WINDOW, HEADS[i], widens=i + 1 < len(depths))
            for i, depth in enumerate(depths)
        )
        self.out_channels = width << (len(depths) - 1)
        self.norm = nn.LayerNorm(self.out_channels)

    def forward(self, x: Float[Tensor, "n c t h w"]) -> Float[Tensor, "n c2 t h2 w2"]:
        """Return the tokens' features, channels first."""
        x = self.patch_embed(x)
        for layer in self.layers:
            x = layer(x)
        return cast("Tensor", self.norm(x)).permute(0, 4, 1, 2, 3)


class SwinGait(GaitNetwork):
    """Convolutions for the fine grid, attention for the coarse one.

    Source:
        Exploring Deep Models for Practical Gait Recognition (Fan et al., arXiv 2303.03301), section 4.
    """

    def __init__(self, model_cfg: Mapping[str, Any]) -> None:
        super().__init__()
        backbone = model_cfg["Backbone"]
        first, second = backbone["channels"]
        counts = backbone["layers"]
        self.bins = list(model_cfg["bin_num"])
        self.layer0 = stem(backbone["in_channels"], first)
        self.layer1 = frame_stage(first, first, 1, counts[0])
        self.layer2 = stage(backbone["mode"], first, second, 2, counts[1])
        self.transformer = Transformer(second, counts[2:])
        neck = model_cfg["SeparateBNNecks"]
        self.FCs = SeparateFCs(neck["parts_num"], self.transformer.out_channels, EMBEDDING)
        self.BNNecks = SeparateBNNecks(neck["parts_num"], neck["in_channels"], neck["class_num"])

    def embed(self, walks: Float[Tensor, "n c t h w"]) -> Float[Tensor, "n d p"]:
        """Return the parts' features, before the neck."""
        x = self.layer2(self.layer1(self.layer0(walks)))
        x = F.interpolate(x, (x.shape[2], *GRID), mode="trilinear", align_corners=True)
        x = self.transformer(x)
        features: Tensor = self.FCs(pool_strips(pool_frames(x), self.bins))
        return features

    def classify(
        self, features: Float[Tensor, "n d p"]
    ) -> tuple[Float[Tensor, "n d p"], Float[Tensor, "n k p"]]:
        """Return the neck's normalised features and the logits."""
        after_bn, logits = self.BNNecks(features)
        return after_bn, logits
