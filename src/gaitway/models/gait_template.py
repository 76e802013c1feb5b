"""Our default gait network: five template pictures of a walk to 16 body parts and one whole."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class GaitTemplateConfig:
    """Size of the network.

    Attributes:
        maps: Pictures of a walk.
        widths: Channels of the three stages.
        parts: Horizontal strips.
        channels: Length of a part's embedding.
    """

    maps: int = 5
    widths: tuple[int, int, int] = (32, 64, 128)
    parts: int = 16
    channels: int = 64


class Residual(nn.Module):
    """Two 3x3 convolutions beside a shortcut."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
            nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        same = inputs == outputs
        self.shortcut = nn.Identity() if same else nn.Conv2d(inputs, outputs, 1, bias=False)

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c2 h w"]:
        """Add the block's change to its input."""
        return torch.relu(self.body(x) + self.shortcut(x))


class GaitTemplateNet(nn.Module):
    """Maps (N, 5, 64, 44) in [0, 1] to (N, P + 1, C): strips and the whole, each of unit length.

    Source:
        Horizontal strips with a linear map each: GaitSet (AAAI 2019) and GLN (ECCV 2020); differs: 2-D
        templates instead of frames, mean and maximum pooled side by side.
    """

    def __init__(self, config: GaitTemplateConfig | None = None) -> None:
        super().__init__()
        self.config = config or GaitTemplateConfig()
        first, second, third = self.config.widths
        self.stem = nn.Sequential(
            nn.Conv2d(self.config.maps, first, 5, stride=2, padding=2, bias=False),
            nn.BatchNorm2d(first),
            nn.ReLU(inplace=True),
        )
        self.stages = nn.Sequential(
            Residual(first, first), Residual(first, second), nn.MaxPool2d((1, 2)), Residual(second, second),
            nn.MaxPool2d((2, 1)), Residual(second, third), Residual(third, third),
        )  # fmt: skip
        heads = self.config.parts + 1
        self.maps_to_parts = nn.Parameter(
            torch.randn(heads, 2 * third, self.config.channels) / (2 * third) ** 0.5
        )

    def forward(self, x: Float[Tensor, "n m 64 44"]) -> Float[Tensor, "n p c"]:
        """Embed template maps."""
        features = self.stages(self.stem(x))
        rows = torch.cat([features.mean(dim=3), features.amax(dim=3)], dim=1)  # (N, 2C, 16)
        strips = nn.functional.adaptive_avg_pool1d(rows, self.config.parts)
        whole = rows.mean(dim=2, keepdim=True)
        pooled = torch.cat([strips, whole], dim=2).permute(2, 0, 1)
        parts = torch.bmm(pooled, self.maps_to_parts.to(pooled.dtype)).transpose(0, 1)
        return nn.functional.normalize(parts.float(), dim=2)
