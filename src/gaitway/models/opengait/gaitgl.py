"""GaitGL: three-dimensional convolutions of the whole body and of strips of it, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own name for it

from gaitway.models.opengait.blocks import GaitNetwork, SeparateBNNecks, SeparateFCs

FOLD = 3  # frames that local temporal aggregation folds into one
LARGE = 4  # a network of four widths has two convolutions per stage (OU-MVLP, GREW)
LOCAL_STRIPS = {3: 8, LARGE: 2}  # strips by number of widths


class Conv3d(nn.Module):
    """A bias-free three-dimensional convolution under the key ``conv3d``."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel: tuple[int, int, int] = (3, 3, 3), fold: int = 1
    ) -> None:
        super().__init__()
        padding: Any = (0, 0, 0) if fold > 1 else tuple(k // 2 for k in kernel)
        self.conv3d = nn.Conv3d(in_channels, out_channels, kernel, (fold, 1, 1), padding, bias=False)

    def forward(self, x: Float[Tensor, "n c t h w"]) -> Float[Tensor, "n c2 t2 h w"]:
        """Convolve."""
        return cast("Tensor", self.conv3d(x))


class GlobalLocal(nn.Module):
    """One convolution of the whole height, one of each strip; added, or one above the other.

    Source:
        GaitGL, global and local convolutional layers A (added) and B (stacked).
    """

    def __init__(self, in_channels: int, out_channels: int, strips: int, *, stacked: bool = False) -> None:
        super().__init__()
        self.strips, self.stacked = strips, stacked
        self.global_conv3d = Conv3d(in_channels, out_channels)
        self.local_conv3d = Conv3d(in_channels, out_channels)

    def forward(self, x: Float[Tensor, "n c t h w"]) -> Float[Tensor, "n c2 t h2 w"]:
        """Return the two views, joined."""
        whole = self.global_conv3d(x)
        local = torch.cat([self.local_conv3d(strip) for strip in x.chunk(self.strips, dim=3)], dim=3)
        if self.stacked:
            return F.leaky_relu(torch.cat([whole, local], dim=3))
        return F.leaky_relu(whole) + F.leaky_relu(local)


class GeneralizedMean(nn.Module):
    """Generalised-mean pooling of every row, with a learnt power."""

    def __init__(self, power: float = 6.5, floor: float = 1e-6) -> None:
        super().__init__()
        self.p = nn.Parameter(torch.full((1,), power))
        self.floor = floor

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h"]:
        """Return one value per row."""
        return x.clamp(min=self.floor).pow(self.p).mean(dim=-1).pow(1.0 / self.p)


def repeat_short(walks: Float[Tensor, "n c t h w"], frames: int) -> Float[Tensor, "n c t2 h w"]:
    """Repeat walks of fewer than ``frames`` frames, whole, until they have as many."""
    t = walks.shape[2]
    return walks if t >= frames else walks.repeat(1, 1, -(-frames // t), 1, 1)


class GaitGL(GaitNetwork):
    """Global and local features over space and time.

    Source:
        Gait Recognition via Effective Global-Local Feature Representation and Local Temporal Aggregation
        (Lin et al., ICCV 2021); the variant with BNNecks is OpenGait's (its configuration alone was used).
    """

    def __init__(self, model_cfg: Mapping[str, Any]) -> None:
        super().__init__()
        first, *widths = model_cfg["channels"]
        last = widths[-1]
        self.is_large = len(widths) + 1 == LARGE
        strips = LOCAL_STRIPS[len(widths) + 1]
        count = 2 if self.is_large else 1
        stem: list[nn.Module] = []
        for i in range(count):
            stem += [Conv3d(first if i else 1, first), nn.LeakyReLU()]
        self.conv3d = nn.Sequential(*stem)
        self.LTA = nn.Sequential(Conv3d(first, first, (FOLD, 1, 1), FOLD), nn.LeakyReLU())
        widths = widths if self.is_large else [*widths, last]
        self.GLConvA0 = global_local_stage(first, widths[0], strips, count)
        self.MaxPool0 = nn.MaxPool3d((1, 2, 2), (1, 2, 2))
        self.GLConvA1 = global_local_stage(widths[0], widths[1], strips, count)
        self.GLConvB2 = global_local_stage(widths[1], widths[2], strips, count, stacked=True)
        self.HPP = GeneralizedMean()
        self.Head0 = SeparateFCs(64, last, last)
        self.has_necks = "SeparateBNNecks" in model_cfg
        if self.has_necks:
            self.BNNecks = SeparateBNNecks(**model_cfg["SeparateBNNecks"])
        else:
            self.Bn = nn.BatchNorm1d(last)
            self.Head1 = SeparateFCs(64, last, model_cfg["class_num"])

    def embed(self, walks: Float[Tensor, "n c t h w"]) -> Float[Tensor, "n d p"]:
        """Return the parts' features: rows of the whole body's view, then of the strips'."""
        x = self.LTA(self.conv3d(repeat_short(walks, FOLD)))
        x = self.MaxPool0(self.GLConvA0(x))
        x = self.GLConvB2(self.GLConvA1(x))
        return cast("Tensor", self.Head0(self.HPP(x.max(dim=2).values)))

    def classify(
        self, features: Float[Tensor, "n d p"]
    ) -> tuple[Float[Tensor, "n d p"], Float[Tensor, "n k p"]]:
        """Return the features after normalisation, and the logits."""
        if self.has_necks:
            after_bn, logits = self.BNNecks(features)
            return after_bn, logits
        after_bn = self.Bn(features)
        return after_bn, self.Head1(after_bn)

    def forward(self, walks: Float[Tensor, "n c t h w"]) -> Float[Tensor, "n d p"]:
        """Return the features; without necks those after normalisation, as the first publication compares."""
        features = self.embed(walks)
        return features if self.has_necks else cast("Tensor", self.Bn(features))


def global_local_stage(
    in_channels: int, out_channels: int, strips: int, count: int, *, stacked: bool = False
) -> nn.Module:
    """Return one layer, or two of which only the last may stack."""
    if count == 1:
        return GlobalLocal(in_channels, out_channels, strips, stacked=stacked)
    first = GlobalLocal(in_channels, out_channels, strips)
    return nn.Sequential(first, GlobalLocal(out_channels, out_channels, strips, stacked=stacked))
