"""The detection error trade-off: strangers named against enrolled people missed."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

_SIZE, _LEFT, _TOP, _SIDE = (720, 640), 90, 40, 520
_LEAST = 1e-3  # of both axes; logarithmic
_INK, _GRID = (40, 40, 40), (225, 225, 225)  # BGR
_LINES = ((156, 81, 8), (0, 110, 217), (80, 140, 40), (150, 60, 150))  # one per curve, BGR
_TICKS = (0.001, 0.01, 0.1, 1.0)


@dataclass(frozen=True, slots=True)
class Curve:
    """Pairs of error rates over all thresholds.

    Attributes:
        label: What was measured.
        fpir: Share of strangers named.
        fnir: Share of enrolled people missed.
    """

    label: str
    fpir: Sequence[float]
    fnir: Sequence[float]


def draw_det(*curves: Curve) -> bytes:
    """Return curves as a PNG, both axes logarithmic from 0.1 % to 100 %."""
    picture = np.full((_SIZE[1], _SIZE[0], 3), 255, np.uint8)
    for tick in _TICKS:
        at = _LEFT + round(_SIDE * _share(tick)), _TOP + _SIDE - round(_SIDE * _share(tick))
        cv2.line(picture, (at[0], _TOP), (at[0], _TOP + _SIDE), _GRID, 1, cv2.LINE_AA)
        cv2.line(picture, (_LEFT, at[1]), (_LEFT + _SIDE, at[1]), _GRID, 1, cv2.LINE_AA)
        _write(picture, f"{tick:.1%}", (at[0] - 22, _TOP + _SIDE + 22))
        _write(picture, f"{tick:.1%}", (_LEFT - 62, at[1] + 5))
    for row, (curve, colour) in enumerate(zip(curves, itertools.cycle(_LINES), strict=False)):
        points = [
            (_LEFT + round(_SIDE * _share(x)), _TOP + _SIDE - round(_SIDE * _share(y)))
            for x, y in zip(curve.fpir, curve.fnir, strict=True)
        ]
        if points:
            cv2.polylines(picture, [np.array(points, np.int32)], isClosed=False, color=colour, thickness=2)
        _write(picture, curve.label, (_LEFT + 14, _TOP + _SIDE - 14 - 20 * row), colour)
    _write(picture, "strangers named (FPIR)", (_LEFT, _TOP + _SIDE + 50))
    _write(picture, "enrolled people missed (FNIR)", (_LEFT - 62, _TOP - 16))
    _, png = cv2.imencode(".png", picture)
    return png.tobytes()


def _share(rate: float) -> float:
    """Return where a rate lies on the axis, 0 to 1."""
    return float(np.log(max(rate, _LEAST) / _LEAST) / np.log(1 / _LEAST))


def _write(picture: np.ndarray, text: str, at: tuple[int, int], colour: tuple[int, int, int] = _INK) -> None:
    cv2.putText(picture, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.5, colour, 1, cv2.LINE_AA)
