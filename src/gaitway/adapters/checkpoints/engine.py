"""What loaded networks run on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gaitway.adapters.checkpoints.export import NETWORK, cached_export, export_openvino
from gaitway.adapters.runtimes.openvino import OpenVinoRuntime, require_readable
from gaitway.protocols import Runtime

if TYPE_CHECKING:
    import torch

    from gaitway.adapters.runtimes.pytorch import PytorchRuntime


@dataclass(frozen=True, slots=True)
class Engine:
    """Where networks run, and where what is made of checkpoints is kept.

    Attributes:
        open_network: Loads a network file (and takes ``shapes``, as ``OpenVinoRuntime`` does).
        check: Raises unless a network file can be loaded later.
        device: Run on torch on this device (``cuda``, ``cpu``) instead; nothing is exported.
        precision: Arithmetic on ``device``; ``open_network`` chooses its own.
        on_torch_opened: Told of every network that runs on ``device``.
        home: The model cache; the user's own when None.
    """

    open_network: Callable[..., Runtime] = OpenVinoRuntime
    check: Callable[[Path], None] = require_readable
    device: str | None = None
    precision: str = "f32"
    on_torch_opened: Callable[[PytorchRuntime], object] | None = None
    home: Path | None = None

    def load(
        self,
        source: Path,
        settings: Any,
        build: Callable[[], torch.nn.Module],
        shape: Sequence[int],
        example: Sequence[int],
        **options: Any,
    ) -> Runtime:
        """Return a network of a checkpoint, ready to run.

        Args:
            source: The checkpoint.
            settings: What else the network depends on, as JSON values.
            build: Makes the torch network; not called when its export is in the cache.
            shape: Its input's shape, -1 where dynamic.
            example: A shape to trace it with.
            options: For ``open_network``: how its threads are used.
        """
        if self.device is not None:
            return self.on_torch(build(), shape, source.name)

        def export(folder: Path) -> None:
            export_openvino(build(), shape, example, folder / NETWORK)

        return self.open_network(cached_export(source, settings, export, self.home) / NETWORK, **options)

    def on_torch(self, network: torch.nn.Module, shape: Sequence[int], name: str) -> Runtime:
        """Return a torch network, its normalisations folded in, on ``device``."""
        from gaitway.adapters.runtimes.pytorch import PytorchRuntime
        from gaitway.models import fuse_conv_bn

        runtime = PytorchRuntime(
            fuse_conv_bn(network), [shape], device=self.device, precision=self.precision, name=name
        )
        if self.on_torch_opened is not None:
            self.on_torch_opened(runtime)
        return runtime


DEFAULT_ENGINE = Engine()
