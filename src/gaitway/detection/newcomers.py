"""What a new person can look like: the landmark network also believes in table feet and chair legs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from gaitway.geometry import box_area, box_intersection


@dataclass(frozen=True, slots=True)
class NewcomerConfig:
    """Shape and place of new people; of people known nothing is asked: they bend, sit down and hide.

    Attributes:
        max_aspect: Width over height. The longest stride seen from the side is 0.7; at the border, where
            only head and shoulders may be in the picture, anything goes.
        border: Boxes nearer to the border are cut off by it, in pixels.
        part_height: What is lower than this share of somebody known ...
        part_width: ... and narrower than this share (a child is half as wide as its parent) ...
        part_inside: ... and lies in that one's box by more than this is a part of the same person, or of
            what stands between its legs.
    """

    max_aspect: float = 1.1
    border: float = 2.0
    part_height: float = 0.5
    part_width: float = 0.35
    part_inside: float = 0.7


DEFAULT = NewcomerConfig()


def is_likely(
    box: Float32[np.ndarray, "4"],
    known_xyxy: Float32[np.ndarray, "k 4"],
    size_wh: tuple[int, int],
    config: NewcomerConfig = DEFAULT,
) -> bool:
    """Tell whether a new person can be in ``box``, beside the people known, in a picture of ``size_wh``.

    Examples:
        >>> import numpy as np
        >>> nobody, person = np.zeros((0, 4), np.float32), np.array([50, 10, 90, 120], np.float32)
        >>> is_likely(person, nobody, (200, 150))
        True
        >>> is_likely(np.array([50, 80, 110, 120], np.float32), nobody, (200, 150))
        False
        >>> is_likely(np.array([60, 80, 70, 120], np.float32), person[None], (200, 150))
        False
    """
    width, height = box[2] - box[0], box[3] - box[1]
    margin = min(box[0], box[1], size_wh[0] - box[2], size_wh[1] - box[3])
    if margin > config.border and width > config.max_aspect * height:
        return False
    inside = box_intersection(box[None], known_xyxy)[0] / max(float(box_area(box[None])[0]), 1e-6)
    is_smaller = height < config.part_height * (known_xyxy[:, 3] - known_xyxy[:, 1])
    is_smaller &= width < config.part_width * (known_xyxy[:, 2] - known_xyxy[:, 0])
    return not bool((is_smaller & (inside > config.part_inside)).any())
