"""BlazePose's person detector: its anchors, and what its output says."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from jaxtyping import Float, Float32, Int64

from gaitway.errors import NetworkError

TILE_PX = 224
_GRIDS = ((28, 2), (14, 2), (7, 6))  # cells a side, anchors a cell
_VALUES = 12  # box, then x, y of four keypoints

SAME_DISTANCE = 0.25  # hips nearer than this many radii are one person's
SAME_RATIO = 1.6  # radii that differ by more are one person far behind another


@dataclass(frozen=True, slots=True, eq=False)
class PoseCandidates:
    """Places where people may be.

    Attributes:
        centre: Middle of the hips, (N, 2) float32, x and y.
        radius: Of the circle round the hips that holds the whole body, (N,) float32.
        score: (N,) float32 in [0, 1].
    """

    centre: Float32[np.ndarray, "n 2"]
    radius: Float32[np.ndarray, " n"]
    score: Float32[np.ndarray, " n"]

    def __len__(self) -> int:
        return len(self.score)

    def select(self, index: Int64[np.ndarray, " k"]) -> PoseCandidates:
        """Return the candidates at ``index``, in that order."""
        return PoseCandidates(self.centre[index], self.radius[index], self.score[index])

    @classmethod
    def join(cls, parts: list[PoseCandidates]) -> PoseCandidates:
        """Put the candidates of several tiles into one list."""
        nobody = cls(np.zeros((0, 2), np.float32), np.zeros(0, np.float32), np.zeros(0, np.float32))
        parts = [nobody, *parts]
        return cls(
            np.concatenate([p.centre for p in parts]),
            np.concatenate([p.radius for p in parts]),
            np.concatenate([p.score for p in parts]),
        )


@lru_cache(maxsize=1)
def anchor_centres() -> Float32[np.ndarray, "2254 2"]:
    """Return the anchors' centres, x and y, as shares of the tile's side."""
    centres = []
    for cells, per_cell in _GRIDS:
        ys, xs = np.mgrid[:cells, :cells]
        middle = (np.stack([xs, ys], axis=-1).reshape(-1, 2) + 0.5) / cells
        centres.append(np.repeat(middle, per_cell, axis=0))
    return np.concatenate(centres).astype(np.float32)


def decode_poses(
    outputs: tuple[np.ndarray, ...], tile_xyxy: Float[np.ndarray, "4"], min_score: float
) -> PoseCandidates:
    """Read the network's output for one square tile.

    Args:
        outputs: Regressors (1, 2254, 12) and score logits (1, 2254, 1), in any order.
        tile_xyxy: The tile in the frame, in pixels.
        min_score: Candidates below are left out.

    Returns:
        Candidates in frame pixels; several for one person, as anchors are dense.

    Raises:
        NetworkError: The output has wrong shapes or is not finite.

    Source:
        mediapipe pose_detection (Apache-2.0): the first keypoint is the middle of the hips, the second lies
        on the circle round the body; differs: none.
    """
    anchors = anchor_centres()
    by_size = {output.size: output for output in outputs}
    try:
        values = by_size[len(anchors) * _VALUES].reshape(-1, _VALUES)
        logits = by_size[len(anchors)].reshape(-1)
    except KeyError as error:
        raise NetworkError(
            f"person detector gave outputs of shapes {[o.shape for o in outputs]}, wanted "
            f"(1, {len(anchors)}, {_VALUES}) and (1, {len(anchors)}, 1): use pose_detection"
        ) from error
    if not (np.isfinite(logits).all() and np.isfinite(values).all()):
        raise NetworkError(
            "person detector gave values that are not finite: check the file and the precision"
        )
    scores = (1 / (1 + np.exp(-np.clip(logits, -30, 30)))).astype(np.float32)
    rows = np.flatnonzero(scores >= min_score)
    side = float(tile_xyxy[2] - tile_xyxy[0])
    hips = values[rows, 4:6] / TILE_PX + anchors[rows]
    reach = np.hypot(*(values[rows, 6:8] - values[rows, 4:6]).T) / TILE_PX
    return PoseCandidates(
        (hips * side + tile_xyxy[:2]).astype(np.float32), (reach * side).astype(np.float32), scores[rows]
    )


def cluster(candidates: PoseCandidates, *, combine: Literal["best", "any"]) -> PoseCandidates:
    """Join candidates that mean one person, surest first.

    Args:
        candidates: Several for one person.
        combine: ``best``: the joint score is the best one, for anchors of one look. ``any``: the chance that
            at least one is right, for different looks, taken as independent.

    Returns:
        One candidate per person: mean place and radius, weighted by score.
    """
    rest = np.argsort(-candidates.score, kind="stable")
    centres, radii, scores = [], [], []
    while rest.size:
        best = rest[0]
        gap = np.linalg.norm(candidates.centre[rest] - candidates.centre[best], axis=1)
        ratio = candidates.radius[rest] / np.maximum(candidates.radius[best], 1e-6)
        same = (
            (gap <= SAME_DISTANCE * candidates.radius[best]) & (ratio < SAME_RATIO) & (ratio > 1 / SAME_RATIO)
        )
        same[0] = True
        group, rest = rest[same], rest[~same]
        weight = candidates.score[group] / candidates.score[group].sum()
        centres.append(weight @ candidates.centre[group])
        radii.append(weight @ candidates.radius[group])
        of_group = candidates.score[group]
        scores.append(of_group[0] if combine == "best" else 1 - np.prod(1 - of_group))
    order = np.argsort(-np.array(scores, np.float32), kind="stable")
    return PoseCandidates(
        np.array(centres, np.float32).reshape(-1, 2)[order],
        np.array(radii, np.float32)[order],
        np.array(scores, np.float32)[order],
    )
