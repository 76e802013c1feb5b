"""One walker in one frame, shaded: colour and coverage of a small patch of the picture.

Every part is drawn inside its outline with a depth buffer; its surface normal comes from the ellipse
between its two ends. Normals are then smoothed a little so that parts flow into each other, and lit by one
sun and the sky.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from jaxtyping import Float, Float32, Int16, Int32, Int64

from gaitway.synthetic.appearance import MATERIALS, Appearance
from gaitway.synthetic.camera import Flat, outlines

SUPER = 2  # drawn larger by this and averaged, so that edges are smooth
_FAR = 1e6
_FABRIC = {"skin": 0.02, "hair": 0.10, "eye": 0.0, "shoe": 0.04, "sole": 0.02}  # strength of folds, else 0.08
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


def _root(spread: Float[np.ndarray, "... 2 2"]) -> Float[np.ndarray, "... 2 2"]:
    """Return the symmetric square roots of 2x2 matrices."""
    det = np.sqrt(np.maximum(spread[..., 0, 0] * spread[..., 1, 1] - spread[..., 0, 1] ** 2, 1e-6))
    trace = np.sqrt(spread[..., 0, 0] + spread[..., 1, 1] + 2 * det)
    root: np.ndarray = (spread + det[..., None, None] * np.eye(2)) / trace[..., None, None]
    return root


class _Buffers:
    """What is nearest at every pixel of the patch: which part, and where on it."""

    def __init__(self, height: int, width: int) -> None:
        self.size = (height, width)
        self.depth = np.full(height * width, _FAR, np.float32)
        self.part = np.full(height * width, -1, np.int16)
        self.place = np.zeros((height * width, 3), np.float32)  # along, u, v

    def candidates(self, polygon: Int32[np.ndarray, "c 2"], nearest: float) -> Int64[np.ndarray, " p"]:
        """Return the pixels inside ``polygon`` where a surface at ``nearest`` could be seen."""
        height, width = self.size
        x1, y1 = np.maximum(polygon.min(axis=0), 0)
        x2, y2 = np.minimum(polygon.max(axis=0) + 1, (width, height))
        if x2 <= x1 or y2 <= y1:
            return np.zeros(0, np.int64)
        inside = np.zeros((y2 - y1, x2 - x1), np.uint8)
        cv2.fillConvexPoly(inside, polygon - np.array([x1, y1], np.int32), 1)
        inside &= self.depth.reshape(self.size)[y1:y2, x1:x2] > nearest
        flat = np.flatnonzero(inside)
        rows = flat // (x2 - x1)
        return np.asarray(flat + rows * (width - x2 + x1) + y1 * width + x1)


@dataclass(frozen=True, slots=True, eq=False)
class _Ellipses:
    """The parts of one frame in the patch's pixels: two ellipses, their depths and bulges."""

    centre: Float32[np.ndarray, "k 2 2"]
    root: Float32[np.ndarray, "k 2 2 2"]
    depth: Float32[np.ndarray, "k 2"]
    bulge: Float32[np.ndarray, "k 2"]

    def draw(self, k: int, buffers: _Buffers, polygon: Int32[np.ndarray, "c 2"]) -> None:
        """Draw part ``k`` into the buffers where it is nearer than what is there."""
        pixels = buffers.candidates(polygon, float((self.depth[k] - self.bulge[k]).min()))
        x, y = (pixels % buffers.size[1]).astype(np.float32), (pixels // buffers.size[1]).astype(np.float32)
        a, way = self.centre[k, 0], self.centre[k, 1] - self.centre[k, 0]
        dx, dy = x - a[0], y - a[1]
        length2 = float(way @ way)
        along = np.clip((dx * way[0] + dy * way[1]) / length2, 0, 1) if length2 > 1e-3 else np.zeros_like(x)
        dx, dy = dx - along * way[0], dy - along * way[1]
        m, change = self.root[k, 0], self.root[k, 1] - self.root[k, 0]
        xx, xy, yy = (m[i, j] + along * change[i, j] for i, j in ((0, 0), (0, 1), (1, 1)))
        det = xx * yy - xy * xy
        u, v = (yy * dx - xy * dy) / det, (xx * dy - xy * dx) / det
        up = np.sqrt(np.maximum(1 - u * u - v * v, 0.005))
        bulge = self.bulge[k, 0] + along * (self.bulge[k, 1] - self.bulge[k, 0])
        depth = self.depth[k, 0] + along * (self.depth[k, 1] - self.depth[k, 0]) - up * bulge
        nearer = depth < buffers.depth[pixels]
        pixels = pixels[nearer]
        buffers.depth[pixels] = depth[nearer]
        buffers.part[pixels] = k
        buffers.place[pixels] = np.stack([along, u, v], axis=1)[nearer]

    def normals(self, part: Int16[np.ndarray, " p"], place: Float32[np.ndarray, "p 3"]) -> np.ndarray:
        """Return unit normals (x right, y down, z away) of surface points, (P, 3)."""
        along, u, v = place.T
        m = self.root[part, 0] + along[:, None, None] * (self.root[part, 1] - self.root[part, 0])
        xx, xy, yy = m[:, 0, 0], m[:, 0, 1], m[:, 1, 1]
        size = np.sqrt(np.maximum(xx * yy - xy * xy, 1e-4))
        up = np.sqrt(np.maximum(1 - u * u - v * v, 0.005))
        normal = np.stack([(yy * u - xy * v) / size, (xx * v - xy * u) / size, -up], axis=1)
        return np.asarray(normal / np.sqrt((normal * normal).sum(axis=1, keepdims=True)))

    def texels(
        self, part: Int16[np.ndarray, " p"], place: Float32[np.ndarray, "p 3"], px_per_m: float
    ) -> np.ndarray:
        """Return where surface points lie on their part's fabric, in texels along and round it, (P, 2)."""
        way = self.centre[:, 1] - self.centre[:, 0]
        length = np.sqrt((way * way).sum(axis=1))
        scale = _TEXELS_PER_M / px_per_m
        round_it = np.arcsin(np.clip(place[:, 1], -1, 1)) * self.root[part, 0, 0, 0] * scale
        start = 37.0 * part
        return np.stack([place[:, 0] * length[part] * scale + start, round_it + start], axis=1)


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


_FOLDS = np.array([_FABRIC.get(name, 0.08) for name in MATERIALS], np.float32)
_PATTERNED = (MATERIALS.index("top"), MATERIALS.index("sleeve"))


def _colour_surface(
    buffers: _Buffers,
    ellipses: _Ellipses,
    material: Int64[np.ndarray, " k"],
    appearance: Appearance,
    view: _View,
) -> Float32[np.ndarray, "h w 3"]:
    """Return the lit colours, zero outside the figure."""
    seen = np.flatnonzero(buffers.part >= 0)
    part, place = buffers.part[seen], buffers.place[seen]
    normal = ellipses.normals(part, place)
    light = 0.54 - 0.12 * normal[:, 1] + 0.52 * np.clip(normal @ view.sun.astype(np.float32), 0, None)
    light = _smooth(light, seen, buffers.size, 1.3)
    depth = buffers.depth[seen]
    hidden = np.clip((depth - _smooth(depth, seen, buffers.size, 7.0)) * 2.2, 0, 0.3)  # dark behind an arm
    texel = ellipses.texels(part, place, view.px_per_m)
    kind = material[part]
    folds = _fold_tile()[texel[:, 0].astype(np.int32) % _TILE, texel[:, 1].astype(np.int32) % _TILE]
    light = light * (1 - hidden) * (1 + _FOLDS[kind] * folds)
    cloth = np.flatnonzero(np.isin(kind, _PATTERNED))
    light[cloth] *= _weave(appearance, texel[cloth])
    colour = np.zeros((len(buffers.part), 3), np.float32)
    colour[seen] = np.minimum(appearance.palette()[kind] * light[:, None], 255)
    return colour.reshape(*buffers.size, 3)


def _smooth(
    values: Float[np.ndarray, " p"], pixels: Int64[np.ndarray, " p"], size: tuple[int, int], sigma: float
) -> Float[np.ndarray, " p"]:
    """Average values over neighbouring pixels of the figure."""
    both = np.zeros((size[0] * size[1], 2), np.float32)
    both[pixels, 0], both[pixels, 1] = values, 1.0
    blurred = cv2.GaussianBlur(both.reshape(*size, 2), (0, 0), sigma).reshape(-1, 2)[pixels]
    return np.asarray(blurred[:, 0] / np.maximum(blurred[:, 1], 1e-3))


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    sun: Float[np.ndarray, "3"]
    px_per_m: float


def shade(
    flat: Flat, materials: tuple[str, ...], appearance: Appearance, sun: Float[np.ndarray, "3"]
) -> Patch:
    """Draw one frame of a walker.

    Args:
        flat: The parts as the camera sees them, one frame.
        materials: Material of every part.
        appearance: Its colours.
        sun: Unit vector to the sun in camera coordinates (x right, y down, z away).
    """
    polygons = outlines(flat, corners=20)[0]
    low, high = polygons.min(axis=(0, 1)), polygons.max(axis=(0, 1))
    corner = np.floor(low).astype(int) - 2
    size = np.ceil(high).astype(int) + 3 - corner
    buffers = _Buffers(int(size[1]) * SUPER, int(size[0]) * SUPER)
    drawn = np.rint((polygons - corner) * SUPER).astype(np.int32)
    root = _root(flat.spread[0]) * SUPER
    centre = (flat.centre[0] - corner) * SUPER
    parts = (np.asarray(a, np.float32) for a in (centre, root, flat.depth[0], flat.bulge[0]))
    ellipses = _Ellipses(*parts)
    for k in np.argsort((flat.depth - flat.bulge)[0].min(axis=1)):
        ellipses.draw(int(k), buffers, drawn[k])
    px_per_m = float(np.median(np.sqrt(np.linalg.det(root[:, 0])) / flat.bulge[0, :, 0]))
    material = np.array([MATERIALS.index(name) for name in materials], np.int64)
    colour = _colour_surface(buffers, ellipses, material, appearance, _View(sun, px_per_m))
    alpha = (buffers.part >= 0).astype(np.float32).reshape(buffers.size)
    shrink = (int(size[0]), int(size[1]))
    return Patch(
        cv2.resize(colour, shrink, interpolation=cv2.INTER_AREA),
        cv2.resize(alpha, shrink, interpolation=cv2.INTER_AREA),
        (int(corner[0]), int(corner[1])),
        (float(low[0]), float(low[1]), float(high[0]), float(high[1])),
    )
