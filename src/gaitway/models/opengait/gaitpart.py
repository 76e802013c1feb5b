"""GaitPart: focal convolutions, and short motion of every body part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own name for it

from gaitway.models.opengait.blocks import GaitNetwork, PerFrame, SeparateFCs, pool_strips
from gaitway.models.opengait.gaitbase import build_backbone

SQUEEZE = 4  # channels inside the attention, as a fraction


class Conv1d(nn.Module):
    """A bias-free convolution over time under the key ``conv``."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(in_channels, out_channels, kernel, padding=kernel // 2, bias=False)

    def forward(self, x: Float[Tensor, "n c t"]) -> Float[Tensor, "n c2 t"]:
        """Convolve."""
        return cast("Tensor", self.conv(x))


def attention(channels: int, kernel: int) -> nn.Sequential:
    """Return the network that scores every channel of every frame of one part."""
    hidden = channels // SQUEEZE
    return nn.Sequential(Conv1d(channels, hidden, 3), nn.LeakyReLU(), Conv1d(hidden, channels, kernel))


def pool_window(x: Float[Tensor, "n c t"], frames: int) -> Float[Tensor, "n c t"]:
    """Return mean plus maximum over a window of frames; frames outside the walk count as 0 in the mean."""
    half = frames // 2
    return F.avg_pool1d(x, frames, 1, half) + F.max_pool1d(x, frames, 1, half)


class MicroMotion(nn.Module):
    """Micro-motion capture: attention over windows of 3 and 5 frames, then the maximum over time."""

    def __init__(self, parts_num: int, channels: int) -> None:
        super().__init__()
        self.conv1d3x1 = nn.ModuleList(attention(channels, 1) for _ in range(parts_num))
        self.conv1d3x3 = nn.ModuleList(attention(channels, 3) for _ in range(parts_num))

    def forward(self, x: Float[Tensor, "n c t p"]) -> Float[Tensor, "n c p"]:
        """Return every part's motion."""
        motions = []
        for part, short, long in zip(x.unbind(-1), self.conv1d3x1, self.conv1d3x3, strict=True):
            near = pool_window(part, 3) * short(part).sigmoid()
            far = pool_window(part, 5) * long(part).sigmoid()
            motions.append((near + far).max(dim=-1).values)
        return torch.stack(motions, dim=-1)


class PerPart(nn.Module):
    """Holds the parts' motion network under its published key."""

    def __init__(self, pooling_func: MicroMotion) -> None:
        super().__init__()
        self.pooling_func = pooling_func

    def forward(self, x: Float[Tensor, "n c t p"]) -> Float[Tensor, "n c p"]:
        """Apply it."""
        return cast("Tensor", self.pooling_func(x))


class GaitPart(GaitNetwork):
    """Body parts, each with its own micro-motion patterns.

    Source:
        GaitPart: Temporal Part-Based Model for Gait Recognition (Fan et al., CVPR 2020).
    """

    def __init__(self, model_cfg: Mapping[str, Any]) -> None:
        super().__init__()
        head = model_cfg["SeparateFCs"]
        self.bins = list(model_cfg["bin_num"])
        self.Backbone = PerFrame(build_backbone(model_cfg["backbone_cfg"]))
        self.Head = SeparateFCs(**head)
        self.TFA = PerPart(MicroMotion(head["parts_num"], head["in_channels"]))

    def embed(self, walks: Float[Tensor, "n c t h w"]) -> Float[Tensor, "n d p"]:
        """Return the parts' features."""
        x = self.Backbone(walks)
        n, c, t = x.shape[:3]
        strips = pool_strips(x.transpose(1, 2).reshape(n * t, c, *x.shape[3:]), self.bins)
        motions = self.TFA(strips.reshape(n, t, c, -1).transpose(1, 2))
        return cast("Tensor", self.Head(motions))
