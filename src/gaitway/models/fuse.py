"""Fold batch normalisation into the convolution before it: the same function, fewer steps."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from itertools import pairwise
from typing import TypeVar

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

# Children of one module, by name, where the second normalises the first's output.
PAIRS = (("conv", "bn"), ("conv1", "bn1"), ("conv2", "bn2"), ("shortcut3d", "sbn"))
CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)

Network = TypeVar("Network", bound=nn.Module)


def fuse_conv_bn(network: Network) -> Network:
    """Return a copy for inference in which every convolution has taken over its normalisation.

    Results differ from the unfused network's by float32 rounding. The copy's state_dict is no longer the
    published one.

    Source:
        Equation as in torch.nn.utils.fusion.
    """
    fused = copy.deepcopy(network).eval()
    for parent in list(fused.modules()):
        for first, second in _pairs(parent):
            _fuse(parent, first, second)
    return fused


def _pairs(parent: nn.Module) -> Iterator[tuple[str, str]]:
    """List the names of children that may be fused."""
    if isinstance(parent, nn.Sequential):
        yield from pairwise(dict(parent.named_children()))
    else:
        children = dict(parent.named_children())
        yield from (pair for pair in PAIRS if pair[0] in children and pair[1] in children)


def _fuse(parent: nn.Module, first: str, second: str) -> None:
    """Replace ``parent``'s child ``first`` by the fused convolution and ``second`` by nothing."""
    conv, norm = parent.get_submodule(first), parent.get_submodule(second)
    holder, name = (conv, "conv") if hasattr(conv, "conv") else (parent, first)
    inner = holder.get_submodule(name)
    if isinstance(inner, CONVOLUTIONS) and isinstance(norm, NORMS):
        setattr(holder, name, fuse_conv_bn_eval(inner, norm))
        setattr(parent, second, nn.Identity())
