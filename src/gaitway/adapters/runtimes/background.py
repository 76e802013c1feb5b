"""What all runtimes share: runs in threads of their own, and the clock of network time."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import TypeVar

import numpy as np

R = TypeVar("R", bound="BackgroundRuntime")


class BackgroundRuntime(ABC):
    """A runtime whose runs go on in ``workers`` threads called ``name``; closing it waits for them."""

    def __init__(self, workers: int, name: str) -> None:
        self._workers = ThreadPoolExecutor(workers, thread_name_prefix=name)
        self._busy_s = 0.0
        self._lock = threading.Lock()

    @property
    def busy_s(self) -> float:
        """Seconds of network time so far, summed over runs and over the threads of each."""
        with self._lock:
            return self._busy_s

    def _spend(self, seconds: float) -> None:
        with self._lock:
            self._busy_s += seconds

    def run(self, *inputs: np.ndarray) -> tuple[np.ndarray, ...]:
        """Run the network once and wait.

        Args:
            inputs: One array per input, of ``input_shapes``; numbers of another type are converted.

        Returns:
            The outputs, in the network's order.

        Raises:
            InputError: The number or shape of ``inputs`` does not fit.
            NetworkError: The run failed, for one because memory ran out.
        """
        return self.submit(*inputs).result()

    @abstractmethod
    def submit(self, *inputs: np.ndarray) -> Future[tuple[np.ndarray, ...]]:
        """Start a run; wait first while all workers are busy and as many runs are queued.

        Args and errors: as ``run``; what goes wrong during the run is raised by ``result``.

        Returns:
            The run under way; its ``result()`` gives the outputs.
        """

    def close(self) -> None:
        """Wait for the runs under way and give the threads back."""
        self._workers.shutdown()

    def __enter__(self: R) -> R:  # noqa: PYI019 - the check of types at test time knows no Self
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
