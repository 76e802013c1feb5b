"""Give every person of a frame their own mask; contested pixels go to the likeliest owner."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from gaitway.errors import InputError
from gaitway.geometry import box_intersection
from gaitway.silhouettes.skeleton import distance_to_body
from gaitway.types import Bodies


@dataclass(frozen=True, slots=True)
class IsolateConfig:
    """How to tell one person's pixels from another's. Lengths are shares of the person's box height.

    Attributes:
        min_probability: Foreground above it; 0.5 is where the mask networks were trained to switch.
        reach: Distance from a body at which the evidence of its mask is worth nothing; half an arm's length.
        box_margin: Foreground farther than this outside the person's box is not the person's. Detectors cut
            off feet and elbows by up to a tenth.
        limb_gap: A piece apart from the body stays when it begins within this distance of the person's
            limbs; the ankle is about 0.04 high, so a foot cut off by a lost ankle stays.
        min_piece: Smallest piece apart that stays, as a share of the main piece's area; a foot is about 0.02.
        min_confidence: Keypoints below it are not used.
    """

    min_probability: float = 0.5
    reach: float = 0.15
    box_margin: float = 0.1
    limb_gap: float = 0.03
    min_piece: float = 0.004
    min_confidence: float = 0.3


@dataclass(frozen=True, slots=True, eq=False)
class Cutout:
    """One person, cut out alone.

    Attributes:
        mask: 0 or 255 over ``region_xyxy``, in square pixels; all 0 where nothing of the person is seen.
        region_xyxy: Part of the frame that the mask covers, frame pixels.
        contested: Share of the person's foreground that another person's mask claims too, in [0, 1].
        lost: Share of the person's foreground that was given to others, in [0, 1].
    """

    mask: UInt8[np.ndarray, "h w"]
    region_xyxy: Float32[np.ndarray, "4"]
    contested: float
    lost: float


def isolate(
    bodies: Bodies, boxes_xyxy: Float32[np.ndarray, "n 4"], config: IsolateConfig | None = None
) -> list[Cutout]:
    """Cut all people of one frame out, each alone.

    Args:
        bodies: Masks, keypoints and regions of ALL people of the frame, also of those not to be kept.
        boxes_xyxy: Their boxes, in the same order, frame pixels.
        config: Thresholds.

    Returns:
        One cutout per person, in order.
    """
    if len(bodies) != len(boxes_xyxy):
        raise InputError(f"{len(bodies)} bodies came with {len(boxes_xyxy)} boxes: pass one box per body")
    config = config or IsolateConfig()
    people = [_Person.of(bodies, boxes_xyxy, index, config) for index in range(len(bodies))]
    return [
        _cut_out(person, _rivals(person, people), region, config)
        for person, region in zip(people, bodies.region_xyxy, strict=True)
    ]


@dataclass(frozen=True, slots=True, eq=False)
class _Person:
    """One person's mask, cut to the rectangle that holds its foreground; the rest looks at nothing else."""

    probability: np.ndarray
    foreground: np.ndarray
    region: np.ndarray  # of that rectangle, frame pixels; all 0 where there is no foreground
    corner: tuple[int, int]  # row and column of that rectangle in the whole mask
    whole: tuple[int, int]  # shape of the whole mask
    keypoints: np.ndarray
    box: np.ndarray

    @classmethod
    def of(cls, bodies: Bodies, boxes: np.ndarray, index: int, config: IsolateConfig) -> _Person:
        region = bodies.region_xyxy[index]
        probability = _square_pixels(bodies.masks[index], region)
        box = boxes[index].astype(np.float64)
        foreground = probability > config.min_probability
        _clear_outside(foreground, region, box, config.box_margin)
        window = _window(foreground)
        part = _part_of_region(region, foreground.shape, window)
        corner = (window[0].start, window[1].start)
        cut = foreground[window], part, corner, foreground.shape
        return cls(probability[window], *cut, bodies.keypoints[index], box)

    @property
    def scale(self) -> np.ndarray:
        """Frame pixels per mask pixel, x and y."""
        height, width = self.probability.shape
        scale: np.ndarray = (self.region[2:] - self.region[:2]) / (width, height)
        return scale

    def to_frame(self, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Return frame coordinates of mask pixels' centres, (K, 2)."""
        points: np.ndarray = np.stack([columns + 0.5, rows + 0.5], axis=1) * self.scale + self.region[:2]
        return points

    def at(self, points_xy: np.ndarray) -> np.ndarray:
        """Return this person's probability at points of the frame; 0 outside the region or the box."""
        index = np.floor((points_xy - self.region[:2]) / np.maximum(self.scale, 1e-9)).astype(np.int64)
        height, width = self.probability.shape
        inside = (index >= 0).all(axis=1) & (index[:, 0] < width) & (index[:, 1] < height)
        value = np.zeros(len(points_xy))
        column, row = index[inside].T
        value[inside] = self.probability[row, column] * self.foreground[row, column]
        return value


def _square_pixels(mask: np.ndarray, region: np.ndarray) -> np.ndarray:
    """Resample a mask whose pixels are not square, keeping its height."""
    height, width = mask.shape
    size = region[2:] - region[:2]
    wanted = max(round(height * float(size[0] / max(size[1], 1e-9))), 1)
    if abs(wanted - width) <= max(0.01 * width, 1):
        return mask
    return cv2.resize(mask, (wanted, height), interpolation=cv2.INTER_LINEAR)


def _clear_outside(foreground: np.ndarray, region: np.ndarray, box: np.ndarray, margin: float) -> None:
    height, width = foreground.shape
    pixel = np.maximum((region[2:] - region[:2]) / (width, height), 1e-9)
    grow = margin * (box[3] - box[1])
    left, top = np.clip(np.floor((box[:2] - grow - region[:2]) / pixel), 0, (width, height)).astype(int)
    right, bottom = np.clip(np.ceil((box[2:] + grow - region[:2]) / pixel), 0, (width, height)).astype(int)
    foreground[:top] = foreground[bottom:] = False
    foreground[:, :left] = foreground[:, right:] = False


def _window(foreground: np.ndarray) -> tuple[slice, slice]:
    """Return the smallest rectangle round the foreground; an empty one where there is none."""
    rows = np.flatnonzero(foreground.any(axis=1))
    if not len(rows):
        return slice(0, 0), slice(0, 0)
    columns = np.flatnonzero(foreground[rows[0] : rows[-1] + 1].any(axis=0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _part_of_region(region: np.ndarray, shape: tuple[int, ...], window: tuple[slice, slice]) -> np.ndarray:
    rows, columns = window
    if rows.start == rows.stop:
        return np.zeros(4)
    pixel = (region[2:] - region[:2]).astype(np.float64) / (shape[1], shape[0])
    first = region[:2] + pixel * (columns.start, rows.start)
    last = region[:2] + pixel * (columns.stop, rows.stop)
    return np.concatenate([first, last])


def _rivals(person: _Person, people: list[_Person]) -> list[_Person]:
    """Return the others whose foreground may touch this person's."""
    overlap = box_intersection(person.region[None], np.array([other.region for other in people]))[0]
    return [other for other, area in zip(people, overlap, strict=True) if area > 0 and other is not person]


def _cut_out(person: _Person, rivals: list[_Person], region: np.ndarray, config: IsolateConfig) -> Cutout:
    own = person.foreground.copy()
    total = int(own.sum())
    contested, lost = _settle(person, rivals, own, config) if rivals and total else (0, 0)
    share = 1.0 / max(total, 1)
    mask = np.zeros(person.whole, np.uint8)
    (row, column), (height, width) = person.corner, own.shape
    if total:
        mask[row : row + height, column : column + width][_own_pieces(own, person, config)] = 255
    return Cutout(mask, region, contested * share, lost * share)


def _settle(
    person: _Person, rivals: list[_Person], own: np.ndarray, config: IsolateConfig
) -> tuple[int, int]:
    """Take a rival's pixels out of ``own``; return how many were contested and how many lost."""
    rows, columns = np.nonzero(own)
    points = person.to_frame(rows, columns)
    claims = np.stack([rival.at(points) for rival in rivals])
    fought = np.flatnonzero((claims > config.min_probability).any(axis=0))
    if not len(fought):
        return 0, 0
    points, rows, columns = points[fought], rows[fought], columns[fought]
    mine = person.probability[rows, columns] - _remoteness(person, points, config)
    theirs = [
        np.where(
            claim[fought] > config.min_probability,
            claim[fought] - _remoteness(rival, points, config),
            -np.inf,
        )
        for rival, claim in zip(rivals, claims, strict=True)
    ]
    taken = np.max(theirs, axis=0) > mine
    own[rows[taken], columns[taken]] = False
    return len(fought), int(taken.sum())


def _remoteness(person: _Person, points: np.ndarray, config: IsolateConfig) -> np.ndarray:
    distance = distance_to_body(points, person.keypoints, person.box, config.min_confidence)
    return distance / config.reach


def _own_pieces(own: np.ndarray, person: _Person, config: IsolateConfig) -> np.ndarray:
    """Keep the person's main piece and the pieces that lie at the person's own limbs."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(own.view(np.uint8), connectivity=8)
    if count <= 2:
        return own
    area = stats[1:, cv2.CC_STAT_AREA]
    sizeable = np.flatnonzero(area >= config.min_piece * area.max()) + 1
    keep = np.zeros(count, bool)
    keep[sizeable[0]] = len(sizeable) == 1
    if len(sizeable) > 1:
        gap = np.array([_typical_gap(labels, stats[label], label, person, config) for label in sizeable])
        keep[sizeable] = gap <= config.limb_gap
        keep[sizeable[np.argmax(area[sizeable - 1] * np.exp(-gap / config.reach))]] = True
    kept: np.ndarray = keep[labels]
    return kept


def _typical_gap(
    labels: np.ndarray, stats: np.ndarray, label: np.int64, person: _Person, config: IsolateConfig
) -> float:
    """Return the median distance of a piece's pixels from the person's body, from about 100 of them."""
    left, top, width, height = stats[:4]
    rows, columns = np.nonzero(labels[top : top + height, left : left + width] == label)
    step = -(-len(rows) // 100)
    points = person.to_frame(rows[::step] + top, columns[::step] + left)
    gap = distance_to_body(points, person.keypoints, person.box, config.min_confidence)
    return float(np.median(gap))
