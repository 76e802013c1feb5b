"""GaitSet: a walk as a set of silhouettes, seen per frame and per set."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gaitway.models.opengait.blocks import (
    Conv2d,
    GaitNetwork,
    PerFrame,
    SeparateFCs,
    pool_frames,
    pool_strips,
)


def conv_pair(in_channels: int, out_channels: int, *, first_kernel: int = 3) -> nn.Sequential:
    """Return two convolutions, each with LeakyReLU."""
    return nn.Sequential(
        Conv2d(in_channels, out_channels, first_kernel, 1, first_kernel // 2),
        nn.LeakyReLU(),
        Conv2d(out_channels, out_channels, 3, 1, 1),
        nn.LeakyReLU(),
    )


class GaitSet(GaitNetwork):
    """Set pooling at three depths, joined by a second, global pipeline.

    Source:
        GaitSet: Regarding Gait as a Set for Cross-View Gait Recognition (Chao et al., AAAI 2019).
    """

    def __init__(self, model_cfg: Mapping[str, Any]) -> None:
        super().__init__()
        in_channels, *widths = model_cfg["in_channels"]
        first, second, third = widths
        block1 = conv_pair(in_channels, first, first_kernel=5).append(nn.MaxPool2d(2, 2))
        block2 = conv_pair(first, second).append(nn.MaxPool2d(2, 2))
        block3 = conv_pair(second, third)
        self.gl_block2, self.gl_block3 = copy.deepcopy(block2), copy.deepcopy(block3)
        self.set_block1, self.set_block2, self.set_block3 = (
            PerFrame(block1),
            PerFrame(block2),
            PerFrame(block3),
        )
        self.bins = list(model_cfg["bin_num"])
        self.Head = SeparateFCs(**model_cfg["SeparateFCs"])

    def embed(self, walks: Float[Tensor, "n c t h w"]) -> Float[Tensor, "n d p"]:
        """Return the parts' features: those of the frames' pipeline, then those of the set's."""
        frames = self.set_block1(walks)
        whole = self.gl_block2(pool_frames(frames))
        frames = self.set_block2(frames)
        whole = self.gl_block3(whole + pool_frames(frames))
        last = pool_frames(self.set_block3(frames))
        parts = [pool_strips(last, self.bins), pool_strips(last + whole, self.bins)]
        return cast("Tensor", self.Head(torch.cat(parts, dim=-1)))
