"""What a segmented body says about the person: its box, how clear it is, whether two are one."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float, Float32, Int64, UInt8

from gaitway.types import Bodies, Detections

_REACH = 0.15  # the crown of the head above the eyes, the outside of an arm beside the elbow
_PAINT_FROM = 0.3  # probability from which a pixel is painted over: rather too many than a rim of the body
_PAINT_SIDE = 213  # longer side of the shrunk picture that colours are blurred in, pixels
_PAINT_SIGMAS = (3.0, 10.0, 30.0)  # pixels of the shrunk picture
_MIN_PART = 0.03  # parts of a mask smaller than this share of the largest are specks


def body_boxes(bodies: Bodies) -> Float32[np.ndarray, "n 4"]:
    """Return the extent of each mask in frame pixels; an empty mask's is its region's centre.

    Specks are left out, and what lies beyond a body's reach from the keypoints: an umbrella, a bicycle.
    """
    boxes = np.empty((len(bodies), 4), np.float32)
    for row, (mask, region) in enumerate(zip(bodies.masks, bodies.region_xyxy, strict=True)):
        extent = _extent((mask > 0.5).astype(np.uint8))
        scale = (region[2:] - region[:2]) / np.array(mask.shape[::-1], np.float32)
        boxes[row] = extent * np.tile(scale, 2) + np.tile(region[:2], 2)
    return _within_reach(boxes, bodies.keypoints[:, :, :2])


def _within_reach(
    boxes: Float32[np.ndarray, "n 4"], points: Float32[np.ndarray, "n 33 2"]
) -> Float32[np.ndarray, "n 4"]:
    """Clip boxes to their keypoints' extent and a margin of ``_REACH`` keypoint heights."""
    if not len(boxes):
        return boxes
    low, high = points.min(axis=1), points.max(axis=1)
    margin = _REACH * (high[:, 1:] - low[:, 1:])
    clipped = np.concatenate(
        [np.maximum(boxes[:, :2], low - margin), np.minimum(boxes[:, 2:], high + margin)], axis=1
    )
    # Keypoints that are nowhere near the mask say nothing about it.
    is_sane: np.ndarray = np.all(clipped[:, 2:] > clipped[:, :2], axis=1)
    reached: np.ndarray = np.where(is_sane[:, None], clipped, boxes).astype(np.float32)
    return reached


def _extent(mask: np.ndarray) -> Float32[np.ndarray, "4"]:
    count, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    if count < 2:
        return np.tile(np.array(mask.shape[::-1], np.float32) / 2, 2)
    parts = stats[1:]
    parts = parts[parts[:, cv2.CC_STAT_AREA] >= _MIN_PART * parts[:, cv2.CC_STAT_AREA].max()]
    low = parts[:, :2].min(axis=0)
    high = (parts[:, :2] + parts[:, 2:4]).max(axis=0)
    return np.concatenate([low, high]).astype(np.float32)


def clarity(bodies: Bodies) -> Float32[np.ndarray, " n"]:
    """Return how decided each mask is: the share of its pixels that are nearly sure.

    Of the pixels above 0.1, those above 0.9. People give 0.5 and more, even small or blurred ones; trees,
    walls and bicycles mostly below 0.35 (docs/decisions/0021).
    """
    shares = np.zeros(len(bodies), np.float32)
    for row, mask in enumerate(bodies.masks):
        possible = np.count_nonzero(mask > 0.1)
        if possible:
            shares[row] = np.count_nonzero(mask > 0.9) / possible
    return shares


def mask_overlap(
    bodies: Bodies, boxes_xyxy: Float[np.ndarray, "n 4"], first: int, second: int, *, grid: int = 48
) -> float:
    """Return the share of the smaller body that both masks claim, sampled on a grid."""
    low = np.maximum(boxes_xyxy[first, :2], boxes_xyxy[second, :2])
    high = np.minimum(boxes_xyxy[first, 2:], boxes_xyxy[second, 2:])
    if (high <= low).any():
        return 0.0
    steps = (np.arange(grid) + 0.5) / grid
    xs, ys = (low + (high - low) * steps[:, None]).T
    both = _sample(bodies, first, xs, ys) & _sample(bodies, second, xs, ys)
    shared = both.mean() * float(np.prod(high - low))
    smaller = min(_area(bodies, first), _area(bodies, second))
    return float(shared / smaller) if smaller > 0 else 0.0


def covers(bodies: Bodies, row: int, point_xy: Float[np.ndarray, "2"]) -> bool:
    """Tell whether the body's mask holds a point of the frame."""
    return bool(_sample(bodies, row, point_xy[:1], point_xy[1:])[0, 0])


def paint_out(image_rgb: UInt8[np.ndarray, "h w 3"], bodies: Bodies) -> UInt8[np.ndarray, "h w 3"]:
    """Return the picture without the bodies: their pixels take the blurred colours around them.

    Given a crop of two people, the landmark network cuts out whom it likes; without the one who is known it
    can only find the other.
    """
    hidden = cv2.dilate(_union(bodies, image_rgb.shape[:2]), np.ones((5, 5), np.uint8))
    if not hidden.any():
        return image_rgb
    height, width = hidden.shape
    shrink = max(max(width, height) // _PAINT_SIDE, 4)
    small = max(width // shrink, 1), max(height // shrink, 1)
    shown = 1 - hidden
    known = cv2.resize(shown.astype(np.float32), small, interpolation=cv2.INTER_AREA)
    others = cv2.bitwise_and(image_rgb, image_rgb, mask=shown)
    colour = cv2.resize(others, small, interpolation=cv2.INTER_AREA).astype(np.float32)
    # Near colours decide; farther ones, at a hundredth of the weight, where nothing near is seen.
    weights = [(sigma, 0.01**step) for step, sigma in enumerate(_PAINT_SIGMAS)]
    total = sum(weight * cv2.GaussianBlur(colour, (0, 0), sigma) for sigma, weight in weights)
    share = sum(weight * cv2.GaussianBlur(known, (0, 0), sigma) for sigma, weight in weights)
    fill = np.clip(total / np.maximum(share, 1e-9)[..., None], 0, 255).astype(np.uint8)
    painted: np.ndarray = cv2.copyTo(cv2.resize(fill, (width, height)), hidden, image_rgb.copy())
    return painted


def _union(bodies: Bodies, shape: tuple[int, ...]) -> UInt8[np.ndarray, "h w"]:
    """Return 1 where any body may be, 0 elsewhere, over the whole frame."""
    union = np.zeros(shape[:2], np.uint8)
    for mask, region in zip(bodies.masks, bodies.region_xyxy, strict=True):
        left, top, right, bottom = np.rint(region).astype(int)
        x1, y1, x2, y2 = max(left, 0), max(top, 0), min(right, shape[1]), min(bottom, shape[0])
        if x2 > x1 and y2 > y1:
            full = cv2.resize(mask, (int(right - left), int(bottom - top))) > _PAINT_FROM
            union[y1:y2, x1:x2] |= full[y1 - top : y2 - top, x1 - left : x2 - left]
    return union


def _sample(bodies: Bodies, row: int, xs: Float[np.ndarray, " x"], ys: Float[np.ndarray, " y"]) -> np.ndarray:
    """Look a mask up at the grid of ``xs`` and ``ys``, in frame pixels; outside its region nobody is."""
    mask, region = bodies.masks[row], bodies.region_xyxy[row]
    scale = np.array(mask.shape[::-1]) / np.maximum(region[2:] - region[:2], 1e-6)
    columns = np.floor((xs - region[0]) * scale[0]).astype(int)
    rows = np.floor((ys - region[1]) * scale[1]).astype(int)
    inside = ((rows >= 0) & (rows < mask.shape[0]))[:, None] & ((columns >= 0) & (columns < mask.shape[1]))
    values = mask[np.clip(rows, 0, mask.shape[0] - 1)][:, np.clip(columns, 0, mask.shape[1] - 1)]
    claimed: np.ndarray = (values > 0.5) & inside
    return claimed


def _area(bodies: Bodies, row: int) -> float:
    """Return a body's area in square frame pixels."""
    mask, region = bodies.masks[row], bodies.region_xyxy[row]
    pixel = np.prod(region[2:] - region[:2]) / mask.size
    return float(np.count_nonzero(mask > 0.5) * pixel)


def nobody() -> Detections:
    """Return no people, with no bodies."""
    return Detections(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), Bodies.empty())


def select(people: Detections, index: Int64[np.ndarray, " k"]) -> Detections:
    """Return the segmented people at ``index``, in that order."""
    bodies = (people.bodies or Bodies.empty()).select(index)
    return Detections(people.xyxy[index], people.confidence[index], bodies)


def join(first: Detections, second: Detections) -> Detections:
    """Put two lists of segmented people together."""
    a, b = first.bodies or Bodies.empty(), second.bodies or Bodies.empty()
    return Detections(
        np.concatenate([first.xyxy, second.xyxy]),
        np.concatenate([first.confidence, second.confidence]),
        Bodies(
            np.concatenate([a.region_xyxy, b.region_xyxy]),
            a.masks + b.masks,
            np.concatenate([a.keypoints, b.keypoints]),
            np.concatenate([a.presence, b.presence]),
        ),
    )
