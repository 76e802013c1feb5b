"""Small pictures of a walk, as data URIs: silhouettes through time, the Gait Energy Image, a poster."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping

import cv2
import numpy as np
from jaxtyping import UInt8

from gaitway.results import walk_blocks, walk_column
from gaitway.silhouettes.gei import energy_of_blocks
from gaitway.types import GaitSequence

_POSTER_SIDE = 400  # of the longer side: a card of the page is about that wide
_POSTER_QUALITY = 65


def _data_uri(kind: str, encoded: np.ndarray) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(encoded.tobytes()).decode('ascii')}"


def png_uri(image: UInt8[np.ndarray, "h w"]) -> str:
    """Return a grey picture as a PNG data URI."""
    _, encoded = cv2.imencode(".png", image, [cv2.IMWRITE_PNG_COMPRESSION, 9])
    return _data_uri("png", encoded)


def poster_uri(image_rgb: UInt8[np.ndarray, "h w 3"]) -> str:
    """Return a frame as a small JPEG data URI: a photograph is ten times smaller than as PNG."""
    scale = min(1.0, _POSTER_SIDE / max(image_rgb.shape[:2]))
    size = (max(1, round(image_rgb.shape[1] * scale)), max(1, round(image_rgb.shape[0] * scale)))
    small = cv2.resize(image_rgb, size, interpolation=cv2.INTER_AREA)
    quality = [cv2.IMWRITE_JPEG_QUALITY, _POSTER_QUALITY]
    _, encoded = cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), quality)
    return _data_uri("jpeg", encoded)


def walk_uris(walks: Mapping[int, GaitSequence], track_id: int, count: int) -> tuple[str, tuple[str, ...]]:
    """Return a walk's Gait Energy Image, and at most ``count`` of its silhouettes spread evenly over it.

    The energy image is bright where the body always is and grey where it swings.
    """
    quality = walk_column(walks, track_id, "quality")
    chosen = np.unique(np.linspace(0, len(quality) - 1, min(count, len(quality))).round().astype(int))
    strip: list[str] = []

    def passing() -> Iterator[np.ndarray]:
        first = 0
        for block in walk_blocks(walks, track_id, "silhouettes"):
            here = chosen[(chosen >= first) & (chosen < first + len(block))] - first
            strip.extend(png_uri(silhouette) for silhouette in block[here])
            first += len(block)
            yield block

    energy = energy_of_blocks(passing(), quality)
    return png_uri((255 * energy).round().clip(0, 255).astype(np.uint8)), tuple(strip)
