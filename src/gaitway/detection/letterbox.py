"""Fit a picture into a network's input without distorting it, and take boxes back to the picture."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import cv2
import numpy as np
from jaxtyping import Float, Float32, UInt8

from gaitway.errors import InputError

Mode = Literal["yolox", "bytetrack"]

PAD_VALUE = 114
IMAGENET_MEAN_RGB = (0.485, 0.456, 0.406)
IMAGENET_STD_RGB = (0.229, 0.224, 0.225)
_CHANNELS: dict[str, tuple[int, int, int]] = {"yolox": (2, 1, 0), "bytetrack": (0, 1, 2)}


def fit_size(size_wh: tuple[int, int], long_side: int, *, stride: int = 32) -> tuple[int, int]:
    """Choose the network input (height, width) that holds a picture with the least padding.

    Args:
        size_wh: The picture's width and height in pixels.
        long_side: Longer side of the input in pixels, a multiple of ``stride``.
        stride: The network's largest stride in pixels.

    Raises:
        InputError: ``long_side`` is no positive multiple of ``stride``.

    Examples:
        >>> fit_size((480, 854), 640)
        (640, 384)
    """
    if long_side <= 0 or long_side % stride:
        raise InputError(
            f"network input side is {long_side} px, wanted a positive multiple of {stride}: "
            f"use {max(stride, round(long_side / stride) * stride)}"
        )
    scale = long_side / max(size_wh)
    width, height = (max(stride, int(np.ceil(int(side * scale) / stride)) * stride) for side in size_wh)
    return height, width


def preprocess(
    image_rgb: UInt8[np.ndarray, "h w 3"], size: tuple[int, int], mode: Mode = "yolox"
) -> tuple[Float32[np.ndarray, "3 h2 w2"], float]:
    """Resize a picture into the upper left of a padded canvas and normalise it.

    Args:
        image_rgb: Any size, at least one pixel.
        size: Canvas (height, width) in pixels.
        mode: ``yolox``: BGR, 0..255. ``bytetrack``: RGB, /255, ImageNet mean and deviation.

    Returns:
        The network input, channels first, and the scale: input pixels per picture pixel.

    Raises:
        InputError: The picture is empty or too elongated to keep one pixel of its short side.

    Source:
        YOLOX and ByteTrack, ``preproc`` in data_augment.py (Apache-2.0 and MIT); the normalisation is
        tabulated per byte value, which gives the same bits.
    """
    height, width = image_rgb.shape[:2]
    if not (height and width):
        raise InputError(f"picture is {width}x{height} px, wanted at least one pixel: drop empty frames")
    scale = min(size[0] / height, size[1] / width)
    new_width, new_height = int(width * scale), int(height * scale)
    if not (new_width and new_height):
        raise InputError(
            f"picture of {width}x{height} px vanishes in an input of {size[1]}x{size[0]} px: crop it first"
        )
    resized = cv2.resize(image_rgb, (new_width, new_height), interpolation=cv2.INTER_LINEAR)
    tables = normalisation_tables(mode)
    canvas = np.empty((3, *size), np.float32)
    for plane, channel, table in zip(canvas, _CHANNELS[mode], tables, strict=True):
        plane[new_height:] = table[PAD_VALUE]
        plane[:new_height, new_width:] = table[PAD_VALUE]
        cv2.LUT(cv2.extractChannel(resized, channel), table, dst=plane[:new_height, :new_width])
    return canvas, scale


@lru_cache(maxsize=len(_CHANNELS))
def normalisation_tables(mode: Mode) -> Float32[np.ndarray, "3 256"]:
    """Return the network value of each byte value, per output channel.

    Computed in float64 and rounded once, as the reference does with whole pictures.

    Raises:
        InputError: ``mode`` is unknown.
    """
    if mode not in _CHANNELS:
        raise InputError(f"preprocessing mode is {mode!r}, wanted one of {', '.join(_CHANNELS)}")
    values = np.tile(np.arange(256, dtype=np.float64), (3, 1))
    if mode == "bytetrack":
        values = (values / 255.0 - np.array(IMAGENET_MEAN_RGB)[:, None]) / np.array(IMAGENET_STD_RGB)[:, None]
    tables = values.astype(np.float32)
    tables.flags.writeable = False
    return tables


def undo(boxes_xyxy: Float[np.ndarray, "n 4"], scale: float) -> Float[np.ndarray, "n 4"]:
    """Take boxes from input pixels back to picture pixels. Boxes may reach outside the picture."""
    boxes: np.ndarray = boxes_xyxy / boxes_xyxy.dtype.type(scale)
    return boxes
