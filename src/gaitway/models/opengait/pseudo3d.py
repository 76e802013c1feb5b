"""Residual blocks over space and time, and the stages that DeepGaitV2 and its relatives are made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, cast

from jaxtyping import Float
from torch import Tensor, nn

from gaitway.models.opengait.blocks import PerFrame
from gaitway.models.opengait.resnet import BasicBlock2d, stack

Mode = Literal["2d", "3d", "p3d"]
Stride = tuple[int, int]


def shortcut3d(in_channels: int, out_channels: int, stride: Stride) -> nn.Sequential:
    """Return the projection of a residual block that changes its input's shape."""
    conv = nn.Conv3d(in_channels, out_channels, 1, (1, *stride), bias=False)
    return nn.Sequential(conv, nn.BatchNorm3d(out_channels))


class BasicBlock3d(nn.Module):
    """Two 3x3x3 convolutions round a residual; time is never strided."""

    def __init__(self, in_channels: int, out_channels: int, stride: Stride = (1, 1)) -> None:
        super().__init__()
        self.conv1 = nn.Conv3d(in_channels, out_channels, 3, (1, *stride), 1, bias=False)
        self.bn1 = nn.BatchNorm3d(out_channels)
        self.conv2 = nn.Conv3d(out_channels, out_channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm3d(out_channels)
        changes = stride != (1, 1) or in_channels != out_channels
        self.downsample = shortcut3d(in_channels, out_channels, stride) if changes else None

    def forward(self, x: Float[Tensor, "n c t h w"]) -> Float[Tensor, "n c2 t h2 w2"]:
        """Return the block's output."""
        y = self.bn1(self.conv1(x)).relu()
        y = self.bn2(self.conv2(y))
        return cast("Tensor", (y + (x if self.downsample is None else self.downsample(x))).relu())


class BasicBlockP3d(nn.Module):
    """Pseudo-3D: convolutions over space in each frame, one over time round a residual between them.

    Source:
        Learning Spatio-Temporal Representation with Pseudo-3D Residual Networks (Qiu et al., ICCV 2017), as
        DeepGaitV2 (arXiv 2303.03301) arranges it.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: Stride = (1, 1)) -> None:
        super().__init__()
        conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, 1, bias=False)
        conv2 = nn.Conv2d(out_channels, out_channels, 3, 1, 1, bias=False)
        self.conv1 = PerFrame(nn.Sequential(conv1, nn.BatchNorm2d(out_channels), nn.ReLU()))
        self.conv2 = PerFrame(nn.Sequential(conv2, nn.BatchNorm2d(out_channels)))
        self.shortcut3d = nn.Conv3d(out_channels, out_channels, (3, 1, 1), 1, (1, 0, 0), bias=False)
        self.sbn = nn.BatchNorm3d(out_channels)
        changes = stride != (1, 1) or in_channels != out_channels
        self.downsample = shortcut3d(in_channels, out_channels, stride) if changes else None

    def forward(self, x: Float[Tensor, "n c t h w"]) -> Float[Tensor, "n c2 t h2 w2"]:
        """Return the block's output."""
        y = self.conv1(x)
        y = (y + self.sbn(self.shortcut3d(y))).relu()
        y = self.conv2(y)
        return cast("Tensor", (y + (x if self.downsample is None else self.downsample(x))).relu())


BLOCKS: dict[str, Callable[..., nn.Module]] = {"3d": BasicBlock3d, "p3d": BasicBlockP3d}


def stem(in_channels: int, out_channels: int) -> PerFrame:
    """Return the first convolution, on every frame."""
    conv = nn.Conv2d(in_channels, out_channels, 3, 1, 1, bias=False)
    return PerFrame(nn.Sequential(conv, nn.BatchNorm2d(out_channels), nn.ReLU()))


def frame_stage(in_channels: int, out_channels: int, stride: int, count: int) -> PerFrame:
    """Return ``count`` two-dimensional residual blocks on every frame."""
    return PerFrame(stack(BasicBlock2d, in_channels, out_channels, stride, count))


def stage(mode: str, in_channels: int, out_channels: int, stride: int, count: int) -> nn.Module:
    """Return ``count`` residual blocks of a mode: 2d, 3d or p3d.

    Raises:
        ValueError: The mode is unknown.
    """
    if mode == "2d":
        return frame_stage(in_channels, out_channels, stride, count)
    if mode not in BLOCKS:
        raise ValueError(f"mode {mode!r}, wanted 2d, 3d or p3d")
    block = BLOCKS[mode]
    first = block(in_channels, out_channels, (stride, stride))
    return nn.Sequential(first, *(block(out_channels, out_channels) for _ in range(count - 1)))
