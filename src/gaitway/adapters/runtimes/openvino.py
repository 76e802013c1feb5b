"""Networks on OpenVINO, the default on CPUs: reads TFLite, ONNX, Paddle and its own IR as they are."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Literal

import numpy as np

from gaitway.adapters.runtimes.arrays import Shape, check_inputs, require_finite
from gaitway.adapters.runtimes.background import BackgroundRuntime
from gaitway.adapters.runtimes.cores import usable_cores
from gaitway.errors import ConfigError, ModelFileError, ModelNotFoundError, NetworkError

Precision = Literal["f32", "bf16", "f16", "int8"]
# One reader per kind of file: left to guess, OpenVINO tries them all on a broken file, and they print.
_FRONTENDS = {".tflite": "tflite", ".onnx": "onnx", ".xml": "ir", ".pdmodel": "paddle"}


class OpenVinoRuntime(BackgroundRuntime):
    """A network on the CPU: arrays in, arrays out, from any thread.

    Several runs go side by side, one on each stream. Inputs are copied in by ``submit``, so their memory
    may be used again at once, and outputs are copied out.

    Args:
        path: ``.tflite``, ``.onnx``, ``.xml`` (with its ``.bin``) or ``.pdmodel`` (with its ``.pdiparams``).
        precision: Arithmetic. ``f32`` gives the same result on every machine; ``bf16`` and ``f16`` are faster
            where the processor has them, and change results. ``int8`` runs a network that ``int8.quantise``
            wrote; what of it was left in floating point computes in f32.
        threads: Threads in all; the usable cores when None.
        streams: Runs side by side, each with ``threads // streams`` threads; as many as ``run_threads``
            allows when None.
        run_threads: Threads of one run, as far as there are so many: 1 gives the most runs a second, None
            (all) the shortest run.
        shapes: New input shapes, -1 where dynamic; the file's own when None.
        outputs: Names of the outputs to compute, all when None: what only others need is left out.
        cache_dir: Where compiled networks are kept for the next start; nowhere when None.
        check_finite: Whether to refuse outputs that have NaN or infinity, at the cost of looking.

    Raises:
        ModelNotFoundError: ``path`` does not exist.
        ModelFileError: It is not a network that OpenVINO reads, does not take ``shapes``, or is not quantised
            though ``precision`` is ``int8``.
        ConfigError: ``threads`` and ``streams`` make no sense together.

    Attributes:
        input_shapes: One shape per input, -1 where dynamic.
        output_shapes: One shape per output, -1 where dynamic.
        output_names: The file's names of the outputs, in order; empty strings where it gives none.
        precision: The arithmetic really used: a processor without bf16 computes in f32.
        device: What it runs on.
    """

    def __init__(  # noqa: PLR0913 - each is a choice of its own, by name
        self,
        path: Path | str,
        *,
        precision: Precision = "f32",
        threads: int | None = None,
        streams: int | None = None,
        run_threads: int | None = 1,
        shapes: Sequence[Sequence[int]] | None = None,
        outputs: Sequence[str] | None = None,
        cache_dir: Path | str | None = None,
        check_finite: bool = False,
    ) -> None:
        self.path = Path(path)
        threads = usable_cores() if threads is None else threads
        if streams is None:
            streams = threads // run_threads if run_threads and threads > run_threads else 1
        if not 1 <= streams <= threads:
            raise ConfigError(f"{streams} streams on {threads} threads: use 1 stream up to one per thread")
        self._threads_per_stream = threads // streams
        self._check_finite = check_finite
        model = _read(self.path, shapes)
        if outputs is not None:
            model = _with_outputs(model, outputs, self.path)
        if precision == "int8":
            _require_quantised(model, self.path)
        compiled = _compile(model, self.path, _properties(precision, threads, streams, cache_dir))
        rest = str(compiled.get_property("INFERENCE_PRECISION_HINT").to_string())
        self.precision = "int8" if precision == "int8" else rest
        self.device = f"{' '.join(compiled.get_property('EXECUTION_DEVICES'))} (OpenVINO)"
        self.input_shapes = tuple(_shape(port) for port in compiled.inputs)
        self.output_shapes = tuple(_shape(port) for port in compiled.outputs)
        self.output_names = tuple(min(port.names, default="") for port in compiled.outputs)
        self._dtypes = tuple(port.element_type.to_dtype() for port in compiled.inputs)
        self._outputs = len(compiled.outputs)
        # One request runs on each stream; as many again are filled, so that no stream waits for its next run.
        self._free: SimpleQueue[Any] = SimpleQueue()
        for _ in range(2 * streams):
            self._free.put(compiled.create_infer_request())
        super().__init__(streams, f"openvino-{self.path.stem}")

    def submit(self, *inputs: np.ndarray) -> Future[tuple[np.ndarray, ...]]:
        """Start a run; see ``BackgroundRuntime.submit``."""
        check_inputs(inputs, self.input_shapes, self.path.name)
        request = self._free.get()
        try:
            for index, (array, dtype) in enumerate(zip(inputs, self._dtypes, strict=True)):
                _fill(request.get_input_tensor(index), array, dtype)
            return self._workers.submit(self._execute, request)
        except BaseException:
            self._free.put(request)
            raise

    def _execute(self, request: Any) -> tuple[np.ndarray, ...]:
        """Run a filled request, take its outputs and hand it back."""
        start = time.perf_counter()
        try:
            request.infer()
            outputs = tuple(np.array(request.get_output_tensor(i).data) for i in range(self._outputs))
        except RuntimeError as error:
            raise NetworkError(f"{self.path.name} did not run: {_reason(error)}") from error
        finally:
            elapsed = time.perf_counter() - start
            self._free.put(request)
        self._spend(elapsed * self._threads_per_stream)
        if self._check_finite:
            require_finite(outputs, self.path.name)
        return outputs


def require_readable(path: Path) -> None:
    """Raise ModelNotFoundError or ModelFileError unless ``path`` is a network that OpenVINO reads."""
    _read(path, None)


@cache
def _openvino() -> Any:
    """Import OpenVINO with the stand-in that it has for its own usage reports: gaitway tells nobody anything.

    Merely importing it starts a report to a statistics service, unless its reporting package is absent.
    """
    with without_reports():
        import openvino
    return openvino


@contextmanager
def without_reports() -> Iterator[None]:
    """Make OpenVINO and its tools, imported within, take the stand-in for their usage reports."""
    name = "openvino_telemetry"
    before = sys.modules.get(name)
    sys.modules[name] = None  # type: ignore[assignment]  # makes 'import openvino_telemetry' an ImportError
    try:
        yield
    finally:
        if before is None:
            del sys.modules[name]
        else:
            sys.modules[name] = before


@cache
def _core() -> Any:
    return _openvino().Core()


def _failures() -> tuple[type[Exception], ...]:
    """List what OpenVINO's file readers raise; their own failures are plain Exceptions."""
    frontend = _openvino().frontend
    own = (
        "GeneralFailure",
        "InitializationFailure",
        "NotImplementedFailure",
        "OpConversionFailure",
        "OpValidationFailure",
    )
    return (RuntimeError, ValueError, *(getattr(frontend, name) for name in own))


def _properties(precision: str, threads: int, streams: int, cache_dir: Path | str | None) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "INFERENCE_PRECISION_HINT": "f32" if precision == "int8" else precision,
        "INFERENCE_NUM_THREADS": threads // streams * streams,
        "NUM_STREAMS": streams,
        # Pinned threads of two networks, or of two processes, would fight for the same cores.
        "ENABLE_CPU_PINNING": False,
    }
    if cache_dir is not None:
        properties["CACHE_DIR"] = str(cache_dir)
    return properties


def _read(path: Path, shapes: Sequence[Sequence[int]] | None) -> Any:
    """Read a network's file and give it new input shapes."""
    if not path.is_file():
        raise ModelNotFoundError(f"no network file at {path}: fetch it with 'gaitway models pull'")
    if path.suffix not in _FRONTENDS:
        raise ModelFileError(
            f"{path.name} is no file that OpenVINO reads: wanted one of {', '.join(_FRONTENDS)}"
        )
    try:
        frontend = _openvino().frontend.FrontEndManager().load_by_framework(_FRONTENDS[path.suffix])
        model = frontend.convert(frontend.load(str(path)))
    except _failures() as error:
        raise ModelFileError(
            f"{path.name} is not a readable network: {_reason(error)}: fetch the file again"
        ) from error
    if not model.inputs or not model.outputs:
        raise ModelFileError(f"{path.name} holds no network: fetch the file again")
    if shapes is not None:
        try:
            partial = [_openvino().PartialShape(list(shape)) for shape in shapes]
            model.reshape(dict(zip(model.inputs, partial, strict=True)))
        except (RuntimeError, ValueError) as error:
            own = [_shape(port) for port in model.inputs]
            raise ModelFileError(
                f"{path.name} takes no input of {[tuple(s) for s in shapes]}; its own: {own}"
            ) from error
    return model


def _require_quantised(model: Any, path: Path) -> None:
    if all(node.get_type_name() != "FakeQuantize" for node in model.get_ops()):
        raise ModelFileError(f"{path.name} is not quantised, wanted int8: run it in f32 or bf16")


def _with_outputs(model: Any, names: Sequence[str], path: Path) -> Any:
    """Return the part of a network that gives the outputs ``names``, in the file's order."""
    kept = [port.node for port in model.outputs if not port.names.isdisjoint(names)]
    if len(kept) != len(set(names)):
        own = [min(port.names, default="") for port in model.outputs]
        raise ModelFileError(f"{path.name} has the outputs {own}, wanted {list(names)}: fetch the file again")
    return _openvino().Model(kept, model.get_parameters(), model.get_friendly_name())


def _compile(model: Any, path: Path, properties: dict[str, Any]) -> Any:
    try:
        return _core().compile_model(model, "CPU", properties)
    except RuntimeError as error:
        raise ModelFileError(f"{path.name} cannot be compiled for this CPU: {_reason(error)}") from error


def _shape(port: Any) -> Shape:
    return tuple(d.get_length() if d.is_static else -1 for d in port.partial_shape)


def _fill(tensor: Any, array: np.ndarray, dtype: np.dtype[Any]) -> None:
    """Copy ``array`` into a request's input, resized where it is dynamic."""
    if tuple(tensor.shape) != array.shape:
        tensor.shape = array.shape
    np.copyto(tensor.data, array, casting="same_kind" if array.dtype.kind == dtype.kind else "unsafe")


def _reason(error: BaseException) -> str:
    """Shorten OpenVINO's several lines, most of them places in its own source, to the one that says why."""
    lines = [line.strip() for line in str(error).splitlines()]
    places = ("Exception from", "Check '", "While ", "FrontEnd API failed")
    telling = [line for line in lines if line and not line.startswith(places)]
    return (telling or lines or ["no reason given"])[-1][:200]
