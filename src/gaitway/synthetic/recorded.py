"""Recorded motion drawn on our bodies: real people's gait without their looks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from jaxtyping import Float

from gaitway.errors import InputError
from gaitway.silhouettes.align import align_all
from gaitway.synthetic.benchmark import VIEWS_DEG, LabelledWalk
from gaitway.synthetic.bvh import gait_angles, read_bvh
from gaitway.synthetic.figure import Clothes, dress
from gaitway.synthetic.population import PopulationConfig, person
from gaitway.synthetic.shapes import PartSet
from gaitway.synthetic.shot import View, film_pose
from gaitway.synthetic.skeleton import pose_body

FRAME_RATE = 24.0
SECONDS = 1.25
BODIES = PopulationConfig(seed=66_000, alike=0.0)


def recorded_walks(folder: Path, *, own_body: bool) -> Iterator[LabelledWalk]:
    """Draw each person's first recording as gallery and the second as probe, from eleven views.

    Files are called ``<person>_<number>.bvh``; where a person has one, its two halves are used. The walk is
    the recording's middle.

    Args:
        folder: Where the BVH files lie.
        own_body: Whether every person gets a body of their own; otherwise motion alone tells them apart.

    Raises:
        InputError: The folder holds no such file.
    """
    by_person: dict[str, list[Path]] = {}
    for path in sorted(folder.glob("*.bvh")):
        by_person.setdefault(path.name.partition("_")[0], []).append(path)
    if not by_person:
        raise InputError(
            f"{folder.name!r} holds no recordings, wanted <person>_<number>.bvh: name the folder itself"
        )
    for number, paths in enumerate(by_person.values()):
        body = person(number if own_body else 0, BODIES).body
        parts = PartSet(dress(body, Clothes()))
        for condition, angles in zip(("nm-1", "nm-3"), _two_walks(paths), strict=True):
            pose = pose_body(body, angles)
            for azimuth in VIEWS_DEG:
                masks = film_pose(parts, pose, body.stature_m, View(float(azimuth), 6.0, 9.0, 90.0))
                yield LabelledWalk(number, condition, float(azimuth), align_all(list(masks))[0])


def _two_walks(paths: list[Path]) -> list[Float[np.ndarray, "_ c"]]:
    recordings = [read_bvh(path) for path in paths[:2]]
    angles = [gait_angles(recording) for recording in recordings]
    rates = [recording.frame_rate for recording in recordings]
    if len(angles) == 1:
        half = len(angles[0]) // 2
        angles, rates = [angles[0][:half], angles[0][half:]], rates * 2
    return [middle(walk, rate) for walk, rate in zip(angles, rates, strict=True)]


def middle(angles: Float[np.ndarray, "_ c"], rate: float) -> Float[np.ndarray, "_ c"]:
    """Return ``SECONDS`` round a recording's middle, ``rate`` frames a second, at ``FRAME_RATE``."""
    step, half = max(round(rate / FRAME_RATE), 1), round(SECONDS * rate / 2)
    centre = len(angles) // 2
    return angles[max(centre - half, 0) : centre + half : step]
