"""Follow people from frame to frame by where the landmark network sees them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Float32, UInt8

from gaitway.detection.appearance import Patch, find_patch, take_patch
from gaitway.detection.bodies import body_boxes, clarity, mask_overlap, nobody
from gaitway.geometry import box_iou
from gaitway.types import Bodies, Detections


@dataclass(frozen=True, slots=True)
class FollowConfig:
    """When a followed person counts as seen. Sources of the numbers: docs/decisions/0021.

    Attributes:
        min_presence: The landmark network's own belief from which a person is seen.
        min_clarity_present: How decided the mask must be as well.
        min_clarity: How decided the mask of a trusted person must be if that belief is lower: it is near 0
            on some people seen from behind whose mask is perfect.
        min_iou: Overlap of the box with the one expected.
        max_overlap: Of two bodies that share more of the smaller one, one is a mistake.
        min_correlation: How much an unsure person's upper body must look as when last seen.
        unsure_confidence: Confidence of people known only by that look: for a tracker's second stage.
        patience: Frames for which a person is looked for after it was last seen.
        trusted_after: Frames in which a person must be seen to be looked for that long; before, one.
        memory: Weight of the past in the running mean of confidence; 0.93 forgets half in ten frames.
        min_belief: Running mean below which a person is given up as a mistake.
        proof: Running mean that no tree or bicycle reaches. Whoever once had it is not given up for it.
        max_unsure: Frames for which such a person, half hidden or badly lit, may be known by its look alone.
        min_patch_confidence: Confidence from which the network is sure and the look is remembered.
        min_patch_correlation: Correlation with the look remembered from which the new look replaces it.
        min_margin: Who is nearer to the border, in pixels, may be leaving and is not known by its look: ever
            more of it is background, which stays when the person is gone.
    """

    min_clarity: float = 0.5
    min_presence: float = 0.5
    min_clarity_present: float = 0.3
    min_iou: float = 0.3
    max_overlap: float = 0.6
    min_correlation: float = 0.5
    unsure_confidence: float = 0.2
    patience: int = 30
    trusted_after: int = 5
    memory: float = 0.93
    min_belief: float = 0.33
    proof: float = 0.7
    max_unsure: int = 60
    min_patch_confidence: float = 0.3
    min_patch_correlation: float = 0.8
    min_margin: float = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """Somebody being followed.

    Attributes:
        box: Where it is, xyxy.
        velocity: Movement of the box's centre in pixels a frame, smoothed.
        height: Body height in pixels, smoothed.
        belief: Running mean of its confidence.
        patch: Its upper body as last seen, if it was in the picture.
        frames: In how many frames the landmark network saw it.
        misses: Frames since it was last in sight: seen by the network, or looking as it did when last seen.
        unsure: Frames since the network was last sure of it.
        is_proven: Whether it has been sure for long that this is a person.
    """

    box: Float32[np.ndarray, "4"]
    velocity: Float32[np.ndarray, "2"]
    height: float
    belief: float
    patch: Patch | None
    frames: int = 1
    misses: int = 0
    unsure: int = 0
    is_proven: bool = False

    def expected(self) -> Float32[np.ndarray, "4"]:
        """Return the box expected in the next frame, of the smoothed height."""
        centre = (self.box[:2] + self.box[2:]) / 2 + self.velocity
        half = np.array([self.box[2] - self.box[0], self.height], np.float32) / 2
        return np.concatenate([centre - half, centre + half]).astype(np.float32)

    def moved_to(self, box: Float32[np.ndarray, "4"]) -> Person:
        """Return the person in sight at ``box``."""
        moved = (box[:2] + box[2:] - self.box[:2] - self.box[2:]) / 2
        velocity = (0.6 * self.velocity + 0.4 * moved).astype(np.float32)
        return replace(self, box=box, velocity=velocity, misses=0)

    def is_in_view(self, size_wh: tuple[int, int], margin: float) -> bool:
        """Tell whether the box expected keeps ``margin`` pixels from the border of the picture."""
        x0, y0, x1, y1 = self.expected()
        return bool(min(x0, y0, size_wh[0] - x1, size_wh[1] - y1) > margin)

    def out_of_sight(self) -> Person:
        """Return the person moved on as before, not in sight."""
        return replace(self, box=self.expected(), velocity=0.9 * self.velocity, misses=self.misses + 1)


class Follower:
    """The people known at the moment."""

    def __init__(self, config: FollowConfig) -> None:
        self.config = config
        self.people: list[Person] = []

    def expected(self) -> Float32[np.ndarray, "n 4"]:
        """Return where everybody known is expected in the next frame."""
        return np.array([p.expected() for p in self.people], np.float32).reshape(-1, 4)

    def lost(self) -> Float32[np.ndarray, "k 4"]:
        """Return the boxes of trusted people who are out of sight at the moment."""
        boxes = [p.box for p in self.people if p.misses and p.frames >= self.config.trusted_after]
        return np.array(boxes, np.float32).reshape(-1, 4)

    def add(self, image_rgb: UInt8[np.ndarray, "h w 3"], box: Float32[np.ndarray, "4"], sure: float) -> None:
        """Follow a new person, seen in ``box`` with confidence ``sure``."""
        still, height = np.zeros(2, np.float32), float(box[3] - box[1])
        self.people.append(Person(box, still, height, 0.5 * sure, take_patch(image_rgb, box)))

    def update(self, image_rgb: UInt8[np.ndarray, "h w 3"], bodies: Bodies) -> Detections:
        """Say who is where, given what the landmark network saw where everybody was ``expected``."""
        if not self.people:
            return nobody()
        boxes, clear = body_boxes(bodies), clarity(bodies)
        iou = np.diagonal(box_iou(boxes, self.expected()))
        sure = confidence(bodies.presence, clear)
        seen = self._is_person(bodies.presence, clear) & (iou >= self.config.min_iou)
        self._drop_doubles(seen, bodies, boxes, iou)
        people = [
            self._see(image_rgb, person, boxes[i], float(sure[i]))
            if seen[i]
            else self._seek(image_rgb, person, boxes[seen], float(sure[i]))
            for i, person in enumerate(self.people)
        ]
        unsure = np.float32(self.config.unsure_confidence)
        sure = np.where(seen, sure, unsure)
        # Who is known by its look alone was not cut out: that body is another's, or nobody's.
        bodies = replace(
            bodies, presence=np.where(seen, bodies.presence, np.minimum(bodies.presence, unsure))
        )
        shown = np.flatnonzero([self._is_alive(p) and p.misses == 0 for p in people])
        self.people = [p for p in people if self._is_alive(p)]
        everybody = np.array([p.box for p in people], np.float32)
        return Detections(everybody[shown], sure[shown], bodies.select(shown))

    def _see(
        self,
        image_rgb: UInt8[np.ndarray, "h w 3"],
        person: Person,
        box: Float32[np.ndarray, "4"],
        sure: float,
    ) -> Person:
        """Return the person after the landmark network saw it in ``box``."""
        belief = self._remember(person, sure)
        is_typical = sure >= self.config.min_patch_confidence
        return replace(
            person.moved_to(box),
            height=0.8 * person.height + 0.2 * float(box[3] - box[1]),
            belief=belief,
            patch=take_patch(image_rgb, box) if is_typical else person.patch,
            unsure=0 if is_typical else person.unsure + 1,
            frames=person.frames + 1,
            is_proven=person.is_proven or belief >= self.config.proof,
        )

    def _seek(
        self,
        image_rgb: UInt8[np.ndarray, "h w 3"],
        person: Person,
        others: Float32[np.ndarray, "k 4"],
        sure: float,
    ) -> Person:
        """Return the person after the network did not see it: found by its look, or out of sight."""
        sought = seek(image_rgb, person, others, self.config)
        return sought if sought.misses else replace(sought, belief=self._remember(person, sure))

    def _remember(self, person: Person, sure: float) -> float:
        return self.config.memory * person.belief + (1 - self.config.memory) * sure

    def _is_alive(self, person: Person) -> bool:
        patience = self.config.patience if person.frames >= self.config.trusted_after else 1
        is_sure = person.unsure <= self.config.max_unsure
        is_likely = person.is_proven or person.belief >= self.config.min_belief
        return person.misses <= patience and is_sure and is_likely

    def _is_person(
        self, presence: Float32[np.ndarray, " n"], clear: Float32[np.ndarray, " n"]
    ) -> Bool[np.ndarray, " n"]:
        config = self.config
        is_present = (presence >= config.min_presence) & (clear >= config.min_clarity_present)
        is_trusted = np.array([p.frames >= config.trusted_after for p in self.people])
        is_person: np.ndarray = is_present | (is_trusted & (clear >= config.min_clarity))
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


def seek(
    image_rgb: UInt8[np.ndarray, "h w 3"],
    person: Person,
    others: Float32[np.ndarray, "k 4"],
    config: FollowConfig,
) -> Person:
    """Look for a trusted person's upper body as last seen; return the person there, or out of sight.

    Args:
        image_rgb: The frame.
        person: Who is not seen otherwise.
        others: Boxes of other people: who is there cannot be this person.
        config: When a look is alike.
    """
    expected = person.expected()
    size_wh = image_rgb.shape[1], image_rgb.shape[0]
    is_trusted = person.frames >= config.trusted_after
    if person.patch is None or not is_trusted or not person.is_in_view(size_wh, config.min_margin):
        return person.out_of_sight()
    shift, correlation = find_patch(image_rgb, person.patch, expected)
    box = expected + np.tile(shift, 2)
    is_taken = bool((box_iou(box[None], others) > 0.5).any())
    if correlation < config.min_correlation or is_taken:
        return person.out_of_sight()
    is_same = correlation >= config.min_patch_correlation
    patch = take_patch(image_rgb, box) if is_same else person.patch
    return replace(person.moved_to(box), patch=patch, unsure=person.unsure + 1)


def confidence(
    presence: Float32[np.ndarray, " n"], clear: Float32[np.ndarray, " n"]
) -> Float32[np.ndarray, " n"]:
    """Return one number for the network's belief and the mask's clarity: their mean.

    Clarity counts as full from 0.6, the lower end of real people, and not at all below 0.3.
    """
    certain: np.ndarray = (presence + np.clip((clear - 0.3) / 0.3, 0, 1)) / 2
    return certain.astype(np.float32)
