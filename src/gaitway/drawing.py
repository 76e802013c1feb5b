"""Boxes, names and masks drawn onto a copy of a frame."""
