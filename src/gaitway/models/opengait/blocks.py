"""What the gait networks share: per-frame application, horizontal pooling, one layer per body part.

Attribute names are those of the published checkpoints' keys (``forward_block``, ``fc_bin``, ``bn1d``).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own name for it


class GaitNetwork(nn.Module, ABC):
    """A walk in, one embedding per body part out.

    ``embed`` gives the features that the metric loss sees, ``classify`` what the cross-entropy sees, and
    ``forward`` the embedding by which walks are compared. Every sequence of a batch is seen alone.
    """

    @abstractmethod
    def embed(self, walks: Float[Tensor, "n c t h w"]) -> Float[Tensor, "n d p"]:
        """Return the parts' features, before any classification neck."""

    def classify(
        self, features: Float[Tensor, "n d p"]
    ) -> tuple[Float[Tensor, "n d p"], Float[Tensor, "n k p"]]:
        """Return the features after the neck's normalisation, and the class logits."""
        raise NotImplementedError(f"{type(self).__name__} is published without a classifier")

    def forward(self, walks: Float[Tensor, "n c t h w"]) -> Float[Tensor, "n d p"]:
        """Return the embedding by which walks are compared."""
        return self.embed(walks)


class PerFrame(nn.Module):
    """Apply a two-dimensional network to every frame of a batch of sequences."""

    def __init__(self, forward_block: nn.Module) -> None:
        super().__init__()
        self.forward_block = forward_block

    def forward(self, x: Float[Tensor, "n c t h w"]) -> Float[Tensor, "n c2 t h2 w2"]:
        """Return the frames' features in the same order."""
        n, c, t, h, w = x.shape
        y: Tensor = self.forward_block(x.transpose(1, 2).reshape(n * t, c, h, w))
        return y.reshape(n, t, *y.shape[1:]).transpose(1, 2)


class Conv2d(nn.Module):
    """A bias-free convolution under the key ``conv``, as the published plain backbones have it."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int, stride: int, padding: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel, stride, padding, bias=False)

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c2 h2 w2"]:
        """Convolve."""
        return cast("Tensor", self.conv(x))


def pool_frames(x: Float[Tensor, "n c t h w"]) -> Float[Tensor, "n c h w"]:
    """Return the maximum over time: the set pooling of GaitSet, blind to the frames' order."""
    return x.max(dim=2).values


def pool_strips(x: Float[Tensor, "n c h w"], bins: Sequence[int]) -> Float[Tensor, "n c p"]:
    """Cut the height into each of ``bins`` equal strips and pool each by mean plus maximum.

    Source:
        Horizontal Pyramid Matching (Fu et al., AAAI 2019), as GaitSet (AAAI 2019) uses it.
    """
    n, c = x.shape[:2]
    strips = [x.reshape(n, c, b, -1) for b in bins]
    return torch.cat([s.mean(-1) + s.max(-1).values for s in strips], dim=-1)


class SeparateFCs(nn.Module):
    """One fully connected layer per body part, without bias."""

    def __init__(self, parts_num: int, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.fc_bin = nn.Parameter(nn.init.xavier_uniform_(torch.empty(parts_num, in_channels, out_channels)))

    def forward(self, x: Float[Tensor, "n c p"]) -> Float[Tensor, "n d p"]:
        """Map every part by its own matrix; the first ``p`` matrices serve where fewer parts come in."""
        return apply_per_part(x, self.fc_bin[: x.shape[2]])


def apply_per_part(x: Float[Tensor, "n c p"], matrices: Float[Tensor, "p c d"]) -> Float[Tensor, "n d p"]:
    """Multiply every part's row vector with the part's matrix."""
    return torch.matmul(x.permute(2, 0, 1), matrices).permute(1, 2, 0)


class PartBatchNorm(nn.Module):
    """Batch normalisation with its own statistics for every channel of every part."""

    def __init__(self, parts_num: int, channels: int, *, affine: bool = True) -> None:
        super().__init__()
        self.bn1d = nn.BatchNorm1d(channels * parts_num, affine=affine)

    def forward(self, x: Float[Tensor, "n c p"]) -> Float[Tensor, "n c p"]:
        """Normalise."""
        n, c, p = x.shape
        return cast("Tensor", self.bn1d(x.reshape(n, c * p))).reshape(n, c, p)


class SeparateBNNecks(nn.Module):
    """BNNeck per body part: batch normalisation, then cosines to the class vectors.

    Source:
        A Strong Baseline and Batch Normalization Neck (Luo et al., TMM 2020); GaitBase (CVPR 2023).
    """

    def __init__(self, parts_num: int, in_channels: int, class_num: int) -> None:
        super().__init__()
        self.fc_bin = nn.Parameter(nn.init.xavier_uniform_(torch.empty(parts_num, in_channels, class_num)))
        self.bn1d = nn.BatchNorm1d(in_channels * parts_num)

    def forward(self, x: Float[Tensor, "n c p"]) -> tuple[Float[Tensor, "n c p"], Float[Tensor, "n k p"]]:
        """Return the features after batch normalisation, of length 1 per part, and the logits (cosines)."""
        n, c, p = x.shape
        y = cast("Tensor", self.bn1d(x.reshape(n, c * p))).reshape(n, c, p)
        unit = F.normalize(y, dim=1)
        return unit, apply_per_part(unit, F.normalize(self.fc_bin, dim=1))
