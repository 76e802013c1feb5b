"""How far two forms of one stage agree: what faster arithmetic gives beside what the exact one gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from gaitway.geometry import box_iou
from gaitway.recognition.distance import distance_matrix
from gaitway.types import Bodies, Detections

SURE, SEEN = 0.5, 0.3  # a box surer than the first must be in the other form with the second at least
SAME_IOU = 0.5
# What is asked of int8 on scenes it was not fitted to: no more change than bf16 brings; docs/decisions/0058.
MIN_BOXES = {"boxes kept": 0.95, "boxes true": 0.95, "overlap": 0.95}
MIN_MASKS = {"mask overlap": 0.95, "presence": 0.95}
MIN_EMBEDDINGS = {"stay": 0.95}


@dataclass(frozen=True, slots=True)
class Agreement:
    """Shares of agreement, each in [0, 1] and 1 where both forms are the same.

    Attributes:
        measured: By name.
        wanted: The least that will do, by the same names.
    """

    measured: Mapping[str, float]
    wanted: Mapping[str, float]

    @property
    def is_enough(self) -> bool:
        """Whether everything measured is what was wanted; what could not be measured (NaN) is not."""
        return all(self.measured[name] >= least for name, least in self.wanted.items())

    def __str__(self) -> str:
        return ", ".join(
            f"{name} {self.measured[name]:.3f} (wanted {self.wanted[name]:g})" for name in self.wanted
        )


def box_agreement(exact: Sequence[Detections], other: Sequence[Detections]) -> Agreement:
    """Compare what two forms of a detector find in the same pictures.

    ``boxes kept``: share of the sure boxes of ``exact`` that ``other`` sees as well; ``boxes true``: the same
    the other way round; ``overlap``: mean IoU of the boxes seen by both.
    """
    pairs = list(zip(exact, other, strict=True))
    kept = np.concatenate([_best(a, b) for a, b in pairs] or [np.zeros(0)])
    true = np.concatenate([_best(b, a) for a, b in pairs] or [np.zeros(0)])
    both = kept[kept >= SAME_IOU]
    shares = {
        "boxes kept": _mean(kept >= SAME_IOU),
        "boxes true": _mean(true >= SAME_IOU) if len(true) else _mean(kept),
        "overlap": _mean(both),
    }
    return Agreement(shares, MIN_BOXES)


def mask_agreement(exact: Sequence[Bodies], other: Sequence[Bodies]) -> Agreement:
    """Compare the masks that two forms of a segmenter cut from the same boxes.

    ``mask overlap``: mean IoU of the masks of people that ``exact`` believes in; ``presence``: share of all
    boxes in which both believe, or neither.
    """
    overlaps: list[float] = []
    same: list[bool] = []
    for a, b in zip(exact, other, strict=True):
        same.extend(((a.presence >= SURE) == (b.presence >= SURE)).tolist())
        believed = np.flatnonzero(a.presence >= SURE)
        overlaps.extend(_mask_iou(a.masks[row], b.masks[row]) for row in believed)
    return Agreement({"mask overlap": _mean(overlaps), "presence": _mean(same)}, MIN_MASKS)


def embedding_agreement(
    exact: Float32[np.ndarray, "n p c"], other: Float32[np.ndarray, "n p c"]
) -> Agreement:
    """Compare the embeddings that two forms of an encoder give the same walks.

    ``stay``: one minus how far a walk moves, as a share of how far different walks are apart.
    """
    apart = distance_matrix(exact, exact)[~np.eye(len(exact), dtype=bool)]
    moved = np.linalg.norm(exact - other, axis=2).mean()
    scale = _mean(apart)
    return Agreement({"stay": max(1.0 - float(moved) / scale, 0.0) if scale > 0 else np.nan}, MIN_EMBEDDINGS)


def _best(of: Detections, among: Detections) -> np.ndarray:
    """Return the best IoU that each sure box of one has with a seen box of the other."""
    sure, seen = of.xyxy[of.confidence >= SURE], among.xyxy[among.confidence >= SEEN]
    return box_iou(sure, seen).max(axis=1) if len(sure) and len(seen) else np.zeros(len(sure))


def _mask_iou(a: np.ndarray, b: np.ndarray) -> float:
    inside_a, inside_b = a > 0.5, b > 0.5
    either = int((inside_a | inside_b).sum())
    return float((inside_a & inside_b).sum() / either) if either else 1.0


def _mean(values: Sequence[float] | np.ndarray) -> float:
    return float(np.mean(values)) if len(values) else float("nan")
