import numpy as np
import pytest

from gaitway.detection.newcomers import is_likely

SIZE = (320, 240)
PERSON = np.array([[100, 20, 160, 220]], np.float32)
NOBODY = PERSON[:0]


def box(*corners):
    return np.array(corners, np.float32)


@pytest.mark.parametrize(
    ("where", "is_new"),
    [
        (box(20, 50, 50, 130), True),
        (box(20, 50, 100, 130), True),  # the longest stride
        (box(20, 100, 100, 160), False),  # a table's foot
        (box(20, 180, 100, 240), True),  # head and shoulders that come in from below
        (box(0, 100, 80, 160), True),  # or from the side
    ],
)
def test_people_stand_unless_the_border_cuts_them_off(where, is_new):
    assert is_likely(where, NOBODY, SIZE) == is_new


@pytest.mark.parametrize(
    ("where", "is_new"),
    [
        (box(120, 130, 140, 210), False),  # what stands between somebody's legs
        (box(120, 40, 160, 210), True),  # somebody behind
        (box(150, 130, 190, 210), True),  # a child beside
        (box(115, 130, 145, 210), True),  # a child in front
    ],
)
def test_what_is_small_and_lies_in_somebody_is_a_part(where, is_new):
    assert is_likely(where, PERSON, SIZE) == is_new
