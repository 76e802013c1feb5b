"""What a segmented body says about the person: its box, how clear it is, whether two are one."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float, Float32, Int64

from gaitway.types import Bodies, Detections

_REACH = 0.15  # the crown of the head above the eyes, the outside of an arm beside the elbow
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
