"""Windowed self-attention over space and time.

Source:
    Video Swin Transformer (Liu et al., CVPR 2022) and its implementation (Apache-2.0); differs: no stochastic
    depth, and the windows' numbering is computed, so that the number of frames may differ from call to call.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own name for it

Window = tuple[int, int, int]  # frames, rows, columns
MASKED = -100.0  # added to the score of two places that are no neighbours


def relative_positions(window: Window) -> Int64[Tensor, "a a"]:
    """Return for every two places of a window the row of the bias table that holds their offset."""
    axes = [torch.arange(size) for size in window]
    places = torch.stack(torch.meshgrid(*axes, indexing="ij")).flatten(1)
    offsets = places[:, :, None] - places[:, None, :] + (torch.tensor(window) - 1)[:, None, None]
    _, rows, columns = (2 * size - 1 for size in window)
    return (offsets[0] * rows + offsets[1]) * columns + offsets[2]


class WindowAttention(nn.Module):
    """Self-attention within windows, with a learnt bias per offset."""

    relative_position_index: Tensor

    def __init__(self, channels: int, window: Window, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.scale = (channels // heads) ** -0.5
        offsets = (2 * window[0] - 1) * (2 * window[1] - 1) * (2 * window[2] - 1)
        self.relative_position_bias_table = nn.Parameter(
            nn.init.trunc_normal_(torch.empty(offsets, heads), std=0.02)
        )
        self.register_buffer("relative_position_index", relative_positions(window))
        self.qkv = nn.Linear(channels, 3 * channels)
        self.proj = nn.Linear(channels, channels)

    def forward(
        self, x: Float[Tensor, "b a c"], mask: Float[Tensor, "w a a"] | None
    ) -> Float[Tensor, "b a c"]:
        """Attend within each of ``b`` windows of ``a`` places; ``mask`` repeats over the walks."""
        b, a, c = x.shape
        query, key, value = self.qkv(x).reshape(b, a, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        scores = query * self.scale @ key.transpose(-2, -1)
        index = self.relative_position_index[:a, :a]
        bias = self.relative_position_bias_table[index.reshape(-1)].reshape(a, a, -1).permute(2, 0, 1)
        scores = scores + bias
        if mask is not None:
            windows = mask.shape[0]
            scores = scores.reshape(-1, windows, self.heads, a, a) + mask[:, None]
            scores = scores.reshape(-1, self.heads, a, a)
        mixed = (scores.softmax(dim=-1) @ value).transpose(1, 2).reshape(b, a, c)
        return cast("Tensor", self.proj(mixed))


class Mlp(nn.Module):
    """Two linear layers with GELU between them."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(channels, hidden)
        self.fc2 = nn.Linear(hidden, channels)

    def forward(self, x: Float[Tensor, "... c"]) -> Float[Tensor, "... c"]:
        """Apply both."""
        return cast("Tensor", self.fc2(F.gelu(self.fc1(x))))


class SwinBlock(nn.Module):
    """Window attention and an MLP, each round a residual; every second block shifts its windows by half."""

    def __init__(self, channels: int, window: Window, heads: int, *, shifted: bool) -> None:
        super().__init__()
        self.window, self.shifted = window, shifted
        self.norm1 = nn.LayerNorm(channels)
        self.attn = WindowAttention(channels, window, heads)
        self.norm2 = nn.LayerNorm(channels)
        self.mlp = Mlp(channels, 4 * channels)

    def forward(self, x: Float[Tensor, "n t h w c"]) -> Float[Tensor, "n t h w c"]:
        """Return the block's output."""
        x = x + self._attend(self.norm1(x))
        return cast("Tensor", x + self.mlp(self.norm2(x)))

    def _attend(self, x: Float[Tensor, "n t h w c"]) -> Float[Tensor, "n t h w c"]:
        """Attend within windows; places beyond the border are zeros."""
        n, t, h, w = x.shape[:4]
        window = cast("Window", tuple(min(k, size) for k, size in zip(self.window, (t, h, w), strict=True)))
        shift = [
            k // 2 if self.shifted and size > k else 0 for k, size in zip(self.window, (t, h, w), strict=True)
        ]
        padding = [(-size) % k for k, size in zip(window, (t, h, w), strict=True)]
        y = F.pad(x, (0, 0, 0, padding[2], 0, padding[1], 0, padding[0]))
        size = (t + padding[0], h + padding[1], w + padding[2])
        mask = None
        if any(shift):
            y = y.roll([-s for s in shift], (1, 2, 3))
            mask = shift_mask(size, window, shift).to(x)
        y = self.attn(cut_windows(y, window), mask)
        y = join_windows(y, window, (n, *size))
        if any(shift):
            y = y.roll(shift, (1, 2, 3))
        return y[:, :t, :h, :w]


def cut_windows(x: Float[Tensor, "n t h w c"], window: Window) -> Float[Tensor, "b a c"]:
    """Return the windows' places, walk by walk."""
    n, t, h, w, c = x.shape
    f, r, k = window
    x = x.reshape(n, t // f, f, h // r, r, w // k, k, c).permute(0, 1, 3, 5, 2, 4, 6, 7)
    return x.reshape(-1, f * r * k, c)


def join_windows(
    x: Float[Tensor, "b a c"], window: Window, size: tuple[int, int, int, int]
) -> Float[Tensor, "n t h w c"]:
    """Undo ``cut_windows``."""
    n, t, h, w = size
    f, r, k = window
    x = x.reshape(n, t // f, h // r, w // k, f, r, k, -1).permute(0, 1, 4, 2, 5, 3, 6, 7)
    return x.reshape(n, t, h, w, -1)


def shift_mask(size: tuple[int, int, int], window: Window, shift: Sequence[int]) -> Float[Tensor, "b a a"]:
    """Return what to add to the scores so that places brought together by the shift do not see each other."""
    regions = torch.zeros(1)
    for axis, (length, k, s) in enumerate(zip(size, window, shift, strict=True)):
        place = torch.arange(length)
        region = (place >= length - k).float() + (place >= length - s).float() if s else torch.zeros(length)
        shape = [1, 1, 1]
        shape[axis] = length
        regions = 3 * regions + region.reshape(shape)
    regions = regions.expand(*size)
    places = cut_windows(regions[None, ..., None], window).squeeze(-1)
    return (places[:, None, :] != places[:, :, None]).float() * MASKED


class SwinStage(nn.Module):
    """Blocks of one width; then, unless it is the last stage, normalisation and twice the channels."""

    def __init__(self, channels: int, depth: int, window: Window, heads: int, *, widens: bool) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            SwinBlock(channels, window, heads, shifted=i % 2 == 1) for i in range(depth)
        )
        wider = nn.Sequential(nn.LayerNorm(channels), nn.Linear(channels, 2 * channels, bias=False))
        self.downsample = wider if widens else None

    def forward(self, x: Float[Tensor, "n t h w c"]) -> Float[Tensor, "n t h w c2"]:
        """Return the stage's output; its size stays."""
        for block in self.blocks:
            x = block(x)
        return x if self.downsample is None else cast("Tensor", self.downsample(x))
