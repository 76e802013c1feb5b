"""One walker in one frame, shaded: colour and coverage of a small patch of the picture.

Every part is drawn inside its outline with a depth buffer; its surface normal comes from the ellipse between its two
ends. Normals are then smoothed a little so that parts flow into each other, and lit by one sun and the sky.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from jaxtyping import Float, Float32, Int32

from gaitway.synthetic.appearance import MATERIALS, Appearance
from gaitway.synthetic.camera import Flat, outlines

SUPER = 2  # drawn larger by this and averaged, so that edges are smooth
_FAR = 1e6
_TILE = 256
_TEXELS_PER_M = 160.0


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """A walker cut out: premultiplied colour and coverage, and where the patch lies.

    Attributes:
        colour: RGB 0..255 times coverage, (h, w, 3).
        alpha: Coverage 0..1, (h, w).
        left_top: Column and row of its first pixel in the picture.
        box_xyxy: Extent of the whole figure in the picture, not clipped.
    """

    colour: Float32[np.ndarray, "h w 3"]
    alpha: Float32[np.ndarray, "h w"]
    left_top: tuple[int, int]
    box_xyxy: tuple[float, float, float, float]


class _Buffers:
    """What the nearest surface is at every pixel of the patch."""

    def __init__(self, height: int, width: int) -> None:
        self.depth = np.full((height, width), _FAR, np.float32)
        self.normal = np.zeros((height, width, 3), np.float32)
        self.material = np.full((height, width), -1, np.int16)
        self.texel = np.zeros((height, width, 2), np.float32)


def _root(spread: Float[np.ndarray, "... 2 2"]) -> Float[np.ndarray, "... 2 2"]:
    """Return the symmetric square roots of 2x2 matrices."""
    det = np.sqrt(np.maximum(spread[..., 0, 0] * spread[..., 1, 1] - spread[..., 0, 1] ** 2, 1e-6))
    trace = np.sqrt(spread[..., 0, 0] + spread[..., 1, 1] + 2 * det)
    root: np.ndarray = (spread + det[..., None, None] * np.eye(2)) / trace[..., None, None]
    return root


def _draw_part(
    buffers: _Buffers, polygon: Int32[np.ndarray, "c 2"], part: _FlatPart, material: int, offset: int
) -> None:
    """Draw one part into the buffers; ``polygon`` and ``part`` are in the patch's pixels."""
    height, width = buffers.depth.shape
    x1, y1 = np.maximum(polygon.min(axis=0), 0)
    x2, y2 = np.minimum(polygon.max(axis=0) + 1, (width, height))
    if x2 <= x1 or y2 <= y1:
        return
    inside = np.zeros((y2 - y1, x2 - x1), np.uint8)
    cv2.fillConvexPoly(inside, polygon - np.array([x1, y1], np.int32), 1)
    rows, cols = np.nonzero(inside)
    rows, cols = rows + y1, cols + x1
    surface = part.surface(cols.astype(np.float32), rows.astype(np.float32))
    nearer = surface.depth < buffers.depth[rows, cols]
    rows, cols = rows[nearer], cols[nearer]
    buffers.depth[rows, cols] = surface.depth[nearer]
    buffers.normal[rows, cols] = surface.normal[nearer]
    buffers.texel[rows, cols] = surface.texel[nearer] + offset
    buffers.material[rows, cols] = material


@dataclass(frozen=True, slots=True, eq=False)
class _Surface:
    depth: np.ndarray
    normal: np.ndarray
    texel: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class _FlatPart:
    """One part of one frame: two ellipses, their depths and bulges."""

    centre: np.ndarray
    root: np.ndarray
    depth: np.ndarray
    bulge: np.ndarray
    px_per_m: float

    def surface(self, x: np.ndarray, y: np.ndarray) -> _Surface:
        """Return depth, normal (towards the viewer: -z) and texture place at pixels inside the outline."""
        a, b = self.centre.astype(np.float32)
        way = b - a
        length2 = float(way @ way)
        if length2 > 1e-3:
            along = np.clip(((x - a[0]) * way[0] + (y - a[1]) * way[1]) / length2, 0, 1)
        else:
            along = np.zeros_like(x)
        m = self.root.astype(np.float32)
        xx, xy, yy = (m[0, i, j] + along * (m[1, i, j] - m[0, i, j]) for i, j in ((0, 0), (0, 1), (1, 1)))
        dx, dy = x - a[0] - along * way[0], y - a[1] - along * way[1]
        det = np.maximum(xx * yy - xy * xy, 1e-4)
        u, v = (yy * dx - xy * dy) / det, (xx * dy - xy * dx) / det
        out = np.minimum(u * u + v * v, 0.995)
        up = np.sqrt(1 - out)
        size = np.sqrt(det)
        nx, ny = (yy * u - xy * v) / size, (xx * v - xy * u) / size
        normal = np.stack([nx, ny, -up], axis=1)
        normal /= np.sqrt((normal * normal).sum(axis=1, keepdims=True))
        bulge = self.bulge[0] + along * (self.bulge[1] - self.bulge[0])
        depth = self.depth[0] + along * (self.depth[1] - self.depth[0]) - up * bulge
        scale = _TEXELS_PER_M / self.px_per_m
        texel = np.stack(
            [along * np.sqrt(length2) * scale, np.arcsin(np.clip(u, -1, 1)) * xx * scale], axis=1
        )
        return _Surface(depth.astype(np.float32), normal.astype(np.float32), texel.astype(np.float32))


@cache
def _fold_tile() -> Float32[np.ndarray, "h w"]:
    """Return a tile of soft folds, mean 0, sd 1."""
    rng = np.random.default_rng(7)
    total = np.zeros((_TILE, _TILE), np.float32)
    for sigma, weight in ((14.0, 1.0), (5.0, 0.6), (1.2, 0.35)):
        noise = rng.standard_normal((_TILE, _TILE)).astype(np.float32)
        wrapped = cv2.GaussianBlur(np.tile(noise, (3, 3)), (0, 0), sigma)[
            _TILE : 2 * _TILE, _TILE : 2 * _TILE
        ]
        total += weight * wrapped / wrapped.std()
    total /= total.std()
    return total


def _weave(appearance: Appearance, texel: np.ndarray) -> np.ndarray:
    """Return the top's pattern as a factor of brightness."""
    along, across = texel[..., 0], texel[..., 1]
    if appearance.pattern == "stripes":
        return np.asarray(np.where(np.sin(along * 0.42) > 0.2, 1.0, 0.72), np.float32)
    if appearance.pattern == "checks":
        lines = (np.sin(along * 0.55) > 0.55).astype(np.float32) + (np.sin(across * 0.55) > 0.55)
        return np.asarray(1.0 - 0.16 * lines, np.float32)
    if appearance.pattern == "melange":
        fine = _fold_tile()[(along * 5).astype(int) % _TILE, (across * 5).astype(int) % _TILE]
        return np.asarray(1.0 + 0.06 * fine, np.float32)
    return np.ones_like(along)


_STRENGTH = np.array([0.02, 0.10, 0.0, 0.08, 0.08, 0.09, 0.04, 0.02, 0.05, 0.09, 0.09, 0.0], np.float32)


def _light(buffers: _Buffers, appearance: Appearance, sun: Float[np.ndarray, "3"]) -> np.ndarray:
    """Return the lit colours, (h, w, 3), zero outside the figure."""
    inside = buffers.material >= 0
    normal = cv2.GaussianBlur(buffers.normal, (0, 0), 1.6)
    normal /= np.sqrt((normal * normal).sum(axis=2, keepdims=True)) + 1e-6
    diffuse = np.clip(normal @ sun.astype(np.float32), 0, 1)
    sky = 0.5 - 0.5 * normal[..., 1]
    depth = np.where(inside, buffers.depth, buffers.depth[inside].mean() if inside.any() else 0)
    hidden = np.clip((depth - cv2.GaussianBlur(depth, (0, 0), 7)) * 2.2, 0, 0.3)  # behind an arm it is darker
    light = (0.42 + 0.24 * sky + 0.52 * diffuse) * (1 - hidden)
    texel = buffers.texel.astype(np.int32) % _TILE
    folds = _fold_tile()[texel[..., 0], texel[..., 1]]
    light *= 1 + _STRENGTH[buffers.material] * folds
    cloth = np.isin(buffers.material, (MATERIALS.index("top"), MATERIALS.index("sleeve")))
    light *= np.where(cloth, _weave(appearance, buffers.texel), 1)
    colour = appearance.palette()[buffers.material] * light[..., None]
    return np.asarray(np.where(inside[..., None], np.minimum(colour, 255), 0), np.float32)


def shade(
    flat: Flat, frame: int, materials: tuple[str, ...], appearance: Appearance, sun: Float[np.ndarray, "3"]
) -> Patch:
    """Draw one frame of a walker.

    Args:
        flat: The parts as the camera sees them.
        frame: Which frame of ``flat``.
        materials: Material of every part.
        appearance: Its colours.
        sun: Unit vector to the sun in camera coordinates (x right, y down, z away).
    """
    one = Flat(*(field[frame : frame + 1] for field in (flat.centre, flat.spread, flat.depth, flat.bulge)))
    polygons = outlines(one, corners=20)[0]
    low, high = polygons.min(axis=(0, 1)), polygons.max(axis=(0, 1))
    corner = np.floor(low).astype(int) - 2
    size = np.ceil(high).astype(int) + 3 - corner
    buffers = _Buffers(int(size[1]) * SUPER, int(size[0]) * SUPER)
    drawn = np.rint((polygons - corner) * SUPER).astype(np.int32)
    roots = _root(one.spread[0]) * SUPER
    scale = float(np.median(np.sqrt(np.abs(np.linalg.det(one.spread[0, :, 0]))) ** 0.5 / one.bulge[0, :, 0]))
    order = np.argsort((one.depth - one.bulge)[0].min(axis=1))
    for k in order:
        part = _FlatPart(
            (one.centre[0, k] - corner) * SUPER, roots[k], one.depth[0, k], one.bulge[0, k], scale * SUPER
        )
        _draw_part(buffers, drawn[k], part, MATERIALS.index(materials[k]), 37 * int(k))
    colour = _light(buffers, appearance, sun)
    alpha = (buffers.material >= 0).astype(np.float32)
    shrink = (int(size[0]), int(size[1]))
    return Patch(
        cv2.resize(colour, shrink, interpolation=cv2.INTER_AREA),
        cv2.resize(alpha, shrink, interpolation=cv2.INTER_AREA),
        (int(corner[0]), int(corner[1])),
        (float(low[0]), float(low[1]), float(high[0]), float(high[1])),
    )
