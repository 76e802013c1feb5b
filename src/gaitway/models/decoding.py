"""YOLOX's raw output as boxes, for tensors. The arithmetic is ``gaitway.detection``'s, in float32."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from gaitway.detection.decode import decode as decode_array


def decode(raw: Float[Tensor | np.ndarray, "n a c"], size: tuple[int, int]) -> Float[Tensor, "n a c"]:
    """Turn raw YOLOX output into centre x, y, width and height in input pixels.

    Args:
        raw: What ``build_yolox(...)(images)`` returns, in any floating type: half precision has no room for
            coordinates, so decoding is always in float32.
        size: The network input's (height, width) in pixels.

    Returns:
        float32 on the CPU; objectness and class scores as they were.

    Raises:
        InputError: The anchors do not belong to an input of ``size``.
    """
    tensor = torch.as_tensor(raw).detach().to("cpu", torch.float32)
    return torch.from_numpy(decode_array(tensor.numpy(), size))
