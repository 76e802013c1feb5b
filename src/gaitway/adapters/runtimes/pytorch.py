"""Networks on torch, for CUDA (half precision, channels last) and for checking the others."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Future

import numpy as np
import torch
from torch import Tensor, nn

from gaitway.adapters.runtimes.arrays import check_inputs
from gaitway.adapters.runtimes.background import BackgroundRuntime
from gaitway.errors import ConfigError, NetworkError

PRECISIONS = {"f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}
Shape = tuple[int, ...]


class PytorchRuntime(BackgroundRuntime):
    """A torch module as a runtime: arrays in, float32 arrays out, from any thread.

    Args:
        network: Put into evaluation mode and moved; give a copy if you go on training it.
        input_shapes: One per input, -1 where dynamic.
        device: ``cpu``, ``cuda``, ``cuda:1`` ...; None: CUDA where there is one.
        precision: ``f32`` computes without TF32, so that results equal the other runtimes'; ``bf16`` and,
            on CUDA, ``f16`` are faster and change results.
        name: What error messages call the network.

    Raises:
        ConfigError: The device is not here, or does not have the precision.

    Attributes:
        input_shapes: As given.
        precision: As given.
        device: What it runs on.
    """

    def __init__(
        self,
        network: nn.Module,
        input_shapes: Sequence[Sequence[int]],
        *,
        device: str | None = None,
        precision: str = "f32",
        name: str = "network",
    ) -> None:
        self.input_shapes = tuple(tuple(shape) for shape in input_shapes)
        self._device = _device(device)
        self._dtype = _dtype(precision, self._device)
        self.precision, self.device = precision, f"{self._device} (torch)"
        self._network = network.eval().to(self._device, self._dtype)
        self._channels_last = self._device.type == "cuda" and all(len(s) == 4 for s in self.input_shapes)
        if self._channels_last:
            self._network = self._network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._name = name
        # One worker: torch spreads a run over the cores itself, and CUDA queues runs by itself.
        super().__init__(1, f"torch-{name}")

    def submit(self, *inputs: np.ndarray) -> Future[tuple[np.ndarray, ...]]:
        """Start a run; see ``BackgroundRuntime.submit``."""
        check_inputs(inputs, self.input_shapes, self._name)
        return self._workers.submit(self._execute, tuple(self._tensor(a) for a in inputs))

    def _tensor(self, array: np.ndarray) -> Tensor:
        """Copy an array to the device, so that the caller may use its memory again."""
        tensor = torch.tensor(array, dtype=torch.float32)
        layout = torch.channels_last if self._channels_last else torch.preserve_format
        return tensor.to(self._device, self._dtype, memory_format=layout)

    def _execute(self, inputs: tuple[Tensor, ...]) -> tuple[np.ndarray, ...]:
        start = time.perf_counter()
        try:
            with torch.inference_mode(), torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
                outputs = self._network(*inputs)
                several = outputs if isinstance(outputs, tuple) else (outputs,)
                arrays = tuple(output.float().cpu().numpy() for output in several)
        except RuntimeError as error:  # torch.OutOfMemoryError is one
            reason = str(error).splitlines()[0][:200]
            raise NetworkError(f"{self._name} did not run on {self._device}: {reason}") from error
        self._spend(time.perf_counter() - start)
        return arrays


def _device(name: str | None) -> torch.device:
    """Return the device, or say why there is none."""
    if name is None:
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ConfigError(f"device {name!r} is not one that torch knows: use cpu or cuda") from error
    if device.type == "cuda" and not torch.cuda.is_available():
        raise ConfigError(f"device {name!r} was asked for, and torch sees no CUDA device here: use cpu")
    return device


def _dtype(precision: str, device: torch.device) -> torch.dtype:
    if precision not in PRECISIONS:
        raise ConfigError(f"precision {precision!r} is not one of {', '.join(PRECISIONS)}")
    if precision == "f16" and device.type == "cpu":
        raise ConfigError("precision f16 on a CPU is slower than f32 in torch: use f32 or bf16")
    return PRECISIONS[precision]
