"""How far two forms of a stage agree."""

import numpy as np
import pytest

from gaitway.evaluation.agreement import (
    MIN_BOXES,
    Agreement,
    box_agreement,
    embedding_agreement,
    mask_agreement,
)
from gaitway.types import Bodies, Detections


def found(*rows):
    values = np.array(rows, np.float32).reshape(-1, 5)
    return Detections(values[:, :4], values[:, 4])


def body(mask, presence=1.0):
    return Bodies(
        np.array([[0, 0, 8, 8]], np.float32),
        (np.asarray(mask, np.float32),),
        np.full((1, 33, 3), np.nan, np.float32),
        np.array([presence], np.float32),
    )


def half(rows):
    return np.repeat(np.arange(8) < rows, 8).reshape(8, 8)


def test_the_same_boxes_agree_wholly():
    boxes = [found((0, 0, 10, 20, 0.9), (30, 0, 40, 20, 0.2)), found()]
    agreement = box_agreement(boxes, boxes)
    assert agreement.measured == {"boxes kept": 1, "boxes true": 1, "overlap": 1}
    assert agreement.is_enough


def test_a_lost_box_and_a_false_one_count():
    exact = [found((0, 0, 10, 20, 0.9), (30, 0, 40, 20, 0.9))]
    other = [found((0, 0, 10, 10, 0.9), (60, 0, 70, 20, 0.9), (80, 0, 90, 20, 0.9))]
    agreement = box_agreement(exact, other)
    assert agreement.measured == pytest.approx({"boxes kept": 0.5, "boxes true": 1 / 3, "overlap": 0.5})
    assert not agreement.is_enough


def test_a_box_that_only_becomes_less_sure_is_kept():
    assert box_agreement([found((0, 0, 9, 9, 0.55))], [found((0, 0, 9, 9, 0.35))]).is_enough


def test_nobody_found_is_no_evidence():
    assert not box_agreement([found()], [found()]).is_enough
    assert not box_agreement([], []).is_enough


def test_all_boxes_lost_is_not_enough():
    assert not box_agreement([found((0, 0, 9, 9, 0.9))], [found()]).is_enough


def test_masks_overlap_where_somebody_is_believed_in():
    exact = [body(half(4)), body(half(8), presence=0.1)]
    agreement = mask_agreement(exact, [body(half(8)), body(half(1), presence=0.2)])
    assert agreement.measured == {"mask overlap": 0.5, "presence": 1.0}
    flipped = mask_agreement(exact, [body(half(4)), body(half(8), presence=0.9)])
    assert flipped.measured == {"mask overlap": 1.0, "presence": 0.5}


def test_embeddings_move_by_a_share_of_what_is_between_walks():
    walks = np.zeros((2, 3, 4), np.float32)
    walks[1, :, 0] = 10
    moved = walks.copy()
    moved[:, :, 1] = 1
    assert embedding_agreement(walks, walks).measured["stay"] == 1
    assert embedding_agreement(walks, moved).measured["stay"] == pytest.approx(0.9)
    assert not embedding_agreement(walks, moved).is_enough
    assert not embedding_agreement(walks, 100 + walks).is_enough
    assert not embedding_agreement(walks[:1], walks[:1]).is_enough  # nothing to compare with


def test_says_what_was_measured_and_wanted():
    text = str(Agreement(dict.fromkeys(MIN_BOXES, 0.5), MIN_BOXES))
    assert text.startswith("boxes kept 0.500 (wanted 0.95)")
