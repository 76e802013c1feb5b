"""Steady another detector: where somebody known is missing or cut short, look with the landmark network."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Bool, Float32, Int64, UInt8

from gaitway.detection.appearance import find_patch, take_patch
from gaitway.detection.bodies import body_boxes, clarity
from gaitway.detection.cuts import is_cut, thumbnail
from gaitway.detection.following import FollowConfig, Person, seek
from gaitway.errors import ConfigError
from gaitway.geometry import box_area, box_intersection, box_iou, clip_boxes
from gaitway.protocols import Detector, Segmenter
from gaitway.types import Detections

_SURE_SHARE, _DOUBTFUL_SHARE = 0.2, 0.05  # of a new box in the smoothed height: cut short ones must not count


@dataclass(frozen=True, slots=True)
class SteadyConfig:
    """When somebody known is looked for. Sources of the numbers: docs/decisions/0023.

    Attributes:
        sure: Score from which a detection may begin or renew a memory: ByteTrack's high ones.
        min_iou: Overlap with the box expected from which a sure detection is the person.
        max_height_ratio: It holds less or more than the person if its height differs by more.
        min_iou_doubtful: The same overlap for a doubtful detection.
        max_height_ratio_doubtful: The same ratio for a doubtful detection.
        min_iou_seen: The same overlap for what the landmark network sees; the ratio is that of sure ones.
        max_hidden: Nobody is looked for where somebody else covers more of the box expected.
        min_inside: Nor where less of it than this is in the picture.
        max_shared: Who overlaps somebody better known by more is the same person.
        min_part: Detections of nobody known that lie in a person's box by more are parts of the person.
        follow: How the landmark network and the look of the upper body are judged, and for how long.
    """

    sure: float = 0.5
    min_iou: float = 0.3
    max_height_ratio: float = 1.3
    min_iou_doubtful: float = 0.6
    max_height_ratio_doubtful: float = 1.15
    min_iou_seen: float = 0.5
    max_hidden: float = 0.5
    min_inside: float = 0.5
    max_shared: float = 0.4
    min_part: float = 0.7
    follow: FollowConfig = field(default_factory=lambda: FollowConfig(patience=15, max_unsure=30))

    def __post_init__(self) -> None:
        if self.max_height_ratio <= 1.0:
            raise ConfigError(f"max_height_ratio is {self.max_height_ratio}, wanted more than 1")


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """What the wrapped detector found, and who it is.

    Attributes:
        people: Its detections.
        owner: Row of the person that each detection continues; -1 where it is nobody known.
    """

    people: Detections
    owner: Int64[np.ndarray, " n"]

    def taken_by_others(self, person: int) -> Float32[np.ndarray, "k 4"]:
        """Return the boxes of everybody known but one."""
        boxes: np.ndarray = self.people.xyxy[(self.owner >= 0) & (self.owner != person)]
        return boxes


class SteadyDetector:
    """Adds to a detector without memory what it misses for a moment of people it was sure of just before.

    Who was found surely in some frames is expected in the next. Where no detection continues such a person,
    or only one much shorter or taller, the landmark network looks at the place expected: a run a person in
    trouble, none otherwise. If it sees somebody of the size expected who is nobody else, the extent of the
    mask replaces what the detector had of that person, with a low confidence, which continues tracks and
    begins none. If it does not, but the upper body looks as before near there, the box expected is given so.
    Else the detections stay as they are. Boxes that are only parts of people known are dropped.

    Attributes:
        looks: Runs of the landmark network so far.
    """

    def __init__(self, detector: Detector, segmenter: Segmenter, config: SteadyConfig | None = None) -> None:
        self.config = config or SteadyConfig()
        self._detector = detector
        self._segmenter = segmenter
        self.looks = 0
        self._forget()

    def reset(self, frame_rate: float | None = None) -> None:
        """Forget everybody: the next frame is of another video."""
        self._detector.reset(frame_rate)
        self._forget()

    def _forget(self) -> None:
        self._people: list[Person] = []
        self._layout = np.zeros((32, 32), np.float32)

    def detect(self, image_rgb: UInt8[np.ndarray, "h w 3"]) -> Detections:
        """Find the people of the next frame; what the landmark network added comes last.

        Raises:
            NetworkError: A network gave something unfit.
        """
        layout = thumbnail(image_rgb)
        if is_cut(self._layout, layout):
            self._forget()
        self._layout = layout
        people = self._detector.detect(image_rgb)
        expected = np.array([p.expected() for p in self._people], np.float32).reshape(-1, 4)
        self._aim(image_rgb, people, expected)
        found = _Found(people, self._owners(people, expected))
        troubled = self._troubled(found, expected, (image_rgb.shape[1], image_rgb.shape[0]))
        seen = self._look(image_rgb, expected, troubled, found)
        boxes = np.array([person.box for person in seen.values()], np.float32).reshape(-1, 4)
        is_replaced = self._parts(found, boxes)
        self._remember(image_rgb, found, is_replaced, seen)
        return self._merge(people, is_replaced, boxes)

    def _aim(
        self, image_rgb: UInt8[np.ndarray, "h w 3"], people: Detections, expected: Float32[np.ndarray, "m 4"]
    ) -> None:
        """Move the boxes expected of people without a sure detection to where they clearly look as before."""
        follow, owner = self.config.follow, self._owners(people, expected)
        sure = owner[people.confidence >= self.config.sure]
        for i in np.setdiff1d(np.arange(len(expected)), sure):
            person = self._people[i]
            if person.patch is not None and self._may_be_known_by_look(person, image_rgb):
                shift, correlation = find_patch(image_rgb, person.patch, expected[i])
                if correlation >= follow.min_patch_correlation:
                    expected[i] += np.tile(shift, 2)

    def _may_be_known_by_look(self, person: Person, image_rgb: UInt8[np.ndarray, "h w 3"]) -> bool:
        """Tell whether a look is evidence: not of who leaves, whose box holds ever more background."""
        follow, size_wh = self.config.follow, (image_rgb.shape[1], image_rgb.shape[0])
        is_in_view = person.is_in_view(size_wh, follow.min_margin)
        return is_in_view and person.frames >= follow.trusted_after and person.unsure < follow.patience

    def _owners(self, people: Detections, expected: Float32[np.ndarray, "m 4"]) -> Int64[np.ndarray, " n"]:
        """Tell whom each detection continues: one detection a person, the best overlaps first."""
        config, owner = self.config, np.full(len(people), -1, np.int64)
        iou, ratio = box_iou(people.xyxy, expected), _height_ratio(people.xyxy, expected)
        is_sure = (people.confidence >= config.sure)[:, None]
        iou[iou < np.where(is_sure, config.min_iou, config.min_iou_doubtful)] = 0
        iou[ratio > np.where(is_sure, config.max_height_ratio, config.max_height_ratio_doubtful)] = 0
        while iou.size and iou.max() > 0:
            row, person = np.unravel_index(int(iou.argmax()), iou.shape)
            owner[row] = person
            iou[row], iou[:, person] = 0, 0
        return owner

    def _troubled(
        self, found: _Found, expected: Float32[np.ndarray, "m 4"], size_wh: tuple[int, int]
    ) -> Int64[np.ndarray, " k"]:
        """Return the people to look for: trusted, not found, in the picture and not behind somebody else."""
        config, rows = self.config, []
        area = np.maximum(box_area(expected), 1e-6)
        inside = box_area(clip_boxes(expected, size_wh)) / area
        missing = np.setdiff1d(np.arange(len(expected)), found.owner)
        for i in missing[inside[missing] >= config.min_inside]:
            others = found.taken_by_others(int(i))
            hidden = box_intersection(expected[[i]], others)[0] / area[i]
            if (
                self._people[i].frames >= config.follow.trusted_after
                and not (hidden > config.max_hidden).any()
            ):
                rows.append(int(i))
        return np.array(rows, np.int64)

    def _look(
        self,
        image_rgb: UInt8[np.ndarray, "h w 3"],
        expected: Float32[np.ndarray, "m 4"],
        troubled: Int64[np.ndarray, " k"],
        found: _Found,
    ) -> dict[int, Person]:
        """Return who of the troubled is seen, in the box seen: by the landmark network or by the look."""
        if not len(troubled):
            return {}
        boxes, is_there = self._pieced_together(found, expected[troubled])
        unknown = np.flatnonzero(~is_there)
        if len(unknown):
            self.looks += len(unknown)
            boxes[unknown], is_there[unknown] = self._cut_out(image_rgb, expected[troubled[unknown]])
        seen: dict[int, Person] = {}
        for k in np.argsort(~is_there, kind="stable"):
            i = int(troubled[k])
            person = self._people[i]
            taken = [p.box[None] for p in seen.values()]
            others = np.concatenate([found.taken_by_others(i), *taken])
            if is_there[k] and not (box_iou(boxes[[k]], others) > self.config.max_shared).any():
                seen[i] = _moved(image_rgb, person, boxes[k], is_sure=False)
                continue
            if self._may_be_known_by_look(person, image_rgb):
                sought = seek(image_rgb, person, others, self.config.follow)
                if not sought.misses:
                    seen[i] = replace(sought, patch=person.patch)
        return seen

    def _pieced_together(
        self, found: _Found, expected: Float32[np.ndarray, "k 4"]
    ) -> tuple[Float32[np.ndarray, "k 4"], Bool[np.ndarray, " k"]]:
        """Return the extents of pairs of boxes, nobody else's, that together are the size expected."""
        config, free = self.config, found.people.xyxy[found.owner < 0]
        a, b = np.triu_indices(len(free), 1)
        both = np.concatenate([np.minimum(free[a, :2], free[b, :2]), np.maximum(free[a, 2:], free[b, 2:])], 1)
        if not len(both):
            return np.zeros((len(expected), 4), np.float32), np.zeros(len(expected), bool)
        iou = box_iou(expected, both)
        iou[_height_ratio(expected, both) > config.max_height_ratio_doubtful] = 0
        best = iou.argmax(axis=1)
        is_there: np.ndarray = iou.max(axis=1) >= config.min_iou_doubtful
        return both[best], is_there

    def _cut_out(
        self, image_rgb: UInt8[np.ndarray, "h w 3"], expected: Float32[np.ndarray, "k 4"]
    ) -> tuple[Float32[np.ndarray, "k 4"], Bool[np.ndarray, " k"]]:
        """Return the masks' extents, and where the landmark network sees somebody of the size expected."""
        config, follow = self.config, self.config.follow
        bodies = self._segmenter.segment(image_rgb, expected)
        boxes, clear = body_boxes(bodies), clarity(bodies)
        is_present = (bodies.presence >= follow.min_presence) & (clear >= follow.min_clarity_present)
        is_there = is_present | (clear >= follow.min_clarity)
        is_there &= np.diagonal(box_iou(boxes, expected)) >= config.min_iou_seen
        is_there &= np.diagonal(_height_ratio(boxes, expected)) <= config.max_height_ratio
        return boxes, is_there

    def _remember(
        self,
        image_rgb: UInt8[np.ndarray, "h w 3"],
        found: _Found,
        is_replaced: Bool[np.ndarray, " n"],
        seen: dict[int, Person],
    ) -> None:
        """Move everybody on, add who is new and forget who is gone."""
        config, xyxy = self.config, found.people.xyxy
        is_sure = found.people.confidence >= config.sure
        rows = {int(found.owner[i]): int(i) for i in np.flatnonzero(found.owner >= 0)}
        people = []
        for i, person in enumerate(self._people):
            if i not in rows:
                lost = replace(person.out_of_sight(), unsure=person.unsure + 1)
                people.append(seen.get(i, lost))
            else:
                people.append(_moved(image_rgb, person, xyxy[rows[i]], is_sure=bool(is_sure[rows[i]])))
        self._people = [p for p in people if self._is_kept(p)]
        for row in np.flatnonzero(is_sure & (found.owner < 0) & ~is_replaced):
            known = np.array([p.box for p in self._people], np.float32).reshape(-1, 4)
            if not (box_iou(xyxy[[row]], known) > config.max_shared).any():
                self._people.append(_newcomer(image_rgb, xyxy[row]))

    def _is_kept(self, person: Person) -> bool:
        follow = self.config.follow
        patience = follow.patience if person.frames >= follow.trusted_after else 0
        return person.misses <= patience and person.unsure <= follow.max_unsure

    def _parts(self, found: _Found, seen_xyxy: Float32[np.ndarray, "s 4"]) -> Bool[np.ndarray, " n"]:
        """Tell which detections of nobody known are parts of people: a second box of theirs, or a piece.

        Beside a sure detection only what is nearly as large is a second box: it may also be a child. Beside a
        doubtful one, or who was seen by looking, everything that lies inside is a piece.
        """
        people, config = found.people, self.config
        is_owned = found.owner >= 0
        whole = np.concatenate([people.xyxy[is_owned], seen_xyxy])
        is_doubtful = np.ones(len(whole), bool)
        is_doubtful[: is_owned.sum()] = people.confidence[is_owned] < config.sure
        part = box_intersection(people.xyxy, whole) / np.maximum(box_area(people.xyxy), 1e-6)[:, None]
        is_large = box_iou(people.xyxy, whole) > config.max_shared
        is_inside = (part > config.min_part) & (is_doubtful | is_large)
        is_part: np.ndarray = ~is_owned & is_inside.any(axis=1)
        return is_part

    def _merge(
        self, people: Detections, is_replaced: Bool[np.ndarray, " n"], boxes: Float32[np.ndarray, "s 4"]
    ) -> Detections:
        """Put what looking found in the place of what it replaces."""
        if not (len(boxes) or is_replaced.any()):
            return people
        kept = ~is_replaced
        confidence = np.full(len(boxes), self.config.follow.unsure_confidence, np.float32)
        return Detections(
            np.concatenate([people.xyxy[kept], boxes]),
            np.concatenate([people.confidence[kept], confidence]),
        )


def _height_ratio(
    boxes: Float32[np.ndarray, "n 4"], expected: Float32[np.ndarray, "m 4"]
) -> Float32[np.ndarray, "n m"]:
    """Return how many times the higher box is as high as the other."""
    height = np.maximum(boxes[:, 3] - boxes[:, 1], 1e-3)[:, None]
    ratio = height / np.maximum(expected[:, 3] - expected[:, 1], 1e-3)
    greater: np.ndarray = np.maximum(ratio, 1 / ratio)
    return greater


def _newcomer(image_rgb: UInt8[np.ndarray, "h w 3"], box: Float32[np.ndarray, "4"]) -> Person:
    still, height = np.zeros(2, np.float32), float(box[3] - box[1])
    return Person(box, still, height, belief=1.0, patch=take_patch(image_rgb, box))


def _moved(
    image_rgb: UInt8[np.ndarray, "h w 3"], person: Person, box: Float32[np.ndarray, "4"], *, is_sure: bool
) -> Person:
    """Return the person found in ``box``. Only sure detections make it better known."""
    share = _SURE_SHARE if is_sure else _DOUBTFUL_SHARE
    return replace(
        person.moved_to(box),
        height=(1 - share) * person.height + share * float(box[3] - box[1]),
        patch=take_patch(image_rgb, box),
        frames=person.frames + is_sure,
        unsure=0 if is_sure else person.unsure + 1,
    )
