"""YOLOX's raw output as boxes. The arithmetic is ``gaitway.detection``'s, in float32."""

from __future__ import annotations

from typing import overload

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from gaitway.detection.decode import decode as decode_array


@overload
def decode(raw: Tensor, size: tuple[int, int]) -> Tensor: ...
@overload
def decode(raw: np.ndarray, size: tuple[int, int]) -> np.ndarray: ...


def decode(
    raw: Float[Tensor, "n a c"] | Float[np.ndarray, "n a c"], size: tuple[int, int]
) -> Float[Tensor, "n a c"] | Float[np.ndarray, "n a c"]:
    """Turn raw YOLOX output into centre x, y, width and height in input pixels.

    Args:
        raw: What ``build_yolox(...)(images)`` returns, in any floating type: half precision has no room for
            coordinates, so decoding is always in float32.
        size: The network input's (height, width) in pixels.

    Returns:
        float32, a tensor on the CPU or an array, as ``raw`` is; objectness and class scores as they were.

    Raises:
        InputError: The anchors do not belong to an input of ``size``.
    """
    if isinstance(raw, Tensor):
        return torch.from_numpy(decode_array(raw.detach().to("cpu", torch.float32).numpy(), size))
    return decode_array(raw.astype(np.float32), size)
