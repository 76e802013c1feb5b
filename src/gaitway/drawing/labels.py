"""Text on pictures: any script the built-in font has, on one line, inside the frame, clear of other labels.

The font comes inside OpenCV 5 and has Latin, Greek, Cyrillic, Arabic, Hebrew, Chinese, Japanese and Korean.
It lacks Devanagari, Thai and emoji, among others: ``is_drawable`` says so, and ``label_text`` then uses the
track's number instead of a row of question marks.
"""

from __future__ import annotations

import functools
import threading
import unicodedata

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from gaitway.drawing.colours import Colour, ink_on

_FONT = "sans"
_WEIGHT = 500  # between regular and semibold: thin strokes break on compressed video
_TAIL = 5  # characters kept at the end of a shortened label: a space and the score
_LABEL_COST = 20.0  # covering a label is worse than covering as much of a person: a label is all text
_local = threading.local()


def _font() -> cv2.FontFace:
    """Return this thread's font: drawing sets its weight, so threads must not share one."""
    font: cv2.FontFace | None = getattr(_local, "font", None)
    if font is None:
        font = _local.font = cv2.FontFace(_FONT)
    return font


def clean_text(text: str) -> str:
    """Return ``text`` on one line, composed (NFC), without control, direction or broken characters."""
    kept = []
    for character in unicodedata.normalize("NFC", text):
        category = unicodedata.category(character)
        if category == "Cs":
            kept.append("?")
        elif category in {"Cc", "Zl", "Zp", "Zs"}:
            kept.append(" ")
        elif category != "Cf":
            kept.append(character)
    return " ".join("".join(kept).split())


def _glyph(character: str) -> bytes:
    canvas = np.zeros((32, 48), np.uint8)
    cv2.putText(canvas, character, (8, 24), 255, _font(), 20, weight=_WEIGHT)
    return canvas.tobytes()


@functools.lru_cache(maxsize=4096)
def _has_glyph(character: str) -> bool:
    return character == "?" or _glyph(character) != _glyph("?")


def is_drawable(text: str) -> bool:
    """Say whether the built-in font has every character of ``text``.

    Examples:
        >>> is_drawable("Zoë Пётр 李小龍"), is_drawable("हिन्दी")
        (True, False)
    """
    return all(_has_glyph(character) for character in clean_text(text))


def label_text(name: str | None, track_id: int, score: float | None = None) -> str:
    """Return a box's text: name and score; the track's number where there is no name that can be drawn.

    Args:
        name: Identity; None is unknown.
        track_id: Track in its video.
        score: In [0, 1]; left out if None.

    Examples:
        >>> label_text("anna", 3, 0.814), label_text(None, 3)
        ('anna 0.81', 'unknown #3')
    """
    shown = "unknown" if name is None else clean_text(name)
    if name is None or not shown or not is_drawable(shown):
        shown = f"{'unknown ' if name is None else ''}#{track_id}"
    return shown if score is None else f"{shown} {score:.2f}"


def _width(text: str, size_px: int) -> int:
    return int(cv2.getTextSize((0, 0), text, (0, 0), _font(), size_px, weight=_WEIGHT)[2])


def shorten(text: str, size_px: int, max_width_px: int) -> str:
    """Cut the middle out of ``text`` until it is at most ``max_width_px`` wide; the end (a score) stays."""
    if _width(text, size_px) <= max_width_px:
        return text
    head, tail = text[:-_TAIL], text[-_TAIL:]
    low, high = 0, len(head)
    while low < high:
        middle = (low + high + 1) // 2
        fits = _width(f"{head[:middle].rstrip()}…{tail}", size_px) <= max_width_px
        low, high = (middle, high) if fits else (low, middle - 1)
    return f"{head[:low].rstrip()}…{tail}"


@functools.lru_cache(maxsize=512)
def label_picture(text: str, size_px: int, colour: Colour, max_width_px: int) -> UInt8[np.ndarray, "h w 3"]:
    """Return ``text`` in black or white on ``colour``; kept in memory, as frames repeat their labels."""
    pad = max(2, size_px // 4)
    text = shorten(clean_text(text), size_px, max_width_px - 2 * pad)
    height, width = size_px + 2 * pad, min(_width(text, size_px) + 2 * pad, max(1, max_width_px))
    picture = np.full((height, width, 3), colour, np.uint8)
    baseline = pad + round(0.85 * size_px)
    # A wrap range beyond the picture keeps the text on one line.
    cv2.putText(
        picture, text, (pad, baseline), ink_on(colour), _font(), size_px, weight=_WEIGHT, wrap=(0, 1 << 15)
    )
    picture.flags.writeable = False
    return picture


def _covered(spots: np.ndarray, label_wh: tuple[int, int], others: np.ndarray) -> np.ndarray:
    """Return for each spot (k, 2) the area that a label there would cover of ``others`` (n, 4)."""
    low = np.maximum(spots[:, None], others[None, :, :2])
    high = np.minimum(spots[:, None] + label_wh, others[None, :, 2:])
    area: np.ndarray = np.maximum(high - low, 0).prod(axis=2).sum(axis=1)
    return area


def place_label(
    box: Float[np.ndarray, " 4"],
    label_wh: tuple[int, int],
    size_wh: tuple[int, int],
    placed: Float[np.ndarray, "k 4"],
    people: Float[np.ndarray, "n 4"],
) -> tuple[int, int]:
    """Return the label's left and top: inside the picture, clear of labels and, where possible, of people.

    Tried in this order: above the box, below, inside at its top and bottom, the same aligned to the right,
    then one and two label heights farther up and down. The first of those that cover least wins.

    Args:
        box: The person's box, xyxy.
        label_wh: Label's size.
        size_wh: Picture's size.
        placed: Labels already placed, xyxy.
        people: Everybody's boxes, xyxy.
    """
    x1, y1, x2, y2 = (round(float(v)) for v in box)
    width, height = label_wh
    spots = np.array(
        [
            *((x, y) for x in (x1, x2 - width) for y in (y1 - height, y2, y1, y2 - height)),
            *((x1, y) for k in (1, 2) for y in (y1 - (k + 1) * height, y2 + k * height)),
        ],
        dtype=np.float64,
    )
    spots = np.clip(spots, 0, np.maximum(np.array(size_wh) - label_wh, 0))
    cost = _LABEL_COST * _covered(spots, label_wh, placed) + _covered(spots, label_wh, people)
    best = int(cost.argmin())
    return int(spots[best, 0]), int(spots[best, 1])
