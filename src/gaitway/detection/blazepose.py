"""People by BlazePose: found in tiles, confirmed and followed by the landmark network."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float32, Int64, UInt8

from gaitway.detection.bodies import body_boxes, clarity, covers, join, mask_overlap, paint_out, select
from gaitway.detection.cuts import is_cut, thumbnail
from gaitway.detection.following import FollowConfig, Follower, confidence
from gaitway.detection.movement import Movement
from gaitway.detection.newcomers import NewcomerConfig, is_likely
from gaitway.detection.pose_anchors import (
    SAME_DISTANCE,
    SAME_RATIO,
    TILE_PX,
    PoseCandidates,
    cluster,
    decode_poses,
)
from gaitway.detection.tiles import TileConfig, TileSchedule, cut_tile
from gaitway.errors import ConfigError
from gaitway.protocols import Runtime, Segmenter
from gaitway.types import Detections

_HEIGHT_PER_RADIUS = 2 / 1.07  # measured: the circle's diameter is 1.07 body heights
_WIDTH_PER_HEIGHT = 0.4
_CONFIRMED_AT_ONCE = 4  # landmark runs side by side
_MIN_DIAMETER, _MAX_DIAMETER = 0.3, 1.2  # of a body's circle, in tile sides: 0.9 to 3.5 heights a tile


@dataclass(frozen=True, slots=True)
class BlazePoseConfig:
    """How people are found. Sources of the numbers: docs/decisions/0021.

    Attributes:
        tiles: How the frame is divided.
        follow: When a followed person counts as seen.
        newcomer: What a new person can look like.
        frame_rate: Frames a second where nobody says (``reset``).
        tiles_per_s: Tiles searched in a second: some in every frame after the first of a shot, which is
            searched whole. At few frames a second people come farther in between two of them.
        min_score: Candidates of the person detector below are not looked at again.
        confirmations_first: Candidates that the landmark network may look at in the first frame.
        confirmations_per_s: The same in a second of other frames.
        min_presence: The landmark network's own belief from which a new person is believed.
        min_clarity: How decided a new person's mask must be as well.
        retry_after_s: For how long a place that held nobody is not looked at again, in seconds.
    """

    tiles: TileConfig = field(default_factory=TileConfig)
    follow: FollowConfig = field(default_factory=FollowConfig)
    newcomer: NewcomerConfig = field(default_factory=NewcomerConfig)
    frame_rate: float = 30.0
    tiles_per_s: float = 120.0
    min_score: float = 0.1
    confirmations_first: int = 32
    confirmations_per_s: float = 60.0
    min_presence: float = 0.5
    min_clarity: float = 0.4
    retry_after_s: float = 2 / 3

    def __post_init__(self) -> None:
        if min(self.frame_rate, self.tiles_per_s, self.confirmations_per_s) <= 0:
            raise ConfigError("frame_rate, tiles_per_s and confirmations_per_s must be more than 0")


@dataclass(frozen=True, slots=True, eq=False)
class _Failure:
    """A place where the landmark network saw nobody."""

    centre: Float32[np.ndarray, "2"]
    radius: float
    until: int

    def is_at(self, centre: Float32[np.ndarray, "2"], radius: float) -> bool:
        is_near = float(np.linalg.norm(self.centre - centre)) < SAME_DISTANCE * self.radius
        return is_near and 1 / SAME_RATIO < radius / self.radius < SAME_RATIO


class BlazePoseDetector:
    """Finds people with BlazePose's person detector and landmark network, remembering them between frames.

    Each frame: everybody known is cut out where expected; a few tiles are searched, in turn, so that the
    whole frame is searched every few seconds, sooner at the sizes seen, at the border, where something
    moves and where somebody was lost; new candidates are confirmed by the landmark network. So a second
    costs ``tiles_per_s`` detector runs and 2 x ``confirmations_per_s`` landmark runs at most, and one more
    for everybody known in every frame. Boxes are the extents of the masks; ``Detections.bodies`` is filled.
    """

    def __init__(
        self, detect_runtime: Runtime, segmenter: Segmenter, config: BlazePoseConfig | None = None
    ) -> None:
        self.config = config or BlazePoseConfig()
        self._runtime = detect_runtime
        self._segmenter = segmenter
        self.reset()

    def reset(self, frame_rate: float | None = None) -> None:
        """Forget everybody: the next frame is of another video, of so many frames a second."""
        self._rate = frame_rate or self.config.frame_rate
        self._forget()

    def _forget(self) -> None:
        self._follower = Follower(self.config.follow)
        self._failures: list[_Failure] = []
        self._schedule: TileSchedule | None = None
        self._layout = np.zeros((32, 32), np.float32)
        self._movement = Movement()
        self._frame = 0

    def detect(self, image_rgb: UInt8[np.ndarray, "h w 3"]) -> Detections:
        """Find the people of the next frame.

        Raises:
            NetworkError: A network gave something that is not BlazePose's output.
        """
        size_wh = (image_rgb.shape[1], image_rgb.shape[0])
        layout = thumbnail(image_rgb)
        if self._schedule is None or self._schedule.size_wh != size_wh or is_cut(self._layout, layout):
            self._forget()
            self._schedule = TileSchedule(size_wh, self.config.tiles)
        self._layout = layout
        following = self._segmenter.submit(image_rgb, self._follower.expected())
        moving = self._movement.update(layout, self._follower.expected(), size_wh)
        candidates = self._search(image_rgb, self._schedule, moving)
        found = self._follower.update(image_rgb, following.result())
        found = self._add_new(image_rgb, candidates, found)
        self._frame += 1
        return found

    def _add_new(
        self, image_rgb: UInt8[np.ndarray, "h w 3"], candidates: PoseCandidates, found: Detections
    ) -> Detections:
        """Confirm candidates, few at a time: who is found explains the candidates around."""
        is_first = self._frame == 0
        left = self.config.confirmations_first if is_first else self._a_frame(self.config.confirmations_per_s)
        self._failures = [f for f in self._failures if f.until > self._frame]
        while left > 0:
            hopeful = self._hopeful(candidates, found)[: min(left, _CONFIRMED_AT_ONCE)]
            if not len(hopeful):
                break
            rest = image_rgb if found.bodies is None else paint_out(image_rgb, found.bodies)
            found = self._admit(image_rgb, found, self._confirm(rest, candidates.select(hopeful)))
            candidates = candidates.select(np.delete(np.arange(len(candidates)), hopeful))
            left -= len(hopeful)
        return found

    def _search(
        self,
        image_rgb: UInt8[np.ndarray, "h w 3"],
        schedule: TileSchedule,
        moving_xyxy: Float32[np.ndarray, "m 4"],
    ) -> PoseCandidates:
        """Look at the tiles that are due and return where people may be, surest first."""
        if self._frame == 0:
            due = schedule.take_all()
        else:
            follower = self._follower
            count = self._a_frame(self.config.tiles_per_s)
            due = schedule.take(count, follower.expected(), follower.lost(), moving_xyxy)
        runs = []
        for tile_xyxy in schedule.tiles_xyxy[due]:
            tile, place = cut_tile(image_rgb, tile_xyxy, TILE_PX)
            runs.append((self._runtime.submit(tile[None] / np.float32(127.5) - np.float32(1)), place))
        looks = [
            _fitting(decode_poses(run.result(), place, 0.5 * self.config.min_score), place)
            for run, place in runs
        ]
        joined = cluster(
            PoseCandidates.join([cluster(look, combine="best") for look in looks]), combine="any"
        )
        return joined.select(np.flatnonzero(joined.score >= self.config.min_score))

    def _hopeful(self, candidates: PoseCandidates, found: Detections) -> Int64[np.ndarray, " k"]:
        """Return the candidates that are nobody known and no place that failed lately, likeliest first."""
        rows = []
        for row, (centre, radius) in enumerate(zip(candidates.centre, candidates.radius, strict=True)):
            bodies = found.bodies
            is_known = bodies is not None and any(covers(bodies, i, centre) for i in range(len(bodies)))
            if not (is_known or any(f.is_at(centre, float(radius)) for f in self._failures)):
                rows.append(row)
        likely = candidates.score * np.where(_is_company(candidates, found.xyxy), 2.0, 1.0)
        hopeful = np.array(rows, np.int64)
        return hopeful[np.argsort(-likely[hopeful], kind="stable")]

    def _confirm(self, image_rgb: UInt8[np.ndarray, "h w 3"], candidates: PoseCandidates) -> Detections:
        """Let the landmark network look at candidates, and again where its first look saw something."""
        first = self._segmenter.segment(image_rgb, _guess_boxes(candidates))
        boxes = body_boxes(first)
        promising = (first.presence >= 0.1) | (clarity(first) >= 0.3)
        again = np.flatnonzero(promising & (boxes[:, 3] - boxes[:, 1] >= 8))
        bodies = self._segmenter.segment(image_rgb, boxes[again])
        clear = clarity(bodies)
        is_person = (bodies.presence >= self.config.min_presence) & (clear >= self.config.min_clarity)
        for row in np.delete(np.arange(len(candidates)), again[is_person]):
            until = self._frame + round(self.config.retry_after_s * self._rate)
            self._failures.append(_Failure(candidates.centre[row], float(candidates.radius[row]), until))
        people = Detections(body_boxes(bodies), confidence(bodies.presence, clear), bodies)
        return select(people, np.flatnonzero(is_person))

    def _a_frame(self, per_s: float) -> int:
        """Return how many of so many a second a frame gets: at least one."""
        return max(round(per_s / self._rate), 1)

    def _admit(self, image_rgb: UInt8[np.ndarray, "h w 3"], found: Detections, new: Detections) -> Detections:
        """Add the new people who are not somebody already found, surest first."""
        size_wh = image_rgb.shape[1], image_rgb.shape[0]
        for row in np.argsort(-new.confidence, kind="stable"):
            if not is_likely(new.xyxy[row], found.xyxy, size_wh, self.config.newcomer):
                continue
            both = join(found, select(new, np.array([row], np.int64)))
            bodies = both.bodies
            if bodies is None or any(
                mask_overlap(bodies, both.xyxy, len(found), i) > self.config.follow.max_overlap
                for i in range(len(found))
            ):
                continue
            found = both
            self._follower.add(image_rgb, new.xyxy[row], float(new.confidence[row]))
        return found


def _fitting(look: PoseCandidates, tile_xyxy: Float32[np.ndarray, "4"]) -> PoseCandidates:
    """Keep the candidates whose size suits the tile; other tiles see the others better."""
    diameter = 2 * look.radius / (tile_xyxy[2] - tile_xyxy[0])
    return look.select(np.flatnonzero((diameter > _MIN_DIAMETER) & (diameter < _MAX_DIAMETER)))


def _is_company(
    candidates: PoseCandidates, people_xyxy: Float32[np.ndarray, "k 4"]
) -> Bool[np.ndarray, " n"]:
    """Tell which candidates are as large and stand about as high in the picture as somebody found."""
    height = people_xyxy[:, 3] - people_xyxy[:, 1]
    ratio = candidates.radius[:, None] * _HEIGHT_PER_RADIUS / np.maximum(height, 1.0)
    gap = np.abs(candidates.centre[:, 1:] - (people_xyxy[:, 1] + people_xyxy[:, 3]) / 2)
    alike: np.ndarray = (ratio < SAME_RATIO) & (ratio > 1 / SAME_RATIO) & (gap < 1.5 * height)
    is_alike: np.ndarray = np.any(alike, axis=1)
    return is_alike


def _guess_boxes(candidates: PoseCandidates) -> Float32[np.ndarray, "n 4"]:
    """Return the boxes that the candidates' circles suggest."""
    height = candidates.radius * _HEIGHT_PER_RADIUS
    half = np.stack([height * _WIDTH_PER_HEIGHT, height], axis=1) / 2
    boxes: np.ndarray = np.concatenate([candidates.centre - half, candidates.centre + half], axis=1)
    return boxes
