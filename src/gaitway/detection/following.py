"""Follow people from frame to frame by where the landmark network sees them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Float32

from gaitway.detection.bodies import body_boxes, clarity, mask_overlap
from gaitway.geometry import box_iou
from gaitway.types import Bodies, Detections


@dataclass(frozen=True, slots=True)
class FollowConfig:
    """When a followed person counts as seen. Sources of the numbers: docs/decisions/0021.

    Attributes:
        min_clarity: How decided the mask must be. The landmark network's own belief may then be anything:
            it is near 0 on some people seen from behind whose mask is perfect.
        min_presence: That belief, from which a less decided mask will do.
        min_clarity_present: How decided it must be even so.
        min_iou: Overlap of the box with the one expected.
        max_overlap: Of two bodies that share more of the smaller one, one is a mistake.
        patience: Frames for which a person is looked for where expected after it was last seen.
        trusted_after: Frames in which a person must be seen to be looked for that long; before, one.
    """

    min_clarity: float = 0.4
    min_presence: float = 0.5
    min_clarity_present: float = 0.3
    min_iou: float = 0.3
    max_overlap: float = 0.6
    patience: int = 10
    trusted_after: int = 5


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """Somebody being followed.

    Attributes:
        box: Last box seen, xyxy; moved on by ``velocity`` while unseen.
        velocity: Movement of the box's centre in pixels a frame, smoothed.
        height: Body height in pixels, smoothed.
        frames: In how many frames it was seen.
        misses: Frames since it was last seen.
    """

    box: Float32[np.ndarray, "4"]
    velocity: Float32[np.ndarray, "2"]
    height: float
    frames: int = 1
    misses: int = 0

    def expected(self) -> Float32[np.ndarray, "4"]:
        """Return the box expected in the next frame, of the smoothed height."""
        centre = (self.box[:2] + self.box[2:]) / 2 + self.velocity
        half = np.array([self.box[2] - self.box[0], self.height], np.float32) / 2
        return np.concatenate([centre - half, centre + half]).astype(np.float32)

    def seen(self, box: Float32[np.ndarray, "4"]) -> Person:
        """Return the person after it was seen at ``box``."""
        moved = (box[:2] + box[2:] - self.box[:2] - self.box[2:]) / 2
        velocity = (0.6 * self.velocity + 0.4 * moved).astype(np.float32)
        height = 0.8 * self.height + 0.2 * float(box[3] - box[1])
        return Person(box, velocity, height, self.frames + 1)

    def unseen(self) -> Person:
        """Return the person after a frame in which it was not seen."""
        return replace(self, box=self.box + np.tile(self.velocity, 2), misses=self.misses + 1)


class Follower:
    """The people known at the moment."""

    def __init__(self, config: FollowConfig) -> None:
        self.config = config
        self.people: list[Person] = []

    def expected(self) -> Float32[np.ndarray, "n 4"]:
        """Return where everybody known is expected in the next frame."""
        return np.array([p.expected() for p in self.people], np.float32).reshape(-1, 4)

    def lost(self) -> Float32[np.ndarray, "k 4"]:
        """Return the boxes of trusted people who are not seen at the moment."""
        boxes = [p.box for p in self.people if p.misses and p.frames >= self.config.trusted_after]
        return np.array(boxes, np.float32).reshape(-1, 4)

    def add(self, box: Float32[np.ndarray, "4"]) -> None:
        """Follow a new person."""
        self.people.append(Person(box, np.zeros(2, np.float32), float(box[3] - box[1])))

    def update(self, bodies: Bodies) -> Detections:
        """Say who is seen, given what the landmark network saw where everybody was ``expected``."""
        if not self.people:
            return Detections(np.zeros((0, 4)), np.zeros(0), Bodies.empty())
        boxes, clear = body_boxes(bodies), clarity(bodies)
        iou = np.diagonal(box_iou(boxes, self.expected()))
        seen = self._is_person(bodies, clear) & (iou >= self.config.min_iou)
        self._drop_doubles(seen, bodies, boxes, iou)
        moved = [p.seen(boxes[i]) if seen[i] else p.unseen() for i, p in enumerate(self.people)]
        self.people = [p for p in moved if p.misses <= self._patience(p)]
        kept = np.flatnonzero(seen)
        return Detections(boxes[kept], confidence(bodies.presence, clear)[kept], bodies.select(kept))

    def _is_person(self, bodies: Bodies, clear: Float32[np.ndarray, " n"]) -> Bool[np.ndarray, " n"]:
        config = self.config
        is_present = (bodies.presence >= config.min_presence) & (clear >= config.min_clarity_present)
        is_person: np.ndarray = (clear >= config.min_clarity) | is_present
        return is_person

    def _drop_doubles(
        self,
        seen: Bool[np.ndarray, " n"],
        bodies: Bodies,
        boxes: Float32[np.ndarray, "n 4"],
        iou: Float[np.ndarray, " n"],
    ) -> None:
        """Unsee those whose body is another's, better known or better placed: both looks hit one person."""
        trust = [min(p.frames, self.config.trusted_after) - p.misses for p in self.people]
        rank = np.argsort(-(np.array(trust) + iou), kind="stable")
        accepted: list[int] = []
        for row in rank[seen[rank]]:
            overlaps = (mask_overlap(bodies, boxes, int(row), other) for other in accepted)
            if any(overlap > self.config.max_overlap for overlap in overlaps):
                seen[row] = False
            else:
                accepted.append(int(row))

    def _patience(self, person: Person) -> int:
        return self.config.patience if person.frames >= self.config.trusted_after else 1


def confidence(
    presence: Float32[np.ndarray, " n"], clear: Float32[np.ndarray, " n"]
) -> Float32[np.ndarray, " n"]:
    """Return one number for the network's belief and the mask's clarity: their mean.

    Clarity counts as full from 0.6, the lower end of real people, and not at all below 0.3.
    """
    certain: np.ndarray = (presence + np.clip((clear - 0.3) / 0.3, 0, 1)) / 2
    return certain.astype(np.float32)
