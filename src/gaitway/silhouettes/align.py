"""Put a cut-out person into the frame that gait networks expect: full height, centred by its median."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, UInt8

from gaitway.errors import EmptyMaskError, InputError


@dataclass(frozen=True, slots=True)
class AlignConfig:
    """What counts as an empty mask.

    Attributes:
        min_sum: A mask whose grey values add up to this or less is empty. 10000 (about 40 white pixels) is
            the field's rule: the OpenGait fixtures drop a mask of sum 10000 and keep one of 10200.
        needs_centre: Drop a mask with half of its mass in the first column, as the same rule does.
    """

    min_sum: int = 10_000
    needs_centre: bool = True


FIELD_RULES = AlignConfig()
SEED_RULES = AlignConfig(min_sum=0, needs_centre=False)


def align(
    mask: UInt8[np.ndarray, "h w"], size: int = 64, config: AlignConfig = FIELD_RULES
) -> UInt8[np.ndarray, "s s"]:
    """Crop a mask to its person's rows, scale it to full height and centre it on its median column.

    Args:
        mask: Foreground mask, 0..255, any size, in square pixels.
        size: Output height and width in pixels, even.
        config: What counts as empty.

    Returns:
        Silhouette, 0..255, head on the first row, feet on the last.

    Raises:
        EmptyMaskError: ``mask`` has too little foreground to align.

    Source:
        GaitSet (AAAI 2019), section 4.1, and the field's usual pre-treatment; differs: none, to the byte.

    Examples:
        >>> align(np.full((120, 80), 255, np.uint8)).shape
        (64, 64)
    """
    if mask.ndim != 2 or mask.dtype != np.uint8:
        raise InputError(
            f"mask is {mask.dtype} of shape {mask.shape}, wanted uint8 (H, W): pass one grey image"
        )
    if size < 2 or size % 2:
        raise InputError(f"size is {size}, wanted an even number of pixels: use 64 or 128")
    total = int(cv2.sumElems(mask)[0]) if mask.size else 0
    if total <= config.min_sum:
        raise EmptyMaskError(f"mask sums to {total}, wanted more than {config.min_sum}: drop this frame")
    scaled = _scale_to_height(_cut_rows(mask), size)
    centre = _median_column(scaled)
    if centre == 0 and config.needs_centre:
        raise EmptyMaskError("half of the mask lies in its first column: drop this frame")
    return _cut_columns(scaled, centre, size)


def align_seed(mask: UInt8[np.ndarray, "h w"], size: int = 64) -> UInt8[np.ndarray, "s s"]:
    """Align as the seed system does: like ``align``, but only a wholly blank mask is empty."""
    return align(mask, size, SEED_RULES)


def align_all(
    masks: Sequence[UInt8[np.ndarray, "_ _"]], size: int = 64, config: AlignConfig = FIELD_RULES
) -> tuple[UInt8[np.ndarray, "k s s"], Bool[np.ndarray, " n"]]:
    """Align many masks; those that are empty are left out.

    Args:
        masks: N masks of any sizes.
        size: As for ``align``.
        config: As for ``align``.

    Returns:
        The K silhouettes that could be aligned, in order, and which of the N masks they are.
    """
    aligned: list[np.ndarray] = []
    kept = np.zeros(len(masks), bool)
    for index, mask in enumerate(masks):
        try:
            aligned.append(align(mask, size, config))
        except EmptyMaskError:
            continue
        kept[index] = True
    return np.array(aligned, np.uint8).reshape(-1, size, size), kept


def _cut_rows(mask: np.ndarray) -> np.ndarray:
    rows = np.flatnonzero(mask.any(axis=1))
    return mask[rows[0] : rows[-1] + 1]


def _scale_to_height(mask: np.ndarray, size: int) -> np.ndarray:
    height, width = mask.shape
    scaled_width = int(size * (width / height))
    if scaled_width == 0:
        raise EmptyMaskError(f"mask of {width} x {height} px is too thin for {size} rows: drop this frame")
    return cv2.resize(mask, (scaled_width, size), interpolation=cv2.INTER_CUBIC)


def _median_column(mask: np.ndarray) -> int:
    """Return the first column up to which more than half of the mass lies."""
    mass = np.cumsum(cv2.reduce(mask, 0, cv2.REDUCE_SUM, dtype=cv2.CV_32S)[0], dtype=np.int64)
    if mass[-1] == 0:
        raise EmptyMaskError("nothing of the mask is left after scaling: drop this frame")
    return int(np.searchsorted(mass, mass[-1] / 2, side="right"))


def _cut_columns(mask: np.ndarray, centre: int, size: int) -> np.ndarray:
    """Cut ``size`` columns round ``centre``; what lies outside the mask is background.

    A cut that touches the mask's border columns is background there too, which needs no special case.
    """
    left = centre - size // 2
    first, last = max(left, 0), min(left + size, mask.shape[1])
    out = np.zeros((size, size), np.uint8)
    out[:, first - left : last - left] = mask[:, first:last]
    return out
