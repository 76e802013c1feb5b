"""How people look: the colours of their clothes and the proportions of their bodies, 48 bytes a box."""

from __future__ import annotations

from array import array
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, UInt8

from gaitway.types import Bodies, Silhouettes

PARTS, CHANNELS, BINS = 2, 3, 6  # upper and lower body; L, a and b
HISTOGRAMS = PARTS * CHANNELS
PROPORTIONS = 3
_NOSE, _SHOULDERS, _HIPS, _KNEES, _ANKLES = [0], [11, 12], [23, 24], [25, 26], [27, 28]  # BlazePose


@dataclass(frozen=True, slots=True)
class LookConfig:
    """How looks are read.

    Attributes:
        grid_hw: A person is sampled at so many points of the box, rows and columns.
        upper: From where to where of the box the shirt is looked for, as shares of its height: below the
            chin and above the hips (Winter, Biomechanics, 2009: 0.13 and 0.47 from the top).
        lower: The same for trousers: from the hips to above the feet (0.53 and 0.93).
        min_samples: A part with fewer points on the body is unknown.
        min_probability: A point is on the body above it; edges mix with what is behind.
        chroma: a and b of CIE Lab beyond this count as this; few clothes are more colourful.
        min_confidence: Keypoints below it are unknown.
    """

    grid_hw: tuple[int, int] = (32, 16)
    upper: tuple[float, float] = (0.16, 0.47)
    lower: tuple[float, float] = (0.53, 0.9)
    min_samples: int = 12
    min_probability: float = 0.6
    chroma: float = 40.0
    min_confidence: float = 0.5


DEFAULT = LookConfig()


@dataclass(frozen=True, slots=True, eq=False)
class Looks:
    """The looks of M boxes.

    Attributes:
        colours: Histograms of L, a and b of the upper, then the lower body, each summing to about 255; all 0
            where unknown.
        proportions: Log ratios torso : legs, head : torso and thighs : shanks as seen; NaN where unknown.
    """

    colours: UInt8[np.ndarray, "m 6 6"]
    proportions: Float32[np.ndarray, "m 3"]

    def __len__(self) -> int:
        return len(self.colours)


def describe_people(
    image_rgb: UInt8[np.ndarray, "h w 3"],
    bodies: Bodies,
    xyxy: Float32[np.ndarray, "n 4"],
    config: LookConfig = DEFAULT,
) -> Looks:
    """Return the looks of the people of one frame.

    Args:
        image_rgb: The frame.
        bodies: Their masks and keypoints.
        xyxy: Their boxes, in the same order.
        config: How.
    """
    if not len(xyxy):
        return Looks(np.zeros((0, HISTOGRAMS, BINS), np.uint8), np.zeros((0, PROPORTIONS), np.float32))
    colours, is_body = _sample(image_rgb, bodies, xyxy, config)
    rows = config.grid_hw[0]
    parts = []
    for low, high in (config.upper, config.lower):
        part = slice(round(low * rows), round(high * rows))
        parts.append(_histograms(colours[:, part], is_body[:, part], config))
    both = np.concatenate(parts, axis=1)
    both[(both.max(axis=2) == 0).any(axis=1)] = 0  # with one part unknown nothing can be compared
    return Looks(both, _proportions(bodies.keypoints, config))


def _sample(
    image_rgb: np.ndarray, bodies: Bodies, xyxy: np.ndarray, config: LookConfig
) -> tuple[np.ndarray, np.ndarray]:
    """Return the boxes' colours in CIE Lab (n, h, w, 3) and which points are on the body (n, h, w)."""
    import cv2

    height, width = config.grid_hw
    patches = np.empty((len(xyxy), height, width, 3), np.uint8)
    masks = np.empty((len(xyxy), height, width), np.float32)
    for i, (box, region, mask) in enumerate(zip(xyxy, bodies.region_xyxy, bodies.masks, strict=True)):
        step = np.maximum(box[2:] - box[:2], 1e-3) / (width, height)
        first = box[:2] + step / 2  # pixel centres: point u lies at first + u * step
        patches[i] = _points(image_rgb, first - 0.5, step, (width, height))
        per_px = np.array(mask.shape[::-1]) / np.maximum(region[2:] - region[:2], 1e-3)
        masks[i] = _points(mask, (first - region[:2]) * per_px - 0.5, step * per_px, (width, height))
    lab = cv2.cvtColor(patches.reshape(-1, width, 3).astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
    return lab.reshape(patches.shape), masks > config.min_probability


def _points(
    picture: np.ndarray, first_xy: np.ndarray, step_xy: np.ndarray, size_wh: tuple[int, int]
) -> np.ndarray:
    """Read a picture at a grid of points, bilinear; 0 outside it."""
    import cv2

    to_picture = np.array([[step_xy[0], 0, first_xy[0]], [0, step_xy[1], first_xy[1]]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    read: np.ndarray = cv2.warpAffine(picture, to_picture, size_wh, flags=flags)
    return read


def _histograms(lab: np.ndarray, is_body: np.ndarray, config: LookConfig) -> UInt8[np.ndarray, "n 3 6"]:
    """Return histograms of one part; every point is shared between its two nearest bins."""
    n, chroma = len(lab), config.chroma
    person = np.repeat(np.arange(n), is_body.sum(axis=(1, 2)))
    low, reach = np.array([0, -chroma, -chroma]), np.array([100, 2 * chroma, 2 * chroma])
    place = np.clip((lab[is_body] - low) / reach, 0, 1) * (BINS - 1)  # (points, 3)
    left = np.minimum(place.astype(np.int64), BINS - 2)
    share = place - left
    key = (person[:, None] * CHANNELS + np.arange(CHANNELS)) * BINS + left
    size = n * CHANNELS * BINS
    count = np.bincount(key.ravel(), (1 - share).ravel(), size)
    count += np.bincount(key.ravel() + 1, share.ravel(), size)
    count = count.reshape(n, CHANNELS, BINS)
    total = count.sum(axis=2, keepdims=True)
    known = total >= config.min_samples
    histograms: np.ndarray = np.rint(np.where(known, 255 * count / np.maximum(total, 1), 0)).astype(np.uint8)
    return histograms


def _proportions(keypoints: Float32[np.ndarray, "n 33 3"], config: LookConfig) -> Float32[np.ndarray, "n 3"]:
    used = np.where(keypoints[..., 2:] >= config.min_confidence, keypoints[..., :2], np.nan)
    nose, shoulders, hips, knees, ankles = (
        used[:, joints].mean(axis=1) for joints in (_NOSE, _SHOULDERS, _HIPS, _KNEES, _ANKLES)
    )

    def length(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        distance: np.ndarray = np.maximum(np.linalg.norm(a - b, axis=1), 1e-3)
        return distance

    torso = length(shoulders, hips)
    ratios = torso / length(hips, ankles), length(nose, shoulders) / torso
    logs: np.ndarray = np.log(np.stack([*ratios, length(hips, knees) / length(knees, ankles)], axis=1))
    return logs.astype(np.float32)


class LookCollector:
    """Gathers the looks of a video's people as its frames come, while the pixels are at hand."""

    def __init__(self, config: LookConfig = DEFAULT) -> None:
        self._config = config
        self._colours, self._proportions = array("B"), array("f")

    def add(self, image_rgb: UInt8[np.ndarray, "h w 3"], people: Silhouettes) -> None:
        """Take the people of one frame, in their order."""
        looks = describe_people(image_rgb, people.bodies, people.xyxy, self._config)
        self._colours.frombytes(looks.colours.tobytes())
        self._proportions.frombytes(looks.proportions.tobytes())

    def looks(self) -> Looks:
        """Return everybody's looks so far, in the order of ``add``."""
        return Looks(
            np.array(self._colours, np.uint8).reshape(-1, HISTOGRAMS, BINS),
            np.array(self._proportions, np.float32).reshape(-1, PROPORTIONS),
        )
