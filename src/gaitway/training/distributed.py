"""Several processes that train one network: torchrun's environment, and what they tell each other."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import torch
import torch.distributed as dist
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.parallel import DistributedDataParallel

from gaitway.errors import ConfigError


@dataclass(frozen=True, slots=True)
class World:
    """The processes of a training, as one of them sees it.

    Attributes:
        rank: Its number.
        size: How many there are.
        device: Where it computes.
    """

    rank: int = 0
    size: int = 1
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    @property
    def leads(self) -> bool:
        """Whether this is the process that writes files."""
        return self.rank == 0

    def gather(self, tensor: Tensor) -> Tensor:
        """Return every process's tensor, joined in order; gradients go to one's own part."""
        if self.size == 1:
            return tensor
        pieces = [torch.empty_like(tensor) for _ in range(self.size)]
        dist.all_gather(pieces, tensor.detach().contiguous())
        pieces[self.rank] = tensor
        return torch.cat(pieces)

    def mean(self, tensor: Tensor) -> Tensor:
        """Return the mean over processes, without gradient."""
        mean = tensor.detach().clone()
        if self.size > 1:
            dist.all_reduce(mean)
            mean /= self.size
        return mean

    def gather_objects(self, value: Any) -> list[Any]:
        """Return every process's value, in order."""
        if self.size == 1:
            return [value]
        values: list[Any] = [None] * self.size
        dist.all_gather_object(values, value)
        return values

    def wait(self) -> None:
        """Wait for all processes."""
        if self.size > 1:
            dist.barrier()


@contextmanager
def joined_world(device: str | None = None) -> Iterator[World]:
    """Join the processes that torchrun started; alone where it started none.

    Args:
        device: ``cpu`` or ``cuda``; None: CUDA where there is one.

    Raises:
        ConfigError: CUDA was asked for and is not here.
    """
    kind = device or ("cuda" if torch.cuda.is_available() else "cpu")
    if kind not in {"cpu", "cuda"}:
        raise ConfigError(f"device {kind!r}: wanted cpu or cuda")
    if kind == "cuda" and not torch.cuda.is_available():
        raise ConfigError("device cuda: this torch sees no GPU, use cpu")
    size, rank, local = (int(os.environ.get(name, d)) for name, d in _ENVIRONMENT)
    target = torch.device(kind, local) if kind == "cuda" else torch.device("cpu")
    if kind == "cuda":
        torch.cuda.set_device(target)
    if size == 1:
        yield World(device=target)
        return
    dist.init_process_group("nccl" if kind == "cuda" else "gloo")
    try:
        yield World(rank, size, target)
    finally:
        dist.destroy_process_group()


_ENVIRONMENT = (("WORLD_SIZE", "1"), ("RANK", "0"), ("LOCAL_RANK", "0"))


class _SumOverProcesses(torch.autograd.Function):
    """The sum over processes; its gradient is the sum of the processes' gradients."""

    @staticmethod
    def forward(ctx: Any, tensor: Tensor) -> Tensor:  # noqa: ARG004 - torch's signature
        total = tensor.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:  # noqa: ARG004
        total = grad.clone()
        dist.all_reduce(total)
        return total


def _summed(tensor: Tensor) -> Tensor:
    return cast("Tensor", _SumOverProcesses.apply(tensor))  # type: ignore[no-untyped-call]


class SharedBatchNorm(_BatchNorm):
    """Batch normalisation over the batches of all processes, on any device; each brings as many values.

    torch's own SyncBatchNorm works on GPUs only. Keys and evaluation are those of the layer it replaces.
    """

    def _check_input_dim(self, x: Tensor) -> None:
        if x.ndim < 2:
            raise ValueError(f"input has {x.ndim} dimensions, wanted 2 or more")

    def forward(self, x: Float[Tensor, "n c *s"]) -> Float[Tensor, "n c *s"]:
        """Normalise."""
        if not self.training:
            return super().forward(x)
        axes = [0, *range(2, x.ndim)]
        shape = [1, -1, *[1] * (x.ndim - 2)]
        count = x.numel() // x.shape[1] * dist.get_world_size()
        values = x.float()
        mean = _summed(values.sum(axes)) / count
        centred = values - mean.reshape(shape)
        variance = _summed((centred**2).sum(axes)) / count
        self._remember(mean.detach(), variance.detach() * (count / (count - 1)))
        y = centred * torch.rsqrt(variance + self.eps).reshape(shape)
        if self.affine:
            y = y * self.weight.reshape(shape) + self.bias.reshape(shape)
        normalised: Tensor = y.to(x.dtype)
        return normalised

    def _remember(self, mean: Tensor, variance: Tensor) -> None:
        if self.running_mean is None or self.running_var is None or self.num_batches_tracked is None:
            return
        self.num_batches_tracked.add_(1)
        rate = 1.0 / float(self.num_batches_tracked) if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean, rate)
        self.running_var.lerp_(variance, rate)


def share_statistics(network: nn.Module, device: torch.device) -> nn.Module:
    """Replace every batch normalisation by one over all processes' batches."""
    if device.type == "cuda":
        convert = nn.SyncBatchNorm.convert_sync_batchnorm
        return cast("nn.Module", convert(network))  # type: ignore[no-untyped-call]
    for name, child in network.named_children():
        if isinstance(child, _BatchNorm):
            setattr(network, name, _shared(child))
        else:
            share_statistics(child, device)
    return network


def _shared(layer: _BatchNorm) -> SharedBatchNorm:
    shared = SharedBatchNorm(
        layer.num_features, layer.eps, layer.momentum, layer.affine, layer.track_running_stats
    )
    shared.load_state_dict(layer.state_dict())
    return shared.train(layer.training)


def distribute(network: nn.Module, world: World) -> nn.Module:
    """Return the network with its gradients averaged over the processes; itself where there is one.

    The graph is the same in every step, so weights that a loss never reaches are no problem.
    """
    if world.size == 1:
        return network
    devices = [world.device] if world.device.type == "cuda" else None
    return DistributedDataParallel(network, device_ids=devices, static_graph=True, broadcast_buffers=False)
