import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaitway.errors import ConfigError, InputError
from gaitway.results import WalkRecord
from gaitway.training.samplers import SamplerConfig, TripletSampler


def records(*counts):
    return [WalkRecord(f"p{p}", f"nm-{i}", "000", 9) for p, count in enumerate(counts) for i in range(count)]


@given(st.integers(0, 10_000), st.booleans())
def test_a_step_has_p_people_with_k_of_their_own_walks(step, shuffle):
    walks = records(3, 1, 8, 2, 5)
    sampler = TripletSampler(walks, SamplerConfig(3, 4, shuffle), seed=1)
    places, labels = sampler.draw(step)
    people, counts = np.unique(labels, return_counts=True)
    assert len(people) == 3
    assert counts.tolist() == [4, 4, 4]
    assert [sampler.subjects[label] for label in labels] == [walks[p].subject for p in places]
    for person in people:
        own = places[labels == person]
        there = sum(w.subject == sampler.subjects[person] for w in walks)
        assert len(set(own.tolist())) == 4 if there >= 4 else len(set(own.tolist())) <= there


def test_a_step_is_the_same_whoever_asks_and_others_differ():
    walks = records(*[6] * 9)
    one, two = (TripletSampler(walks, SamplerConfig(4, 3), seed=5) for _ in range(2))
    two.draw(3)
    np.testing.assert_array_equal(one.draw(7)[0], two.draw(7)[0])
    assert (one.draw(7)[0] != one.draw(8)[0]).any()
    assert (one.draw(7)[0] != TripletSampler(walks, SamplerConfig(4, 3), seed=6).draw(7)[0]).any()


def test_everybody_comes_about_as_often():
    sampler = TripletSampler(records(*[4] * 10), SamplerConfig(5, 2), seed=0)
    seen = np.bincount(np.concatenate([sampler.draw(step)[1] for step in range(400)]), minlength=10)
    assert seen.min() > 0.8 * seen.mean()


def test_too_few_people_are_said():
    with pytest.raises(InputError, match="has 2 people, a batch has 3"):
        TripletSampler(records(4, 4), SamplerConfig(3, 2), seed=0)
    with pytest.raises(ConfigError, match="compares nobody"):
        SamplerConfig(1, 4)
