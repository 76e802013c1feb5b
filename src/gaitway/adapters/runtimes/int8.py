"""Networks in 8-bit integers: scales are fitted once to examples of their inputs; the extra ``int8``."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

import numpy as np

from gaitway.adapters.runtimes.openvino import _openvino as load_openvino
from gaitway.adapters.runtimes.openvino import _read as read_network
from gaitway.adapters.runtimes.openvino import _shape as shape_of
from gaitway.adapters.runtimes.openvino import without_reports
from gaitway.errors import MissingExtraError, NetworkError

Inputs = tuple[np.ndarray, ...]
Level = Literal["all", "products"]
LEVELS: tuple[Level, ...] = ("all", "products")  # fastest first; docs/decisions/0057

_PRODUCTS = (
    "Convolution",
    "ConvolutionBackpropData",
    "GroupConvolution",
    "GroupConvolutionBackpropData",
    "MatMul",
)
# In floating point at the level "products": what is between is rounded only where a product needs it.
_BETWEEN = (
    "Add",
    "AvgPool",
    "Clamp",
    "Concat",
    "Divide",
    "HSwish",
    "Interpolate",
    "MaxPool",
    "Multiply",
    "NormalizeL2",
    "PRelu",
    "Power",
    "ReduceL2",
    "ReduceMax",
    "ReduceMean",
    "ReduceSum",
    "Relu",
    "Sigmoid",
    "Softmax",
    "Sqrt",
    "Subtract",
    "Swish",
)


def quantiser() -> str:
    """Return the name and version of what quantises, without importing it.

    Raises:
        MissingExtraError: It is not installed.
    """
    try:
        return f"nncf {version('nncf')}"
    except PackageNotFoundError as error:
        raise MissingExtraError("nncf", "int8", "--precision int8") from error


def quantise(path: Path, samples: Sequence[Inputs], to: Path, level: Level = "products") -> None:
    """Write a network's int8 form.

    The last products before each output stay in float32: they give the numbers that are read, which span more
    than 256 steps can tell apart.

    Args:
        path: A network that OpenVINO reads.
        samples: What it is given in use, one tuple of arrays per run; a length that differs between them, or
            from the file's own, becomes dynamic.
        to: The ``.xml``; its ``.bin`` comes beside it.
        level: ``products``: weights and inputs of convolutions and matrix products in 8 bits, all else in
            float32. ``all``: sums, activations and pooling between them too, which is faster and coarser.

    Raises:
        MissingExtraError: The quantiser is not installed.
        ModelFileError: ``path`` is not a network that OpenVINO reads.
        NetworkError: The network cannot be quantised.

    Source:
        Jacob et al., Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
        Inference (CVPR 2018), as ``nncf.quantize`` does it after training; differs: which layers.
    """
    nncf = _nncf()
    own = read_network(path, None)
    shapes = [open_shape(shape_of(port), [s[i].shape for s in samples]) for i, port in enumerate(own.inputs)]
    model = read_network(path, shapes)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):  # it draws progress bars
            warnings.simplefilter("ignore")
            quantised = nncf.quantize(
                model,
                nncf.Dataset(list(samples), lambda sample: dict(enumerate(sample))),
                subset_size=len(samples),
                preset=nncf.QuantizationPreset.MIXED,
                ignored_scope=nncf.IgnoredScope(
                    names=last_products(model),
                    types=list(_BETWEEN) if level == "products" else [],
                    validate=False,
                ),
            )
            load_openvino().save_model(quantised, to, compress_to_fp16=False)
    except Exception as error:  # the quantiser's own failures are plain Exceptions
        reason = (str(error).strip().splitlines() or [type(error).__name__])[-1][:200]
        raise NetworkError(f"{path.name} cannot be quantised ({reason}): use f32 or bf16") from error


def open_shape(own: Sequence[int], seen: Sequence[Sequence[int]]) -> tuple[int, ...]:
    """Return an input's shape with -1 where the lengths seen differ from the network's own or each other.

    Examples:
        >>> open_shape((1, 3, 416, 416), [(1, 3, 384, 640), (1, 3, 384, 416)])
        (1, 3, -1, -1)
    """
    return tuple(
        length if all(shape[axis] == length for shape in seen) else -1 for axis, length in enumerate(own)
    )


def last_products(model: Any) -> list[str]:
    """Return the names of the convolutions and matrix products that no other one comes after."""
    leads_to_product: set[str] = set()
    last = []
    for node in reversed(model.get_ordered_ops()):
        following = [port.get_node() for output in node.outputs() for port in output.get_target_inputs()]
        name, is_product = node.get_friendly_name(), node.get_type_name() in _PRODUCTS
        if any(
            n.get_type_name() in _PRODUCTS or n.get_friendly_name() in leads_to_product for n in following
        ):
            leads_to_product.add(name)
        elif is_product:
            last.append(name)
    return last


@cache
def _nncf() -> Any:
    quantiser()
    load_openvino()
    with without_reports(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import nncf
    nncf.set_log_level(logging.ERROR)
    return nncf
