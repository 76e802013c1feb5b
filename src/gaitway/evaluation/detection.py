"""How good a detector is: average precision, recall and precision at one overlap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float32

from gaitway.errors import InputError
from gaitway.geometry import box_area, box_intersection, box_iou


@dataclass(frozen=True, slots=True, eq=False)
class FrameBoxes:
    """The truth and the findings of one frame.

    Attributes:
        truth_xyxy: People who must be found, (T, 4) float32.
        ignore_xyxy: Boxes where a finding counts neither way, (I, 4) float32.
        found_xyxy: What the detector says, (N, 4) float32.
        confidence: (N,) float32.
    """

    truth_xyxy: Float32[np.ndarray, "t 4"]
    ignore_xyxy: Float32[np.ndarray, "i 4"]
    found_xyxy: Float32[np.ndarray, "n 4"]
    confidence: Float32[np.ndarray, " n"]


@dataclass(frozen=True, slots=True)
class DetectionScores:
    """What a detector achieved over frames.

    Attributes:
        average_precision: Area under the interpolated precision-recall curve.
        recall: Share of the truth found at the chosen confidence.
        precision: Share of the findings at the chosen confidence that are true; 1 where nothing is found.
        truths: People who should have been found.
        findings: Boxes that counted.
        mean_iou: Of the true findings at the chosen confidence; 0 where there is none.
    """

    average_precision: float
    recall: float
    precision: float
    truths: int
    findings: int
    mean_iou: float


def evaluate_detection(
    frames: Sequence[FrameBoxes], *, min_iou: float = 0.5, min_confidence: float = 0.5
) -> DetectionScores:
    """Score findings against the truth over many frames.

    Args:
        frames: One entry per frame.
        min_iou: Overlap from which a box is the right one.
        min_confidence: Where recall and precision are read; average precision uses every finding.

    Raises:
        InputError: There is nothing to be found in any frame, so no recall exists.

    Source:
        Pascal VOC 2010 and COCO: greedy by confidence, each truth once, precision made monotone, all
        points; findings on ignore boxes dropped as in Caltech Pedestrians (share of the finding's area).
    """
    truths = sum(len(frame.truth_xyxy) for frame in frames)
    if not truths:
        raise InputError("there is no true box in any frame, wanted at least one: give annotated frames")
    matched = [match_frame(frame, min_iou) for frame in frames]
    confidence = np.concatenate([m[0] for m in matched])
    iou = np.concatenate([m[1] for m in matched])
    order = np.argsort(-confidence, kind="stable")
    hits = iou[order] > 0
    found = confidence >= min_confidence
    true_found = found & (iou > 0)
    return DetectionScores(
        average_precision=average_precision(hits, truths),
        recall=float(true_found.sum() / truths),
        precision=float(true_found.sum() / found.sum()) if found.any() else 1.0,
        truths=truths,
        findings=len(confidence),
        mean_iou=float(iou[true_found].mean()) if true_found.any() else 0.0,
    )


def match_frame(frame: FrameBoxes, min_iou: float) -> tuple[Float[np.ndarray, " k"], Float[np.ndarray, " k"]]:
    """Give each finding the truth it overlaps most among those still free, surest finding first.

    Returns:
        Confidence of the findings that count, and the overlap with their truth; 0 for a false one.
    """
    order = np.argsort(-frame.confidence, kind="stable")
    found = frame.found_xyxy[order]
    overlaps = box_iou(found, frame.truth_xyxy)
    iou = np.zeros(len(found))
    for row, overlap in enumerate(overlaps):
        if overlap.size and overlap.max() >= min_iou:
            best = int(overlap.argmax())
            iou[row] = overlap[best]
            overlaps[:, best] = 0.0
    ignored = np.zeros(len(found), bool)
    if len(frame.ignore_xyxy):
        inside = box_intersection(found, frame.ignore_xyxy).max(axis=1)
        ignored = (iou == 0) & (inside >= min_iou * np.maximum(box_area(found), 1e-9))
    return frame.confidence[order][~ignored].astype(np.float64), iou[~ignored]


def average_precision(hits: Bool[np.ndarray, " n"], truths: int) -> float:
    """Return the area under the precision-recall curve of findings sorted surest first.

    Examples:
        >>> average_precision(np.array([True, False, True]), 2)
        0.8333333333333333
    """
    true_count = np.cumsum(hits)
    precision = true_count / np.arange(1, len(hits) + 1)
    best_from_here = np.maximum.accumulate(precision[::-1])[::-1]
    return float(best_from_here[hits].sum() / truths)
