import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaitway.errors import ConfigError
from gaitway.training.frames import FrameConfig, choose_frames, step_length

ORDERS = ["fixed_ordered", "fixed_unordered", "unfixed_ordered", "unfixed_unordered", "all_ordered"]


@given(st.sampled_from(ORDERS), st.integers(1, 60), st.integers(1, 40), st.integers(0, 8), st.integers(0, 99))
def test_frames_are_of_the_walk_and_as_many_as_wanted(order, length, wanted, skip, seed):
    config = FrameConfig(order, count=wanted, skip=skip)
    chosen = choose_frames(config, length, wanted, np.random.default_rng(seed))
    assert len(chosen) == wanted
    assert ((chosen >= 0) & (chosen < length)).all()
    if order.endswith("unordered") and length >= wanted:
        assert len(set(chosen.tolist())) == wanted
    if not order.endswith("unordered") and length >= wanted + skip:
        steps = np.diff(chosen)
        assert (steps >= 1).all()
        assert chosen[-1] - chosen[0] < wanted + skip


def test_an_ordered_stretch_begins_anywhere_in_the_walk():
    config = FrameConfig("fixed_ordered", count=4)
    starts = {int(choose_frames(config, 7, 4, np.random.default_rng(s))[0]) for s in range(60)}
    assert starts == {0, 1, 2, 3}


def test_lengths_of_a_step():
    rng = np.random.default_rng(0)
    assert step_length(FrameConfig("fixed_ordered", count=7), [3, 90], rng) == 7
    assert step_length(FrameConfig("all_ordered", most=50), [3, 40], rng) == 40
    assert step_length(FrameConfig("all_ordered", most=30), [3, 40], rng) == 30
    drawn = {step_length(FrameConfig("unfixed_ordered", fewest=2, most=4), [9], rng) for _ in range(50)}
    assert drawn == {2, 3, 4}


@pytest.mark.parametrize("wrong", [{"count": 0}, {"fewest": 5, "most": 4}, {"skip": -1}])
def test_impossible_numbers_are_refused(wrong):
    with pytest.raises(ConfigError, match="at least 1 frame"):
        FrameConfig(**wrong)
