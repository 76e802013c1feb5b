import numpy as np
import pytest

from gaitway.tracking.nobody import is_nobody

LEAST = 0.5


def nobody(belief, *, away=0.1, size=(20.0, 60.0)):
    belief = np.array(belief, float)
    track, xywh = np.zeros(len(belief), np.int64), np.tile([0.0, 0.0, *size], (len(belief), 1))
    return is_nobody(track, xywh, np.array([away]), belief, least=LEAST).tolist() == [True]


@pytest.mark.parametrize(
    ("away", "doubtful", "is_wide", "is_dropped"),
    [
        (0.1, 0, False, False),  # somebody who stands
        (0.1, 0, True, True),  # something that lies
        (3.0, 0, True, False),  # somebody who walks, arms spread
        (0.1, 30, False, True),
        (3.0, 30, False, False),
        (3.0, 60, False, True),
    ],
)
def test_what_stands_still_must_look_like_somebody_who_stands(away, doubtful, is_wide, is_dropped):
    belief = [0.2] * doubtful + [1.0] * (100 - doubtful)
    assert nobody(belief, away=away, size=(30.0, 20.0) if is_wide else (20.0, 60.0)) == is_dropped


@pytest.mark.parametrize(
    ("belief", "is_dropped"),
    [
        ([0.6] * 200, True),  # never believed for long, though never doubted
        ([0.9, 0.5] * 20 + [0.5] * 100, True),
        ([0.55] * 100 + [0.8] * 30 + [0.55] * 100, False),  # once is enough
        ([0.75] * 8, False),
        ([0.65] * 8, True),
    ],
)
def test_a_person_is_believed_for_a_second_once(belief, is_dropped):
    assert nobody(belief, away=3.0) == is_dropped


def test_tracks_are_judged_one_by_one_in_any_order_of_rows():
    track = np.array([2, 0, 2, 0])
    xywh = np.array([[0, 0, 1, 3], [0, 0, 2, 1], [0, 0, 1, 3], [0, 0, 2, 1]], float)
    assert is_nobody(track, xywh, np.zeros(3), np.ones(4), least=LEAST).tolist() == [True, True, False]
