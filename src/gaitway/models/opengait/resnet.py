"""ResNet-like and plain backbones on single frames, with the published keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from jaxtyping import Float
from torch import Tensor, nn

from gaitway.models.opengait.blocks import Conv2d


def shortcut2d(in_channels: int, out_channels: int, stride: int) -> nn.Sequential:
    """Return the projection of a residual block that changes its input's shape."""
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 1, stride, bias=False), nn.BatchNorm2d(out_channels)
    )


class BasicBlock2d(nn.Module):
    """Two 3x3 convolutions round a residual.

    Source:
        Deep Residual Learning for Image Recognition (He et al., CVPR 2016), the basic block.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        changes = stride != 1 or in_channels != out_channels
        self.downsample = shortcut2d(in_channels, out_channels, stride) if changes else None

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c2 h2 w2"]:
        """Return the block's output."""
        y = self.bn1(self.conv1(x)).relu()
        y = self.bn2(self.conv2(y))
        return cast("Tensor", (y + (x if self.downsample is None else self.downsample(x))).relu())


def stack(
    block: type[nn.Module], in_channels: int, out_channels: int, stride: int, count: int
) -> nn.Sequential:
    """Return ``count`` blocks, of which the first changes channels and stride."""
    first = block(in_channels, out_channels, stride)
    return nn.Sequential(first, *(block(out_channels, out_channels) for _ in range(count - 1)))


class ResNet9(nn.Module):
    """GaitBase's residual backbone: a 3x3 stem and four layers of basic blocks.

    Source:
        OpenGait: Revisiting Gait Recognition Toward Better Practicality (Fan et al., CVPR 2023), table 3.
    """

    def __init__(
        self,
        channels: Sequence[int],
        layers: Sequence[int],
        strides: Sequence[int],
        in_channel: int = 1,
        *,
        maxpool: bool = True,
    ) -> None:
        super().__init__()
        self.conv1 = Conv2d(in_channel, channels[0], 3, 1, 1)
        self.bn1 = nn.BatchNorm2d(channels[0])
        self.maxpool = nn.MaxPool2d(3, 2, 1) if maxpool else nn.Identity()
        widths = [channels[0], *channels]
        self.layer1, self.layer2, self.layer3, self.layer4 = (
            stack(BasicBlock2d, widths[i], widths[i + 1], strides[i], layers[i]) for i in range(4)
        )

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c2 h2 w2"]:
        """Return the last layer's features."""
        y = self.maxpool(self.bn1(self.conv1(x)).relu())
        return cast("Tensor", self.layer4(self.layer3(self.layer2(self.layer1(y)))))
