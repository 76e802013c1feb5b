"""Boxes that hold half a person, made whole by what the network that cuts people out saw."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float32

from gaitway.detection.bodies import body_boxes, clarity
from gaitway.geometry import box_iou, clip_boxes
from gaitway.types import Bodies, Silhouettes

_TRUNK = [11, 12, 23, 24]  # BlazePose: shoulders and hips


@dataclass(frozen=True, slots=True)
class WholeConfig:
    """When a box is not the whole person; figures in docs/decisions/0017.

    Attributes:
        corners_outside: So many of shoulders and hips lie outside a box that holds half a person: one side,
            or the upper body.
        min_clarity: How decided the mask must be, as of people followed by it (``FollowConfig``).
        min_iou: Overlap of the mask's extent with the box: it is the same person.
        max_shared: More of somebody else's box in it makes it a mistake (``SteadyConfig``).
        min_margin: Boxes nearer to the border, in pixels, are cut off by it.
    """

    corners_outside: int = 2
    min_clarity: float = 0.3
    min_iou: float = 0.3
    max_shared: float = 0.4
    min_margin: float = 2.0


DEFAULT = WholeConfig()


def make_whole(people: Silhouettes, size_wh: tuple[int, int], config: WholeConfig = DEFAULT) -> Silhouettes:
    """Return the people of one frame; whose box holds only half of them get the extent of their mask.

    Without keypoints nobody is changed.

    Args:
        people: Who is followed, with the boxes of a detector.
        size_wh: Width and height of the frame in pixels.
        config: When a box is not the whole person.
    """
    halves = np.flatnonzero(_is_half(people.xyxy, people.bodies, size_wh, config))
    if not len(halves):
        return people
    bodies, boxes = people.bodies.select(halves), people.xyxy.copy()
    seen = clip_boxes(body_boxes(bodies), size_wh)
    shared = box_iou(seen, people.xyxy)
    same = shared[np.arange(len(halves)), halves].copy()
    shared[np.arange(len(halves)), halves] = 0
    is_clear = (clarity(bodies) >= config.min_clarity) & (same >= config.min_iou)
    is_clear &= (shared <= config.max_shared).all(axis=1)
    boxes[halves[is_clear]] = seen[is_clear]
    return replace(people, xyxy=boxes)


def _is_half(
    xyxy: Float32[np.ndarray, "n 4"], bodies: Bodies, size_wh: tuple[int, int], config: WholeConfig
) -> Bool[np.ndarray, " n"]:
    """Tell whose trunk lies half outside their box, away from the border."""
    trunk = bodies.keypoints[:, _TRUNK, :2]
    is_outside = ((trunk < xyxy[:, None, :2]) | (trunk > xyxy[:, None, 2:])).any(axis=2)
    margin = np.concatenate([xyxy[:, :2], np.array(size_wh, np.float32) - xyxy[:, 2:]], axis=1).min(axis=1)
    is_half: np.ndarray = (is_outside.sum(axis=1) >= config.corners_outside) & (margin > config.min_margin)
    return is_half
