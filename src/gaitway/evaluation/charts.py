"""Curves as self-contained SVG: cumulative match and detection error trade-off."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
from jaxtyping import Float

WIDTH, HEIGHT, MARGIN = 420, 300, 48
_RATES = (0.1, 0.5, 1, 2, 5, 10, 20, 40, 60, 80, 90)
_COLOURS = ("#1f6feb", "#d1242f", "#1a7f37", "#9a6700", "#8250df", "#bf3989", "#1b7c83", "#6e7781", "#953800")

Curve = tuple[str, Float[np.ndarray, " _"], Float[np.ndarray, " _"]]


def cmc_chart(curves: Sequence[tuple[str, Float[np.ndarray, " _"]]], title: str = "CMC") -> str:
    """Draw cumulative match curves in percent over ranks from 1."""
    most = max(len(values) for _, values in curves)
    lowest = min(float(values.min()) for _, values in curves)
    floor = 10 * np.floor(min(lowest, 90) / 10)
    lines = [
        (name, _scale(np.arange(1, len(values) + 1), 1, max(most, 2)), _scale(values, floor, 100))
        for name, values in curves
    ]
    ranks = sorted({1, *range(5, most + 1, 5), most})
    across = [(float(_scale(np.array([k]), 1, max(most, 2))[0]), str(k)) for k in ranks]
    up = [(float(_scale(np.array([v]), floor, 100)[0]), f"{v:g}") for v in np.linspace(floor, 100, 5)]
    return _chart(title, ("rank", "identified, %"), (across, up), lines)


def det_chart(curves: Sequence[Curve], title: str, labels: tuple[str, str]) -> str:
    """Draw error trade-off curves, both error rates in percent, on normal-deviate axes.

    Source:
        Martin et al., The DET Curve in Assessment of Detection Task Performance, Eurospeech 1997.
    """
    lines = [(name, _deviate(x), _deviate(y)) for name, x, y in curves]
    ticks = [(float(_deviate(np.array([rate]))[0]), f"{rate:g}") for rate in _RATES]
    return _chart(title, labels, (ticks, ticks), lines)


def _scale(values: np.ndarray, low: float, high: float) -> np.ndarray:
    scaled: np.ndarray = (values - low) / (high - low)
    return scaled


def _deviate(percent: np.ndarray) -> np.ndarray:
    """Return percentages as normal deviates, scaled so that 0.05 % is 0 and 95 % is 1."""
    from scipy.special import ndtri

    low, high = ndtri(0.0005), ndtri(0.95)
    return _scale(ndtri(np.clip(np.asarray(percent) / 100, 0.0005, 0.95)), float(low), float(high))


def _chart(
    title: str,
    labels: tuple[str, str],
    ticks: tuple[Sequence[tuple[float, str]], Sequence[tuple[float, str]]],
    lines: Sequence[tuple[str, np.ndarray, np.ndarray]],
) -> str:
    frame = f'viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {frame} font-family="sans-serif" font-size="11">',
        _text(WIDTH / 2, 18, title),
        *_axes(labels, ticks),
    ]
    for index, (name, x, y) in enumerate(lines):
        colour = _COLOURS[index % len(_COLOURS)]
        points = " ".join(f"{px:.1f},{py:.1f}" for px, py in zip(_across(x), _up(y), strict=True))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.8"/>')
        parts.append(_text(WIDTH - 12, 38 + 14 * index, name, "end", colour))
    return "".join([*parts, "</svg>"])


def _axes(
    labels: tuple[str, str], ticks: tuple[Sequence[tuple[float, str]], Sequence[tuple[float, str]]]
) -> list[str]:
    bottom, top, right = HEIGHT - MARGIN, 28, WIDTH - 12
    parts = []
    for place, text in ticks[0]:
        x = float(_across(np.array([place]))[0])
        parts += [_line((x, top), (x, bottom)), _text(x, bottom + 15, text)]
    for place, text in ticks[1]:
        y = float(_up(np.array([place]))[0])
        parts += [_line((MARGIN, y), (right, y)), _text(MARGIN - 6, y + 4, text, "end")]
    middle = (top + bottom) / 2
    sideways = f'<g transform="rotate(-90 13 {middle})">{_text(13, middle, labels[1])}</g>'
    return [*parts, _text((MARGIN + right) / 2, HEIGHT - 14, labels[0]), sideways]


def _line(start: tuple[float, float], end: tuple[float, float]) -> str:
    (x1, y1), (x2, y2) = start, end
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="#8884"/>'


def _text(x: float, y: float, text: str, anchor: str = "middle", colour: str = "currentColor") -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}"'
    return f"<text {place}>{escape(text)}</text>"


def _across(x: np.ndarray) -> np.ndarray:
    pixels: np.ndarray = MARGIN + x * (WIDTH - 12 - MARGIN)
    return pixels


def _up(y: np.ndarray) -> np.ndarray:
    pixels: np.ndarray = HEIGHT - MARGIN - y * (HEIGHT - MARGIN - 28)
    return pixels
