"""One colour per identity: a palette for colour-blind eyes first, then colours far from those in use."""

from __future__ import annotations

import functools
from collections.abc import Iterable

import cv2
import numpy as np
from jaxtyping import Float32, Int64

Colour = tuple[int, int, int]  # RGB, 0..255

UNKNOWN_COLOUR: Colour = (158, 158, 158)

# Okabe and Ito, "Color Universal Design" (2008), without its black.
_PALETTE: tuple[Colour, ...] = (
    (230, 159, 0),
    (86, 180, 233),
    (0, 158, 115),
    (240, 228, 66),
    (0, 114, 178),
    (213, 94, 0),
    (204, 121, 167),
)
_GENERATED = 57  # 64 colours in all, any two at least 20 CIELAB units apart; the first 32 at least 26
_GRID_STEP = 15  # of the RGB cube that generated colours are chosen from: 18 levels a channel
_LIGHTNESS = (40.0, 90.0)  # visible on dark and on light pictures
_MIN_CHROMA = 35.0  # never taken for the grey of the unknown


def _to_lab(colours: Int64[np.ndarray, "n 3"]) -> Float32[np.ndarray, "n 3"]:
    rgb = (colours / 255.0).astype(np.float32)
    lab: np.ndarray = cv2.cvtColor(rgb[None], cv2.COLOR_RGB2LAB)[0]
    return lab


@functools.cache
def _colours() -> tuple[Colour, ...]:
    """Return the palette, lengthened one colour at a time by the one farthest from all before it.

    Source:
        Farthest-point sampling (Gonzalez 1985) under the CIE76 colour difference.
    """
    levels = np.arange(0, 256, _GRID_STEP)
    grid = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1).reshape(-1, 3)
    lab = _to_lab(grid)
    chroma = np.hypot(lab[:, 1], lab[:, 2])
    usable = (lab[:, 0] >= _LIGHTNESS[0]) & (lab[:, 0] <= _LIGHTNESS[1]) & (chroma >= _MIN_CHROMA)
    grid, lab = grid[usable], lab[usable]
    taken = _to_lab(np.array([*_PALETTE, UNKNOWN_COLOUR], dtype=np.int64))
    nearest = np.linalg.norm(lab[:, None] - taken[None], axis=2).min(axis=1)
    colours = list(_PALETTE)
    for _ in range(_GENERATED):
        best = int(nearest.argmax())
        red, green, blue = (int(v) for v in grid[best])
        colours.append((red, green, blue))
        nearest = np.minimum(nearest, np.linalg.norm(lab - lab[best], axis=1))
    return tuple(colours)


def identity_colours(labels: Iterable[str]) -> dict[str, Colour]:
    """Give every identity of a run its colour, by its place among ``labels``.

    Args:
        labels: The gallery's identities in the gallery's order; repeats are ignored. Identities added
            at the end leave the colours of the others as they were.

    Returns:
        RGB per label. The first 64 differ; after that colours come round again.

    Examples:
        >>> identity_colours(["anna", "ben", "anna"])
        {'anna': (230, 159, 0), 'ben': (86, 180, 233)}
    """
    colours = _colours()
    return {label: colours[i % len(colours)] for i, label in enumerate(dict.fromkeys(labels))}


def ink_on(colour: Colour) -> Colour:
    """Return black or white, whichever reads better on ``colour``.

    Source:
        Contrast ratio of WCAG 2.2; one of the two always reaches 4.5.
    """
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in colour)]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    on_black, on_white = (luminance + 0.05) / 0.05, 1.05 / (luminance + 0.05)
    return (0, 0, 0) if on_black >= on_white else (255, 255, 255)
