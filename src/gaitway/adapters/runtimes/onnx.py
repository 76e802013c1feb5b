"""Networks on onnxruntime, for hardware that OpenVINO does not serve; the extra ``onnx``."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import numpy as np

from gaitway.adapters.runtimes.arrays import check_inputs, require_finite
from gaitway.adapters.runtimes.background import BackgroundRuntime
from gaitway.adapters.runtimes.cores import usable_cores
from gaitway.errors import ConfigError, MissingExtraError, ModelFileError, ModelNotFoundError, NetworkError

_DTYPES = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
    "tensor(uint8)": np.uint8,
    "tensor(bool)": np.bool_,
}
_SILENT = 4  # onnxruntime's severity "fatal"


class OnnxRuntime(BackgroundRuntime):
    """An ONNX network: arrays in, arrays out, from any thread.

    Args:
        path: ``.onnx``.
        threads: Threads in all; the usable cores when None.
        streams: Runs side by side, each with ``threads // streams`` threads; as many as threads when None.
        providers: onnxruntime's execution providers, best first, such as "CUDAExecutionProvider".
        check_finite: Whether to refuse outputs that have NaN or infinity, at the cost of looking.

    Raises:
        MissingExtraError: onnxruntime is not installed.
        ModelNotFoundError: ``path`` does not exist.
        ModelFileError: It is not a network that onnxruntime reads.
        ConfigError: ``threads``, ``streams`` or ``providers`` make no sense here.

    Attributes:
        input_shapes: One shape per input, -1 where dynamic.
        output_shapes: One shape per output, -1 where dynamic.
        output_names: The file's names of the outputs, in order.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        threads: int | None = None,
        streams: int | None = None,
        providers: Sequence[str] = ("CPUExecutionProvider",),
        check_finite: bool = False,
    ) -> None:
        self.path = Path(path)
        threads = usable_cores() if threads is None else threads
        streams = threads if streams is None else streams
        if not 1 <= streams <= threads:
            raise ConfigError(f"{streams} streams on {threads} threads: use 1 stream up to one per thread")
        self._threads_per_stream = threads // streams
        self._check_finite = check_finite
        self._session = _session(self.path, providers, self._threads_per_stream)
        self.input_shapes = tuple(_shape(port) for port in self._session.get_inputs())
        self.output_shapes = tuple(_shape(port) for port in self._session.get_outputs())
        self.output_names = tuple(port.name for port in self._session.get_outputs())
        self._inputs = [
            (port.name, _DTYPES.get(port.type, np.float32)) for port in self._session.get_inputs()
        ]
        super().__init__(streams, f"onnx-{self.path.stem}")
        self._room = threading.BoundedSemaphore(2 * streams)

    def submit(self, *inputs: np.ndarray) -> Future[tuple[np.ndarray, ...]]:
        """Start a run; see ``BackgroundRuntime.submit``."""
        check_inputs(inputs, self.input_shapes, self.path.name)
        self._room.acquire()
        try:
            pairs = zip(self._inputs, inputs, strict=True)
            feed: dict[str, np.ndarray] = {
                name: np.array(array, dtype, order="C") for (name, dtype), array in pairs
            }
            return self._workers.submit(self._execute, feed)
        except BaseException:
            self._room.release()
            raise

    def _execute(self, feed: dict[str, np.ndarray]) -> tuple[np.ndarray, ...]:
        start = time.perf_counter()
        try:
            outputs = tuple(self._session.run(None, feed))
        except _failures() as error:
            raise NetworkError(f"{self.path.name} did not run: {_reason(error)}") from error
        finally:
            elapsed = time.perf_counter() - start
            self._room.release()
        self._spend(elapsed * self._threads_per_stream)
        if self._check_finite:
            require_finite(outputs, self.path.name)
        return outputs


def _onnxruntime() -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingExtraError("onnxruntime", "onnx", "the ONNX runtime") from error
    onnxruntime.disable_telemetry_events()
    return onnxruntime


def _session(path: Path, providers: Sequence[str], threads: int) -> Any:
    onnxruntime = _onnxruntime()
    if not path.is_file():
        raise ModelNotFoundError(f"no network file at {path}: fetch it with 'gaitway models pull'")
    missing = [name for name in providers if name not in onnxruntime.get_available_providers()]
    if missing:
        here = ", ".join(onnxruntime.get_available_providers())
        raise ConfigError(f"this onnxruntime has no {', '.join(missing)}: choose from {here}")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = _SILENT
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=list(providers))
    except _failures() as error:
        raise ModelFileError(
            f"{path.name} is not a readable network: {_reason(error)}: fetch the file again"
        ) from error


def _failures() -> tuple[type[Exception], ...]:
    """List what onnxruntime raises; its own failures are plain Exceptions."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    names = ("Fail", "InvalidArgument", "InvalidGraph", "InvalidProtobuf", "NoModel", "NotImplemented")
    own = tuple(getattr(state, name) for name in (*names, "NoSuchFile", "RuntimeException"))
    return (RuntimeError, ValueError, *own)


def _shape(port: Any) -> tuple[int, ...]:
    return tuple(length if isinstance(length, int) else -1 for length in port.shape)


def _reason(error: BaseException) -> str:
    return (str(error).splitlines() or ["no reason given"])[0][:200]
