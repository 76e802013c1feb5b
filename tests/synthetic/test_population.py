import numpy as np
import pytest

from gaitway.errors import InputError
from gaitway.synthetic.benchmark import GALLERY, VIEWS_DEG, BenchmarkConfig, benchmark_walks
from gaitway.synthetic.population import PopulationConfig, outfit, person, training_walks
from gaitway.synthetic.shot import Shot, Timing, View, film, sample_view

CONFIG = PopulationConfig(seed=5)


def test_walks_are_the_same_every_time_and_aligned():
    first = list(training_walks(3, 3, 8, CONFIG))
    again = list(training_walks(3, 3, 8, CONFIG))
    assert len(first) == 3
    for one, two in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, two)
        assert one.shape[1:] == (64, 64)
        assert 1 <= len(one) <= 8
        assert one[0].any(axis=1).all() or one[0].any(axis=1).mean() > 0.9  # full height


def test_people_differ_and_groups_are_alike():
    crowd = PopulationConfig(alike=1.0, seed=6)
    people = [person(i, crowd) for i in range(8)]
    stature = np.array([p.body.stature_m for p in people]).reshape(2, 4)
    assert stature.std(axis=1).mean() < 0.05
    assert len({p.body.stature_m for p in people}) == 8


def test_seeds_make_other_people():
    assert person(0, CONFIG).body.stature_m != person(0, PopulationConfig(seed=6)).body.stature_m


def test_the_mix_of_conditions_is_chosen_and_checked():
    plain, bags = (PopulationConfig(seed=5, mix=mix) for mix in ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)))
    pairs = zip(training_walks(3, 4, 4, plain), training_walks(3, 4, 4, bags), strict=True)
    assert any(one.shape != two.shape or (one != two).any() for one, two in pairs)
    with pytest.raises(InputError, match="add up to 1"):
        PopulationConfig(mix=(0.5, 0.5, 0.5))


def test_outfits_leave_body_and_gait_alone():
    walker, rng = person(1, CONFIG), np.random.default_rng(0)
    assert outfit(walker, "nm", rng) is walker
    for condition in ("bg", "cl"):
        dressed = outfit(walker, condition, rng)
        assert dressed.body is walker.body
        assert dressed.gait is walker.gait
    assert outfit(walker, "bg", rng).extras
    assert outfit(walker, "cl", rng).clothes != walker.clothes


@pytest.mark.parametrize(("azimuth", "wide"), [(0, False), (90, True), (180, False), (270, True)])
def test_azimuth_is_relative_to_the_walk(azimuth, wide):
    """From the side a step is wide, from front and back it is not."""
    walker = person(2, PopulationConfig(seed=1, alike=0.0))
    shot = Shot(View(azimuth, 3.0), Timing(30, 25.0))
    walk = film(walker, shot, np.random.default_rng(0))
    legs = walk[:, 52:62].any(axis=1).sum(axis=1).max()
    assert (legs > 22) == wide


def test_cameras_see_fronts_and_backs_more_often():
    rng = np.random.default_rng(0)
    azimuths = np.array([sample_view(rng).azimuth_deg % 360 for _ in range(2000)])
    near_front_or_back = np.abs((azimuths + 90) % 180 - 90) < 15
    assert near_front_or_back.mean() > 30 / 180 * 1.5


def test_benchmark_has_every_person_view_and_condition_once():
    config = BenchmarkConfig(people=2, frames=3)
    walks = list(benchmark_walks(config))
    keys = {(w.person, w.condition, w.view_deg) for w in walks}
    assert len(walks) == len(keys) == 2 * 5 * len(VIEWS_DEG)
    assert {w.condition for w in walks} > set(GALLERY)
    again = next(benchmark_walks(config))
    np.testing.assert_array_equal(again.silhouettes, walks[0].silhouettes)
