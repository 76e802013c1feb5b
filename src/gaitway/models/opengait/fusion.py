"""How networks of two kinds of images per frame join their branches."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gaitway.models.opengait.blocks import PerFrame

SQUEEZE = 16  # channels inside the attention, as a fraction


def squeeze_net(in_channels: int, hidden: int, out_channels: int, kernel: int) -> PerFrame:
    """Return three convolutions through a narrow middle, on every frame."""
    return PerFrame(
        nn.Sequential(
            nn.Conv2d(in_channels, hidden, 1, bias=False),
            nn.BatchNorm2d(hidden),
            nn.ReLU(),
            nn.Conv2d(hidden, hidden, kernel, 1, kernel // 2, bias=False),
            nn.BatchNorm2d(hidden),
            nn.ReLU(),
            nn.Conv2d(hidden, out_channels, 1, bias=False),
        )
    )


class AttentionFusion(nn.Module):
    """Weigh branches against each other at every place and in every channel, by a softmax over branches.

    Source:
        SkeletonGait: Gait Recognition Using Skeleton Maps (Fan et al., AAAI 2024), attention fusion.
    """

    def __init__(self, channels: int, branches: int = 2) -> None:
        super().__init__()
        self.branches = branches
        self.conv = squeeze_net(branches * channels, channels // SQUEEZE, branches * channels, 3)

    def forward(self, features: Sequence[Float[Tensor, "n c t h w"]]) -> Float[Tensor, "n c t h w"]:
        """Return the weighted sum of the branches."""
        joined = torch.cat(list(features), dim=1)
        n, _, t, h, w = joined.shape
        shape = (n, self.branches, -1, t, h, w)
        scores = self.conv(joined).reshape(shape).softmax(dim=1)
        mixed: Tensor = (scores * joined.reshape(shape)).sum(dim=1)
        return mixed
