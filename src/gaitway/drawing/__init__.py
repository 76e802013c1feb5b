"""Boxes, names and masks drawn onto a copy of a frame; one colour per identity wherever it appears."""

from gaitway.drawing.colours import UNKNOWN_COLOUR, identity_colours, ink_on
from gaitway.drawing.labels import is_drawable, label_text
from gaitway.drawing.people import DrawStyle, MaskPiece, draw_people, mask_piece

__all__ = [
    "UNKNOWN_COLOUR",
    "DrawStyle",
    "MaskPiece",
    "draw_people",
    "identity_colours",
    "ink_on",
    "is_drawable",
    "label_text",
    "mask_piece",
]
