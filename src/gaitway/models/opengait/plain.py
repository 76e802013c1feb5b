"""The plain convolutional backbone that GaitPart and the HID baseline name layer by layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gaitway.models.opengait.blocks import Conv2d


class FocalConv2d(nn.Module):
    """Convolve horizontal strips apart from each other, with the same weights.

    Source:
        GaitPart (Fan et al., CVPR 2020), focal convolution; ``halving`` h makes 2**h strips.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel: int, padding: int, halving: int) -> None:
        super().__init__()
        self.strips = 2**halving
        self.conv = nn.Conv2d(in_channels, out_channels, kernel, 1, padding, bias=False)

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c2 h w"]:
        """Return the strips' results, one under the other."""
        if self.strips == 1:
            return cast("Tensor", self.conv(x))
        return torch.cat([self.conv(strip) for strip in x.chunk(self.strips, dim=2)], dim=2)


def plain_layer(name: str, in_channels: int, *, is_first: bool) -> list[nn.Module]:
    """Return the modules of one entry: ``BC-64`` convolution, ``FC-64-2`` focal, ``M`` maximum pooling."""
    if name == "M":
        return [nn.MaxPool2d(2, 2)]
    kind, width, *rest = name.split("-")
    kernel, padding = (5, 2) if is_first else (3, 1)
    conv: nn.Module
    if kind == "BC":
        conv = Conv2d(in_channels, int(width), kernel, 1, padding)
    elif kind == "FC":
        conv = FocalConv2d(in_channels, int(width), kernel, padding, int(rest[0]))
    else:
        raise ValueError(f"backbone layer {name!r}, wanted BC-<width>, FC-<width>-<halving> or M")
    return [conv, nn.LeakyReLU()]


class Plain(nn.Module):
    """Convolutions with LeakyReLU and pooling, as the configuration lists them; the first has a 5x5 kernel.

    Source:
        GaitSet (AAAI 2019) and GaitPart (CVPR 2020), backbone tables.
    """

    def __init__(self, layers_cfg: Sequence[str], in_channels: int = 1) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        width = in_channels
        for name in layers_cfg:
            layers += plain_layer(name, width, is_first=not layers)
            width = width if name == "M" else int(name.split("-")[1])
        self.feature = nn.Sequential(*layers)

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c2 h2 w2"]:
        """Return the last layer's features."""
        return cast("Tensor", self.feature(x))
