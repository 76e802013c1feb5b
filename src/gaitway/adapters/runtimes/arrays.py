"""What every runtime asks of the arrays that go in and come out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gaitway.errors import InputError, NetworkError

Shape = tuple[int, ...]


def check_inputs(inputs: Sequence[np.ndarray], shapes: Sequence[Shape], name: str) -> None:
    """Raise InputError unless there is one array per shape (-1: any length) and each fits."""
    if len(inputs) != len(shapes):
        raise InputError(f"{name} got {len(inputs)} inputs, wanted {len(shapes)}")
    for array, wanted in zip(inputs, shapes, strict=True):
        got = array.shape
        if len(got) != len(wanted) or any(w not in {-1, g} for g, w in zip(got, wanted, strict=True)):
            raise InputError(f"{name} got an input of shape {got}, wanted {wanted} (-1: any)")


def require_finite(outputs: Sequence[np.ndarray], name: str) -> None:
    """Raise NetworkError if an output of the network ``name`` has NaN or infinity."""
    for index, output in enumerate(outputs):
        if not np.isfinite(output).all():
            raise NetworkError(
                f"output {index} of {name} is not finite: check the input, then 'gaitway models verify'"
            )
