"""PP-HumanSegV2-Mobile in torch: PPLiteSeg on an STDC1 backbone.

Modules are registered in the order in which the published graph numbers its layers, so that
``paddle_names`` can say which published tensor is which.

Source:
    PP-LiteSeg (Peng et al., arXiv 2204.02681), Rethinking BiSeNet / STDC (Fan et al., CVPR 2021) and the
    published inference graph of PaddleSeg (Apache-2.0); differs: none in the result.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own name for it

from gaitway.errors import ConfigError

CONTEXT_BINS = (1, 2, 4)
HEAD_WIDTH = 4


class ConvBn(nn.Module):
    """Convolution, batch normalisation and, unless told otherwise, ReLU."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: int = 3,
        stride: int = 1,
        *,
        groups: int = 1,
        bias: bool = False,
        relu: bool = True,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            in_channels, out_channels, kernel, stride, kernel // 2, groups=groups, bias=bias
        )
        self.bn = nn.BatchNorm2d(out_channels)
        self.relu = relu

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c2 h2 w2"]:
        """Apply the three."""
        y: Tensor = self.bn(self.conv(x))
        return y.relu() if self.relu else y


class ShortTermDense(nn.Module):
    """STDC block: four convolutions in a row, each half as wide, all joined."""

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        half = out_channels // 2
        self.down = ConvBn(half, half, 3, 2, groups=half, relu=False) if stride == 2 else None
        self.skip = nn.AvgPool2d(3, 2, 1, count_include_pad=False) if stride == 2 else None
        self.first = ConvBn(in_channels, half, 1)
        self.rest = nn.ModuleList(
            ConvBn(out_channels // a, out_channels // b) for a, b in ((2, 4), (4, 8), (8, 8))
        )

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c2 h2 w2"]:
        """Return the four results side by side."""
        first = self.first(x)
        y = first if self.down is None else self.down(first)
        joined = [first if self.skip is None else self.skip(first)]
        for conv in self.rest:
            y = conv(y)
            joined.append(y)
        return torch.cat(joined, dim=1)


class Stdc(nn.Module):
    """STDC1: features at strides 4, 8, 16 and 32."""

    def __init__(self, base: int) -> None:
        super().__init__()
        widths = [base, 4 * base, 8 * base, 16 * base]
        self.stem = nn.Sequential(ConvBn(3, base // 2, 3, 2), ConvBn(base // 2, base, 3, 2))
        self.stages = nn.ModuleList(
            nn.Sequential(ShortTermDense(a, b, 2), ShortTermDense(b, b, 1)) for a, b in pairwise(widths)
        )

    def forward(self, x: Float[Tensor, "n c h w"]) -> list[Tensor]:
        """Return the features, finest first."""
        features = [self.stem(x)]
        for stage in self.stages:
            features.append(stage(features[-1]))
        return features


class PyramidContext(nn.Module):
    """Sum of the features averaged over grids of 1x1, 2x2 and 4x4, at the features' own size."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.stages = nn.ModuleList(ConvBn(in_channels, out_channels, 1, bias=True) for _ in CONTEXT_BINS)
        self.out = ConvBn(out_channels, out_channels, 3, bias=True)

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c2 h w"]:
        """Return the context."""
        pooled = [
            stage(F.adaptive_avg_pool2d(x, b)) for b, stage in zip(CONTEXT_BINS, self.stages, strict=True)
        ]
        return cast("Tensor", self.out(sum(_resize(y, x) for y in pooled)))


class AttentionFusion(nn.Module):
    """Mix fine and coarse features by a weight per pixel (UAFM, spatial attention)."""

    def __init__(self, fine_channels: int, coarse_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv_fine = ConvBn(fine_channels, coarse_channels)
        self.conv_out = ConvBn(coarse_channels, out_channels)
        self.attention = nn.Sequential(ConvBn(4, 2), ConvBn(2, 1, relu=False), nn.Sigmoid())

    def forward(
        self, fine: Float[Tensor, "n c h w"], coarse: Float[Tensor, "n c2 h2 w2"]
    ) -> Float[Tensor, "n c3 h w"]:
        """Return the mix at the fine size."""
        x = self.conv_fine(fine)
        y = _resize(coarse, x)
        seen = [
            x.mean(1, keepdim=True),
            x.amax(1, keepdim=True),
            y.mean(1, keepdim=True),
            y.amax(1, keepdim=True),
        ]
        weight = self.attention(torch.cat(seen, dim=1))
        return cast("Tensor", self.conv_out(x * weight + y * (1 - weight)))


class HumanSeg(nn.Module):
    """PP-HumanSegV2-Mobile.

    Args:
        base: Channels at stride 4; 64 in the published network.
    """

    def __init__(self, base: int = 64) -> None:
        super().__init__()
        fine = (base, 4 * base, 8 * base, 16 * base)
        out = (HEAD_WIDTH, base // 4, base // 2, base)
        coarse = (base // 4, base // 2, base, 2 * base)
        self.backbone = Stdc(base)
        self.context = PyramidContext(fine[-1], coarse[-1])
        self.fusions = nn.ModuleList(AttentionFusion(*c) for c in zip(fine, coarse, out, strict=True))
        self.head = ConvBn(HEAD_WIDTH, HEAD_WIDTH)
        self.classifier = nn.Conv2d(HEAD_WIDTH, 2, 1, bias=False)

    def forward(self, images: Float[Tensor, "n 3 h w"]) -> Float[Tensor, "n 2 h w"]:
        """Return the probabilities of background and person.

        Args:
            images: RGB, (v / 255 - 0.5) / 0.5, any size from 32x32.
        """
        features = self.backbone(images)
        y = self.context(features[-1])
        for fusion, fine in zip(reversed(self.fusions), reversed(features), strict=True):
            y = fusion(fine, y)
        return _resize(self.classifier(self.head(y)), images).softmax(dim=1)


def build_humanseg(base: int = 64) -> HumanSeg:
    """Build PP-HumanSegV2-Mobile, untrained, in evaluation mode.

    Raises:
        ConfigError: ``base`` cannot be divided as the network needs.
    """
    if base < 4 or base % 4:
        raise ConfigError(
            f"PP-HumanSeg base width is {base}, wanted a multiple of 4: the published one is 64"
        )
    return HumanSeg(base).eval()


def paddle_names(network: HumanSeg) -> dict[str, str]:
    """Return the published tensor name of every entry of the network's state_dict.

    Batch counters have no published counterpart and are left out.
    """
    names: dict[str, str] = {}
    for number, (prefix, module) in enumerate(_numbered(network)):
        convolution = prefix if isinstance(module, nn.Conv2d) else f"{prefix}.conv"
        names[f"{convolution}.weight"] = f"conv2d_{number}.w_0"
        names[f"{convolution}.bias"] = f"conv2d_{number}.b_0"
        leaves = zip(
            ("weight", "bias", "running_mean", "running_var"), ("w_0", "b_0", "w_1", "w_2"), strict=True
        )
        names |= {f"{prefix}.bn.{ours}": f"batch_norm2d_{number}.{theirs}" for ours, theirs in leaves}
    return {key: name for key, name in names.items() if key in network.state_dict()}


def _numbered(network: HumanSeg) -> Iterator[tuple[str, nn.Module]]:
    """List the layers in the published graph's order: as registered."""
    for name, module in network.named_modules():
        if isinstance(module, ConvBn) or module is network.classifier:
            yield name, module


def _resize(x: Tensor, like: Tensor) -> Tensor:
    """Resize bilinearly to the height and width of ``like``."""
    size: Sequence[int] = like.shape[-2:]
    return F.interpolate(x, size=list(size), mode="bilinear", align_corners=False)
