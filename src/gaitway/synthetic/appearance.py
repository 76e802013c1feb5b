"""Colours and fabrics of a walker, for the shaded renderer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

Colour = tuple[float, float, float]
PATTERNS = ("plain", "plain", "plain", "stripes", "checks", "melange")
_SKIN: tuple[Colour, ...] = (
    (236, 188, 160),
    (224, 172, 140),
    (198, 142, 108),
    (160, 108, 78),
    (112, 76, 56),
    (82, 56, 44),
)
_HAIR: tuple[Colour, ...] = (
    (34, 28, 26),
    (58, 40, 30),
    (92, 62, 40),
    (150, 112, 66),
    (176, 172, 168),
    (110, 50, 30),
)
_TOPS: tuple[Colour, ...] = (
    (178, 40, 44), (38, 74, 140), (232, 228, 218), (34, 36, 42), (62, 112, 76), (214, 164, 52), (120, 124,
    130), (96, 58, 110), (196, 106, 60), (74, 134, 158), (150, 170, 190), (92, 84, 62),
)  # fmt: skip
_BOTTOMS: tuple[Colour, ...] = (
    (44, 58, 88), (34, 34, 38), (88, 82, 74), (150, 136, 110), (62, 76, 98), (70, 66, 58), (52, 44, 48),
)  # fmt: skip
_SHOES: tuple[Colour, ...] = ((40, 34, 32), (226, 224, 220), (96, 62, 40), (120, 120, 124), (150, 40, 44))
_BAGS: tuple[Colour, ...] = (
    (60, 44, 34),
    (30, 34, 40),
    (150, 52, 46),
    (52, 84, 66),
    (170, 132, 84),
    (70, 78, 104),
)
MATERIALS = ("skin", "hair", "eye", "top", "sleeve", "bottom", "shoe", "sole", "bag", "coat", "skirt")


@dataclass(frozen=True, slots=True)
class Appearance:
    """Colour (RGB, 0..255) of every material and the pattern of the top."""

    colours: dict[str, Colour]
    pattern: str = "plain"

    def palette(self) -> Float[np.ndarray, "m 3"]:
        """Return the colours in the order of MATERIALS."""
        return np.array([self.colours[name] for name in MATERIALS], np.float32)


def sample_appearance(rng: np.random.Generator) -> Appearance:
    """Draw everyday colours."""

    def pick(options: tuple[Colour, ...], spread: float = 9.0) -> Colour:
        colour = (
            np.array(options[int(rng.integers(len(options)))])
            + rng.normal(0, spread, 3)
            + rng.normal(0, spread)
        )
        r, g, b = np.clip(colour, 8, 247)
        return float(r), float(g), float(b)

    top = pick(_TOPS)
    colours = {
        "skin": pick(_SKIN, 4.0), "hair": pick(_HAIR, 5.0), "eye": (36.0, 28.0, 26.0), "top": top, "sleeve":
        top, "bottom": pick(_BOTTOMS), "shoe": pick(_SHOES), "sole": pick(((228, 226, 220), (40, 38, 36))),
        "bag": pick(_BAGS), "coat": pick(_TOPS + _BOTTOMS), "skirt": pick(_TOPS + _BOTTOMS),
    }  # fmt: skip
    return Appearance(colours, str(rng.choice(PATTERNS)))
