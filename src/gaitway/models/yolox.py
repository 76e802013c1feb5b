"""YOLOX in torch, with the published state_dict keys.

Source:
    YOLOX: Exceeding YOLO Series in 2021 (Ge et al., arXiv 2107.08430) and Megvii-BaseDetection/YOLOX
    (Apache-2.0) for names and order; differs: the three poolings of SPP are chained 5x5 ones (equal values, a
    quarter of the work), and decoding is left to the caller.
"""

from __future__ import annotations

from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own name for it

from gaitway.errors import ConfigError

BN_EPS, BN_MOMENTUM = 1e-3, 0.03  # set by YOLOX's exp files after construction; torch's 1e-5 is wrong here
STRIDES = (8, 16, 32)
# variant: depth, width, depthwise
VARIANTS: dict[str, tuple[float, float, bool]] = {
    "nano": (0.33, 0.25, True),
    "tiny": (0.33, 0.375, False),
    "s": (0.33, 0.50, False),
    "m": (0.67, 0.75, False),
    "l": (1.0, 1.0, False),
    "x": (1.33, 1.25, False),
}


class ConvBnAct(nn.Module):
    """Convolution, batch normalisation, SiLU."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel: int, stride: int = 1, groups: int = 1
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            in_channels, out_channels, kernel, stride, (kernel - 1) // 2, groups=groups, bias=False
        )
        self.bn = nn.BatchNorm2d(out_channels, eps=BN_EPS, momentum=BN_MOMENTUM)
        self.act = nn.SiLU(inplace=True)

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c2 h2 w2"]:
        """Apply the three."""
        return cast("Tensor", self.act(self.bn(self.conv(x))))


class DepthwiseConv(nn.Module):
    """A depthwise convolution followed by a pointwise one."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int, stride: int = 1) -> None:
        super().__init__()
        self.dconv = ConvBnAct(in_channels, in_channels, kernel, stride, groups=in_channels)
        self.pconv = ConvBnAct(in_channels, out_channels, 1)

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c2 h2 w2"]:
        """Apply both."""
        return cast("Tensor", self.pconv(self.dconv(x)))


def spatial_conv(
    in_channels: int, out_channels: int, kernel: int, stride: int = 1, *, depthwise: bool
) -> nn.Module:
    """Return a 3x3 (or larger) convolution in the network's style."""
    block = DepthwiseConv if depthwise else ConvBnAct
    return block(in_channels, out_channels, kernel, stride)


class Bottleneck(nn.Module):
    """1x1 then 3x3 convolution, with an optional shortcut."""

    def __init__(self, channels: int, *, shortcut: bool, depthwise: bool) -> None:
        super().__init__()
        self.conv1 = ConvBnAct(channels, channels, 1)
        self.conv2 = spatial_conv(channels, channels, 3, depthwise=depthwise)
        self.shortcut = shortcut

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        """Return the refined features."""
        y: Tensor = self.conv2(self.conv1(x))
        return y + x if self.shortcut else y


class CspLayer(nn.Module):
    """Cross-stage partial layer: half the channels pass ``count`` bottlenecks, half go round them."""

    def __init__(
        self, in_channels: int, out_channels: int, count: int, *, shortcut: bool, depthwise: bool
    ) -> None:
        super().__init__()
        hidden = out_channels // 2
        self.conv1 = ConvBnAct(in_channels, hidden, 1)
        self.conv2 = ConvBnAct(in_channels, hidden, 1)
        self.conv3 = ConvBnAct(2 * hidden, out_channels, 1)
        self.m = nn.Sequential(
            *(Bottleneck(hidden, shortcut=shortcut, depthwise=depthwise) for _ in range(count))
        )

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c2 h w"]:
        """Return the joined halves."""
        return cast("Tensor", self.conv3(torch.cat([self.m(self.conv1(x)), self.conv2(x)], dim=1)))


class Focus(nn.Module):
    """Fold every 2x2 block of pixels into channels, then convolve.

    Computed as one convolution of 6x6 pixels with stride 2: the same sum, without moving the picture's
    pixels about (5 % of YOLOX-s on a CPU); ``fold`` is the definition.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv = ConvBnAct(4 * in_channels, out_channels, 3)

    @staticmethod
    def fold(x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c4 h2 w2"]:
        """Return the four pixels of every block: top left, bottom left, top right, bottom right."""
        return torch.cat([x[..., i::2, j::2] for j in (0, 1) for i in (0, 1)], dim=1)

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c2 h2 w2"]:
        """Return the stem's features at half the size."""
        conv = self.conv.conv
        out, folded = conv.weight.shape[:2]
        # From (column, row, channel, kernel row, kernel column) to rows and columns of 6x6 pixels.
        weight = conv.weight.reshape(out, 2, 2, folded // 4, 3, 3).permute(0, 3, 4, 2, 5, 1)
        y = F.conv2d(x, weight.reshape(out, folded // 4, 6, 6), conv.bias, stride=2, padding=2)
        return cast("Tensor", self.conv.act(self.conv.bn(y)))


class SpatialPyramid(nn.Module):
    """Join maximum poolings over 5, 9 and 13 pixels with their input."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        hidden = in_channels // 2
        self.conv1 = ConvBnAct(in_channels, hidden, 1)
        self.pool = nn.MaxPool2d(5, stride=1, padding=2)
        self.conv2 = ConvBnAct(4 * hidden, out_channels, 1)

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c2 h w"]:
        """Pool over 5, again (9), again (13): a maximum of maxima is the larger window's maximum."""
        levels = [self.conv1(x)]
        for _ in range(3):
            levels.append(self.pool(levels[-1]))
        return cast("Tensor", self.conv2(torch.cat(levels, dim=1)))


class CspDarknet(nn.Module):
    """The backbone: features at strides 8, 16 and 32."""

    def __init__(self, depth: float, width: float, *, depthwise: bool) -> None:
        super().__init__()
        base, count = int(width * 64), max(round(depth * 3), 1)

        def down(scale: int) -> nn.Module:
            return spatial_conv(base * scale, base * scale * 2, 3, 2, depthwise=depthwise)

        def csp(scale: int, times: int, *, shortcut: bool = True) -> nn.Module:
            return CspLayer(base * scale, base * scale, count * times, shortcut=shortcut, depthwise=depthwise)

        self.stem = Focus(3, base)
        self.dark2 = nn.Sequential(down(1), csp(2, 1))
        self.dark3 = nn.Sequential(down(2), csp(4, 3))
        self.dark4 = nn.Sequential(down(4), csp(8, 3))
        self.dark5 = nn.Sequential(down(8), SpatialPyramid(base * 16, base * 16), csp(16, 1, shortcut=False))

    def forward(self, x: Float[Tensor, "n c h w"]) -> tuple[Tensor, Tensor, Tensor]:
        """Return the features at strides 8, 16 and 32."""
        third = self.dark3(self.dark2(self.stem(x)))
        fourth = self.dark4(third)
        return third, fourth, self.dark5(fourth)


class PathAggregation(nn.Module):
    """Feature pyramid: coarse features flow down to fine ones and up again (PAFPN)."""

    def __init__(self, depth: float, width: float, *, depthwise: bool) -> None:
        super().__init__()
        c3, c4, c5 = (int(c * width) for c in (256, 512, 1024))
        count = round(3 * depth)

        def csp(in_channels: int, out_channels: int) -> nn.Module:
            return CspLayer(in_channels, out_channels, count, shortcut=False, depthwise=depthwise)

        self.backbone = CspDarknet(depth, width, depthwise=depthwise)
        self.upsample = nn.Upsample(scale_factor=2, mode="nearest")
        self.lateral_conv0 = ConvBnAct(c5, c4, 1)
        self.C3_p4 = csp(2 * c4, c4)
        self.reduce_conv1 = ConvBnAct(c4, c3, 1)
        self.C3_p3 = csp(2 * c3, c3)
        self.bu_conv2 = spatial_conv(c3, c3, 3, 2, depthwise=depthwise)
        self.C3_n3 = csp(2 * c3, c4)
        self.bu_conv1 = spatial_conv(c4, c4, 3, 2, depthwise=depthwise)
        self.C3_n4 = csp(2 * c4, c5)

    def forward(self, x: Float[Tensor, "n c h w"]) -> tuple[Tensor, Tensor, Tensor]:
        """Return the pyramid's features at strides 8, 16 and 32."""
        third, fourth, fifth = self.backbone(x)
        top = self.lateral_conv0(fifth)
        middle = self.reduce_conv1(self.C3_p4(torch.cat([self.upsample(top), fourth], dim=1)))
        out3 = self.C3_p3(torch.cat([self.upsample(middle), third], dim=1))
        out4 = self.C3_n3(torch.cat([self.bu_conv2(out3), middle], dim=1))
        out5 = self.C3_n4(torch.cat([self.bu_conv1(out4), top], dim=1))
        return out3, out4, out5


class DecoupledHead(nn.Module):
    """Boxes, objectness and classes at every cell of every level, by separate branches."""

    def __init__(self, num_classes: int, width: float, *, depthwise: bool) -> None:
        super().__init__()
        hidden = int(256 * width)

        def branch() -> nn.Module:
            return nn.Sequential(*(spatial_conv(hidden, hidden, 3, depthwise=depthwise) for _ in range(2)))

        def predictor(channels: int) -> nn.ModuleList:
            return nn.ModuleList(nn.Conv2d(hidden, channels, 1) for _ in STRIDES)

        self.cls_convs = nn.ModuleList(branch() for _ in STRIDES)
        self.reg_convs = nn.ModuleList(branch() for _ in STRIDES)
        self.cls_preds, self.reg_preds, self.obj_preds = predictor(num_classes), predictor(4), predictor(1)
        self.stems = nn.ModuleList(ConvBnAct(int(c * width), hidden, 1) for c in (256, 512, 1024))

    def forward(self, levels: tuple[Tensor, Tensor, Tensor]) -> Float[Tensor, "n a c"]:
        """Return x, y, w, h (undecoded), objectness and class scores per anchor, fine level first."""
        outputs = []
        for i, features in enumerate(levels):
            x = self.stems[i](features)
            boxes = self.reg_convs[i](x)
            classes = self.cls_preds[i](self.cls_convs[i](x)).sigmoid()
            scores = self.obj_preds[i](boxes).sigmoid()
            outputs.append(torch.cat([self.reg_preds[i](boxes), scores, classes], dim=1).flatten(2))
        return torch.cat(outputs, dim=2).transpose(1, 2)


class Yolox(nn.Module):
    """The detector's network.

    Attributes:
        num_classes: Classes it scores.
    """

    def __init__(self, depth: float, width: float, num_classes: int, *, depthwise: bool) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.backbone = PathAggregation(depth, width, depthwise=depthwise)
        self.head = DecoupledHead(num_classes, width, depthwise=depthwise)

    def forward(self, images: Float[Tensor, "n 3 h w"]) -> Float[Tensor, "n a c"]:
        """Return the raw head output: x, y, w, h undecoded, objectness and classes after the sigmoid.

        Args:
            images: Preprocessed images; height and width are multiples of 32.
        """
        return cast("Tensor", self.head(self.backbone(images)))


def build_yolox(variant: str, num_classes: int = 1) -> Yolox:
    """Build a YOLOX, untrained, in evaluation mode, with the published keys.

    Args:
        variant: nano, tiny, s, m, l or x.
        num_classes: 1 for ByteTrack's person detectors, 80 for COCO.

    Raises:
        ConfigError: The variant is unknown.
    """
    if variant not in VARIANTS:
        raise ConfigError(f"YOLOX variant {variant!r} is not one of {', '.join(VARIANTS)}")
    depth, width, depthwise = VARIANTS[variant]
    return Yolox(depth, width, num_classes, depthwise=depthwise).eval()
