"""Changes of a walk that leave the walker the same: every frame of a walk is changed alike.

Each transform takes and gives uint8 (T, C, H, W) and draws from the walk's own random numbers. Names and
settings are those of the field's configurations.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from gaitway.config import from_mapping
from gaitway.errors import ConfigError
from gaitway.training.near import unknown_key

Walk = UInt8[np.ndarray, "t c h w"]


@runtime_checkable
class Transform(Protocol):
    """A change of a walk."""

    def __call__(self, walk: Walk, rng: np.random.Generator) -> UInt8[np.ndarray, "t c h w2"]:
        """Return the changed walk; the given one stays as it is."""
        ...


def _warped(walk: Walk, warp: Callable[[np.ndarray, tuple[int, int]], np.ndarray]) -> Walk:
    """Apply a warp to every picture."""
    height, width = walk.shape[2:]
    out = np.empty_like(walk)
    for t, c in np.ndindex(walk.shape[:2]):
        out[t, c] = warp(walk[t, c], (width, height))
    return out


def _affine(walk: Walk, matrix: Float[np.ndarray, "2 3"]) -> Walk:
    return _warped(walk, lambda image, size: cv2.warpAffine(image, matrix, size))


@dataclass(frozen=True, slots=True)
class CutSides:
    """Cut 10 of every 64 columns at each side: 64 -> 44."""

    def __call__(self, walk: Walk, rng: np.random.Generator) -> UInt8[np.ndarray, "t c h w2"]:  # noqa: ARG002
        """Return the middle."""
        side = walk.shape[-1] // 64 * 10
        return walk[..., side : walk.shape[-1] - side]


@dataclass(frozen=True, slots=True)
class RandomHorizontalFlip:
    """Mirror."""

    prob: float = 0.5

    def __call__(self, walk: Walk, rng: np.random.Generator) -> Walk:
        """Return the walk or its mirror picture."""
        return walk[..., ::-1] if rng.random() < self.prob else walk


@dataclass(frozen=True, slots=True)
class RandomPerspective:
    """See the walk from a camera that is turned: each corner moves by up to ``distortion`` of the side."""

    prob: float = 0.5
    distortion: float = 0.15

    def __call__(self, walk: Walk, rng: np.random.Generator) -> Walk:
        """Return the walk, warped or not."""
        if rng.random() >= self.prob:
            return walk
        height, width = walk.shape[2:]
        corners = np.array([[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]], np.float32)
        moved = corners + rng.uniform(-1, 1, (4, 2)) * self.distortion * (width, height)
        matrix = cv2.getPerspectiveTransform(moved.astype(np.float32), corners)
        return _warped(walk, lambda image, size: cv2.warpPerspective(image, matrix, size))


@dataclass(frozen=True, slots=True)
class RandomRotate:
    """Turn about the centre by up to ``degree`` degrees."""

    prob: float = 0.5
    degree: float = 10.0

    def __call__(self, walk: Walk, rng: np.random.Generator) -> Walk:
        """Return the walk, turned or not."""
        if rng.random() >= self.prob:
            return walk
        height, width = walk.shape[2:]
        centre = ((width - 1) / 2, (height - 1) / 2)
        return _affine(walk, cv2.getRotationMatrix2D(centre, rng.uniform(-self.degree, self.degree), 1.0))


@dataclass(frozen=True, slots=True)
class RandomAffine:
    """Turn, shift, scale and shear a little.

    Attributes:
        prob: How often.
        degree: Most turn, degrees.
        shift: Most shift, part of the side.
        scale: Most change of size, as a part.
        shear: Most shear, pixels per pixel.
    """

    prob: float = 0.5
    degree: float = 10.0
    shift: float = 0.05
    scale: float = 0.1
    shear: float = 0.1

    def __call__(self, walk: Walk, rng: np.random.Generator) -> Walk:
        """Return the walk, changed or not."""
        if rng.random() >= self.prob:
            return walk
        height, width = walk.shape[2:]
        centre = ((width - 1) / 2, (height - 1) / 2)
        angle, size, shear = rng.uniform(-1, 1, 3) * (self.degree, self.scale, self.shear)
        matrix = cv2.getRotationMatrix2D(centre, float(angle), 1.0 + float(size))
        matrix[0, 1] += shear
        matrix[0, 2] -= shear * centre[1]
        moved = rng.uniform(-1, 1, 2) * self.shift * (width, height)
        return _affine(walk, np.column_stack([matrix[:, :2], matrix[:, 2] + moved]))


@dataclass(frozen=True, slots=True)
class RandomErasing:
    """Blank a rectangle.

    Attributes:
        prob: How often.
        sl: Least area, part of the picture.
        sh: Most area.
        r1: Least height over width; the most is its inverse.
        per_frame: Another rectangle in every frame.

    Source:
        Random Erasing Data Augmentation (Zhong et al., AAAI 2020); erased pixels become background.
    """

    prob: float = 0.5
    sl: float = 0.05
    sh: float = 0.2
    r1: float = 0.3
    per_frame: bool = False

    def __call__(self, walk: Walk, rng: np.random.Generator) -> Walk:
        """Return the walk, with a hole or not."""
        frames = np.split(walk, len(walk)) if self.per_frame else [walk]
        return np.concatenate([self._erased(part, rng) for part in frames])

    def _erased(self, walk: Walk, rng: np.random.Generator) -> Walk:
        if rng.random() >= self.prob:
            return walk
        height, width = walk.shape[2:]
        area = rng.uniform(self.sl, self.sh) * height * width
        ratio = float(np.exp(rng.uniform(np.log(self.r1), -np.log(self.r1))))
        h = min(round((area * ratio) ** 0.5), height)
        w = min(round((area / ratio) ** 0.5), width)
        y, x = int(rng.integers(height - h + 1)), int(rng.integers(width - w + 1))
        out = walk.copy()
        out[..., y : y + h, x : x + w] = 0
        return out


def _band(height: int, top_range: Sequence[int], bot_range: Sequence[int], rng: np.random.Generator) -> slice:
    """Draw a band of rows; ranges are in 64ths of the height, as published for 64x64."""
    top = int(rng.integers(top_range[0], top_range[1] + 1)) * height // 64
    bottom = int(rng.integers(bot_range[0], bot_range[1] + 1)) * height // 64
    return slice(top, max(bottom, top + 1))


@dataclass(frozen=True, slots=True)
class RandomPartDilate:
    """Make a band of the body thicker, as coats and bags do.

    Attributes:
        prob: How often.
        top_range: Rows the band may begin at, of 64.
        bot_range: Rows it may end at.
        most: Largest kernel, pixels.
    """

    prob: float = 0.5
    top_range: tuple[int, ...] = (12, 16)
    bot_range: tuple[int, ...] = (36, 40)
    most: int = 7

    def __call__(self, walk: Walk, rng: np.random.Generator) -> Walk:
        """Return the walk, thicker or not."""
        if rng.random() >= self.prob:
            return walk
        rows = _band(walk.shape[2], self.top_range, self.bot_range, rng)
        kernel = np.ones((1, 2 * int(rng.integers(1, self.most // 2 + 1)) + 1), np.uint8)
        out = walk.copy()
        for t, c in np.ndindex(walk.shape[:2]):
            out[t, c, rows] = cv2.dilate(np.ascontiguousarray(walk[t, c, rows]), kernel)
        return out


@dataclass(frozen=True, slots=True)
class RandomPartBlur:
    """Blur a band of the body; settings as ``RandomPartDilate``'s."""

    prob: float = 0.5
    top_range: tuple[int, ...] = (9, 20)
    bot_range: tuple[int, ...] = (29, 40)
    per_frame: bool = False

    def __call__(self, walk: Walk, rng: np.random.Generator) -> Walk:
        """Return the walk, blurred or not."""
        frames = np.split(walk, len(walk)) if self.per_frame else [walk]
        return np.concatenate([self._blurred(part, rng) for part in frames])

    def _blurred(self, walk: Walk, rng: np.random.Generator) -> Walk:
        if rng.random() >= self.prob:
            return walk
        rows = _band(walk.shape[2], self.top_range, self.bot_range, rng)
        sigma = float(rng.uniform(0.5, 3.0))
        out = walk.copy()
        for t, c in np.ndindex(walk.shape[:2]):
            out[t, c, rows] = cv2.GaussianBlur(np.ascontiguousarray(walk[t, c, rows]), (5, 5), sigma)
        return out


TRANSFORMS: dict[str, type] = {
    kind.__name__: kind
    for kind in (
        CutSides,
        RandomAffine,
        RandomErasing,
        RandomHorizontalFlip,
        RandomPartBlur,
        RandomPartDilate,
        RandomPerspective,
        RandomRotate,
    )
}


def build_transform(settings: Mapping[str, Any]) -> Transform:
    """Build a transform from ``{type: RandomRotate, prob: 0.2, ...}``.

    Raises:
        ConfigError: An unknown transform or setting; near names are listed.
    """
    values = dict(settings)
    name = str(values.pop("type", None))
    if name not in TRANSFORMS:
        raise unknown_key(f"transform {name}", name, TRANSFORMS)
    if not 0 <= values.get("prob", 0.5) <= 1:
        raise ConfigError(f"prob of {name} is {values['prob']!r}, wanted 0 to 1")
    transform: Transform = from_mapping(TRANSFORMS[name], values, where=f"{name}.")
    return transform


def apply(
    transforms: Sequence[Transform], walk: Walk, rng: np.random.Generator
) -> UInt8[np.ndarray, "t c h w2"]:
    """Apply one transform after the other."""
    for transform in transforms:
        walk = transform(walk, rng)
    return np.ascontiguousarray(walk)
