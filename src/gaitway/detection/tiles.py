"""Square tiles of several sizes over a frame, and which of them to look at next."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float, Float32, Int64, UInt8

from gaitway.errors import ConfigError


@dataclass(frozen=True, slots=True)
class TileConfig:
    """How a frame is divided.

    Attributes:
        smallest_person: Least body height searched, as a share of the frame's shorter side.
        smallest_person_px: Least body height searched, in pixels; smaller people cannot be cut out.
        heights_per_tile: Tile side in body heights at which the person detector works best (measured:
            recall is best at 1.25 to 2.5; docs/decisions/0021).
        level_ratio: Factor between tile sizes.
        stride: Distance of neighbouring tiles in tile sides; at 2 heights a tile, a person is then cut
            by at most a tenth of the tile.
        other_weight: How often tiles that fit nobody seen so far are looked at, relative to those that do.
        urgent_every: Tiles where somebody was lost are looked at again after this many frames.
        border_weight: The same for tiles at the frame's border, where people come in.
        motion_weight: The same for tiles in which something moves that is nobody known.
    """

    smallest_person: float = 0.1
    smallest_person_px: float = 40.0
    heights_per_tile: float = 2.0
    level_ratio: float = 1.5
    stride: float = 0.6
    other_weight: float = 0.25
    urgent_every: int = 3
    border_weight: float = 1.5
    motion_weight: float = 4.0

    def __post_init__(self) -> None:
        if not (0 < self.smallest_person <= 1 and self.level_ratio > 1 and 0 < self.stride <= 1):
            raise ConfigError("tiles need 0 < smallest_person <= 1, level_ratio > 1 and 0 < stride <= 1")


def plan_tiles(size_wh: tuple[int, int], config: TileConfig) -> Float32[np.ndarray, "t 4"]:
    """Cover a frame with tiles of all sizes, the number of which does not depend on its resolution.

    Returns:
        Boxes xyxy, smallest tiles first; the largest reach outside the frame, round its centre.
    """
    width, height = size_wh
    short = min(size_wh)
    smallest = max(config.smallest_person * short, config.smallest_person_px)
    side = min(smallest * config.heights_per_tile, float(short))
    tiles: list[tuple[float, float, float, float]] = []
    while True:
        for y in _starts(height, side, config.stride):
            tiles.extend((x, y, x + side, y + side) for x in _starts(width, side, config.stride))
        if side > short:
            return np.array(tiles, np.float32)
        side *= config.level_ratio


def _starts(length: int, side: float, stride: float) -> list[float]:
    """Return where tiles of ``side`` begin so that they cover ``length``; one tile, centred, if larger."""
    if side >= length:
        return [(length - side) / 2]
    count = int(np.ceil((length - side) / (side * stride))) + 1
    return [float(x) for x in np.linspace(0, length - side, count)]


class TileSchedule:
    """Says which tiles are due: those longest unseen, sooner where a new person is likelier."""

    def __init__(self, size_wh: tuple[int, int], config: TileConfig) -> None:
        self.size_wh = size_wh
        self.tiles_xyxy = plan_tiles(size_wh, config)
        self._config = config
        low, high = self.tiles_xyxy[:, :2], self.tiles_xyxy[:, 2:]
        at_border = (low <= 0).any(axis=1) | (high >= np.array(size_wh)).any(axis=1)
        side = high[:, 1] - low[:, 1]
        # Large people cross the picture sooner, by their size: their tiles are due as much more often.
        self._place_weight = np.where(at_border, config.border_weight, 1.0) * side / side.min()
        # Different starting ages, in an order that jumps about, spread the looks evenly over the frame.
        self._spread = (np.arange(len(self.tiles_xyxy)) * 0.6180339887) % 1.0 * len(self.tiles_xyxy)
        self._age = self._spread.copy()

    def take_all(self) -> Int64[np.ndarray, " t"]:
        """Return every tile, and begin their turns anew."""
        self._age = self._spread.copy()
        return np.arange(len(self.tiles_xyxy), dtype=np.int64)

    def take(
        self,
        count: int,
        people_xyxy: Float32[np.ndarray, "k 4"],
        urgent_xyxy: Float32[np.ndarray, "u 4"],
        moving_xyxy: Float32[np.ndarray, "m 4"] | None = None,
    ) -> Int64[np.ndarray, " c"]:
        """Return the ``count`` tiles most due, and count them as seen.

        Args:
            count: How many, at most all.
            people_xyxy: People seen lately; others of their size stand as high in the picture, so tiles
                for such are looked at more often. None: every tile is as likely.
            urgent_xyxy: Boxes where somebody was lost: tiles round them that fit are due at once.
            moving_xyxy: Places where something moves that is nobody known.
        """
        self._age += 1.0
        weight = self._place_weight.copy()
        if len(people_xyxy):
            weight[~self._fits(people_xyxy, np.array([np.inf, 1.0])).any(axis=1)] *= self._config.other_weight
        if moving_xyxy is not None:
            weight[self._sees(moving_xyxy)] *= self._config.motion_weight
        priority = self._age * weight
        if len(urgent_xyxy):
            is_urgent = self._fits(urgent_xyxy, np.array([0.3, 0.3])).any(axis=1)
            priority[is_urgent & (self._age >= self._config.urgent_every)] = np.inf
        chosen = np.argsort(-priority, kind="stable")[:count]
        self._age[chosen] = 0.0
        return chosen.astype(np.int64)

    def _sees(self, places_xyxy: Float32[np.ndarray, "m 4"]) -> Bool[np.ndarray, " t"]:
        """Tell in which tiles the middle of a place lies whose height they can hold."""
        x, y = (places_xyxy[:, :2] + places_xyxy[:, 2:]).T / 2
        height = places_xyxy[:, 3] - places_xyxy[:, 1]
        tiles = self.tiles_xyxy[:, :, None]
        inside = (tiles[:, 0] <= x) & (x < tiles[:, 2]) & (tiles[:, 1] <= y) & (y < tiles[:, 3])
        seen: np.ndarray = (inside & (tiles[:, 3] - tiles[:, 1] >= height)).any(axis=1)
        return seen

    def _fits(
        self, people_xyxy: Float32[np.ndarray, "k 4"], reach: Float[np.ndarray, "2"]
    ) -> Bool[np.ndarray, "t k"]:
        """Tell which tiles suit whose size, with centres at most ``reach`` (x, y) tile sides apart."""
        tiles = self.tiles_xyxy
        side = tiles[:, 2] - tiles[:, 0]
        wanted = np.maximum(people_xyxy[:, 3] - people_xyxy[:, 1], 1.0) * self._config.heights_per_tile
        # A little over half a level: each height is served by one or two tile sizes.
        fits = np.abs(np.log(side[:, None] / wanted)) < 0.6 * np.log(self._config.level_ratio)
        gap = np.abs((tiles[:, None, :2] + tiles[:, None, 2:] - people_xyxy[:, :2] - people_xyxy[:, 2:]) / 2)
        near: np.ndarray = fits & (gap <= side[:, None, None] * reach).all(axis=2)
        return near


def cut_tile(
    image_rgb: UInt8[np.ndarray, "h w 3"], tile_xyxy: Float32[np.ndarray, "4"], size: int
) -> tuple[UInt8[np.ndarray, "s s 3"], Float32[np.ndarray, "4"]]:
    """Cut a tile out of a frame and scale it to ``size`` pixels, black outside the frame.

    Returns:
        The tile, and where it really lies: on whole pixels.
    """
    x0, y0 = (round(float(v)) for v in tile_xyxy[:2])
    side = max(round(float(tile_xyxy[2] - tile_xyxy[0])), 1)
    height, width = image_rgb.shape[:2]
    part = image_rgb[max(y0, 0) : min(y0 + side, height), max(x0, 0) : min(x0 + side, width)]
    if part.shape[0] != side or part.shape[1] != side:
        top, left = max(-y0, 0), max(-x0, 0)
        bottom, right = side - top - part.shape[0], side - left - part.shape[1]
        part = cv2.copyMakeBorder(part, top, bottom, left, right, cv2.BORDER_CONSTANT)
    how = cv2.INTER_AREA if side > size else cv2.INTER_LINEAR
    tile: np.ndarray = cv2.resize(part, (size, size), interpolation=how)
    return tile, np.array([x0, y0, x0 + side, y0 + side], np.float32)
