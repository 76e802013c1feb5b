import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaitway.detection.appearance import find_patch, take_patch

RNG = np.random.default_rng(5)
SCENE = np.kron(RNG.integers(0, 256, (60, 80, 3), dtype=np.uint8), np.ones((4, 4, 1), np.uint8))
BOX = np.array([150, 80, 180, 160], np.float32)


@given(st.integers(-12, 12), st.integers(-12, 12))
def test_a_person_that_moved_is_found_where_it_moved(dx, dy):
    moved = np.roll(SCENE, (dy, dx), axis=(0, 1))
    shift, correlation = find_patch(moved, take_patch(SCENE, BOX), BOX)
    assert shift == pytest.approx([dx, dy], abs=1.5)
    assert correlation > 0.8


def test_another_background_does_not_look_like_it():
    other = RNG.integers(0, 256, SCENE.shape, dtype=np.uint8)
    assert find_patch(other, take_patch(SCENE, BOX), BOX)[1] < 0.5


def test_outside_the_picture_there_is_nothing_to_remember_or_find():
    outside = BOX + np.float32(5000)
    assert take_patch(SCENE, outside) is None
    shift, correlation = find_patch(SCENE, take_patch(SCENE, BOX), outside)
    assert shift.tolist() == [0, 0]
    assert correlation == 0


def test_what_is_flat_is_neither_remembered_nor_found():
    flat = np.full_like(SCENE, 128)
    assert take_patch(flat, BOX) is None
    assert find_patch(flat, take_patch(SCENE, BOX), BOX)[1] < 0.5
