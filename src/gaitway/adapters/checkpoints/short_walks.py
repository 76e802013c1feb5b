"""Networks whose graph differs for very short walks."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np

from gaitway.protocols import Pending, Runtime

TIME_AXIS = 2


class ByLength:
    """Two exports of one network behind one runtime: one for walks up to so many frames, one for longer ones.

    An exported graph cannot choose: SwinGait's windows over time shrink, and do not shift, where a walk is no
    longer than a window. The short one is loaded when the first such walk comes, which is rare.
    """

    def __init__(self, network: Runtime, short: Callable[[], Runtime], max_short_frames: int) -> None:
        self.input_shapes = network.input_shapes
        self._network = network
        self._load_short = short
        self._max_short_frames = max_short_frames

    @cached_property
    def _short(self) -> Runtime:
        return self._load_short()

    @property
    def busy_s(self) -> float:
        """Seconds of network time so far, of both."""
        return self._network.busy_s + (self._short.busy_s if "_short" in self.__dict__ else 0.0)

    def run(self, *inputs: np.ndarray) -> tuple[np.ndarray, ...]:
        """Run the network that fits the walk's length, and wait."""
        return self.submit(*inputs).result()

    def submit(self, *inputs: np.ndarray) -> Pending:
        """Start a run of the network that fits the walk's length."""
        is_short = inputs[0].shape[TIME_AXIS] <= self._max_short_frames
        return (self._short if is_short else self._network).submit(*inputs)
