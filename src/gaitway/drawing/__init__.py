"""Boxes, names and masks drawn onto a copy of a frame; one colour per identity wherever it appears."""

from gaitway.drawing.colours import UNKNOWN_COLOUR, Colour, identity_colours, ink_on
from gaitway.drawing.labels import is_drawable, label_text
from gaitway.drawing.masks import MaskPiece, aligned_piece, mask_piece
from gaitway.drawing.people import DrawStyle, draw_people

__all__ = [
    "UNKNOWN_COLOUR",
    "Colour",
    "DrawStyle",
    "MaskPiece",
    "aligned_piece",
    "draw_people",
    "identity_colours",
    "ink_on",
    "is_drawable",
    "label_text",
    "mask_piece",
]
