import numpy as np
import pytest

from gaitway.tracking.nobody import Seen, is_somebody


def kept(belief, *, sure=None, away=0.1, size=(20.0, 60.0)):
    """Return how many boxes are left of one track."""
    belief = np.array(belief, float)
    track, xywh = np.zeros(len(belief), np.int64), np.tile([0.0, 0.0, *size], (len(belief), 1))
    sure = belief if sure is None else np.array(sure, float)
    return int(is_somebody(Seen(track, xywh, belief, sure), np.array([away])).sum())


@pytest.mark.parametrize(
    ("away", "doubtful", "is_wide", "left"),
    [
        (0.1, 0, False, 100),  # somebody who stands
        (0.1, 0, True, 0),  # something that lies
        (3.0, 0, True, 100),  # somebody who walks, arms spread
        (0.1, 30, False, 0),
        (3.0, 30, False, 100),
        (0.1, 60, False, 0),
        (3.0, 60, False, 40),  # the part of the walk that is believed
    ],
)
def test_what_stands_still_must_look_like_somebody_who_stands(away, doubtful, is_wide, left):
    belief = [0.2] * doubtful + [1.0] * (100 - doubtful)
    assert kept(belief, away=away, size=(30.0, 20.0) if is_wide else (20.0, 60.0)) == left


@pytest.mark.parametrize(
    ("sure", "is_kept"),
    [
        ([0.6] * 200, False),  # never sure for long, though never doubted
        ([0.9, 0.5] * 20 + [0.5] * 100, False),
        ([0.55] * 100 + [0.8] * 30 + [0.55] * 100, True),  # once is enough
        ([0.75] * 8, True),
        ([0.65] * 8, False),
    ],
)
def test_a_network_is_sure_of_a_person_for_a_second_once(sure, is_kept):
    assert kept([1.0] * len(sure), sure=sure, away=3.0) == is_kept * len(sure)


def test_tracks_are_judged_one_by_one_in_any_order_of_rows():
    track = np.array([2, 0, 2, 0])
    xywh = np.array([[0, 0, 1, 3], [0, 0, 2, 1], [0, 0, 1, 3], [0, 0, 2, 1]], float)
    seen = Seen(track, xywh, np.ones(4), np.ones(4))
    assert is_somebody(seen, np.zeros(3)).tolist() == [True, False, True, False]


def test_no_boxes_are_nobody():
    assert (
        len(is_somebody(Seen(np.zeros(0, np.int64), np.zeros((0, 4)), *np.zeros((2, 0))), np.zeros(0))) == 0
    )
