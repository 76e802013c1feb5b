import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gaitway.detection.nms import suppress
from gaitway.geometry import box_iou


def crowd(seed, count):
    rng = np.random.default_rng(seed)
    low = rng.uniform(0, 60, (count, 2))
    boxes = np.concatenate([low, low + rng.uniform(1, 40, (count, 2))], axis=1).astype(np.float32)
    return boxes, rng.uniform(0, 1, count).astype(np.float32), rng.integers(0, 3, count)


def plain_suppress(boxes, scores, max_iou, classes):
    """The slow twin: every box against every kept one."""
    kept = []
    overlaps = box_iou(boxes, boxes)
    for row in np.argsort(-scores, kind="stable"):
        if all(overlaps[row, k] <= max_iou or classes[row] != classes[k] for k in kept):
            kept.append(row)
    return kept


@given(st.integers(0, 10_000), st.integers(0, 300), st.sampled_from([0.3, 0.45, 0.7]), st.booleans())
def test_fast_suppression_equals_the_plain_one(seed, count, max_iou, by_class):
    boxes, scores, classes = crowd(seed, count)
    if not by_class:
        classes = np.zeros(count, int)
    kept = suppress(boxes, scores, max_iou, classes if by_class else None)
    assert kept.tolist() == plain_suppress(boxes, scores, np.float32(max_iou), classes)


@given(st.integers(0, 10_000), st.integers(1, 40))
def test_what_is_kept_does_not_overlap_and_the_best_is_kept(seed, count):
    boxes, scores, _ = crowd(seed, count)
    kept = suppress(boxes, scores, 0.5)
    overlaps = box_iou(boxes[kept], boxes[kept]) - np.eye(len(kept))
    assert overlaps.max() <= 0.5
    assert scores[kept[0]] == scores.max()


def test_boxes_without_area_suppress_nobody():
    boxes = np.array([[5, 5, 5, 5], [5, 5, 5, 5]], np.float32)
    assert len(suppress(boxes, np.array([0.9, 0.8], np.float32), 0.5)) == 2
