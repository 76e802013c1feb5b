import numpy as np
import pytest

from gaitway.errors import InputError
from gaitway.synthetic.camera import look_at
from gaitway.synthetic.covariates import BAGS, COATS, HELD, make_extra
from gaitway.synthetic.render_silhouette import render_silhouettes
from gaitway.synthetic.skeleton import SEGMENT
from gaitway.synthetic.walker import Path, sample_walker

ALL_KINDS = BAGS + COATS + HELD


def walker_of(seed):
    return sample_walker(np.random.default_rng(seed))


def side_camera(target=(0.0, 0.0, 0.9)):
    return look_at(np.array([target[0], -7.0, 1.2]), np.array(target), 500.0, (300, 220))


def test_feet_do_not_slide():
    """The supporting foot stays where it is, up to the strides' wobble."""
    walker = walker_of(1)
    times = np.arange(100) / 100
    pose = walker.pose(times, Path((0, 0), 0.0), np.random.default_rng(2))
    feet = pose.origin[:, [SEGMENT["left_toes"], SEGMENT["right_toes"]]]
    speed = np.abs(np.diff(feet[..., 0], axis=0)) * 100
    low = feet[:-1, :, 2].argmin(axis=1)
    supporting = speed[np.arange(len(low)), low]
    assert np.median(supporting) < 0.15 * walker.speed_mps


@pytest.mark.parametrize("seed", range(8))
def test_people_walk_at_human_speed(seed):
    walker = walker_of(seed)
    assert 0.5 < walker.speed_mps < 2.4
    assert 0.7 < walker.stride_m < 2.2


def test_path_bends_to_the_left():
    path = Path((1.0, 2.0), 0.0, 0.5)
    place, heading = path.at(np.array([0.0, np.pi]))
    np.testing.assert_allclose(place, [[1, 2], [3, 4]], atol=1e-9)
    np.testing.assert_allclose(heading, [0, np.pi / 2])
    straight, _ = Path((1.0, 2.0), 0.3).at(np.array([0.7]))
    nearly, _ = Path((1.0, 2.0), 0.3, 2e-6).at(np.array([0.7]))
    np.testing.assert_allclose(straight, nearly, atol=1e-5)


def test_legs_are_apart_and_together_seen_from_the_side():
    walker = walker_of(5)
    times = np.arange(30) / 30
    pose = walker.pose(times, Path((-0.6, 0), 0.0), np.random.default_rng(0))
    masks = render_silhouettes(walker.parts, pose, side_camera(), follow="upright")
    legs = masks[:, 150:190].any(axis=1).sum(axis=1)
    assert legs.max() > 1.8 * legs.min()


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_every_covariate_changes_the_silhouette_somewhere(kind):
    walker = walker_of(6)
    loaded = walker.carrying(kind, np.random.default_rng(1))
    times = np.arange(4) / 5
    changed = 0
    for side in (-7.0, 7.0):
        camera = look_at(np.array([0.5, side, 1.2]), np.array([0.3, 0.0, 0.9]), 500.0, (300, 260))
        plain, other = (
            render_silhouettes(w.parts, w.pose(times, Path((0, 0), 0.0), np.random.default_rng(3)), camera)
            for w in (walker, loaded)
        )
        changed += int((plain != other).sum())
    assert changed > 40


def test_unknown_covariate_is_named():
    with pytest.raises(InputError, match=r"sledge.*backpack"):
        make_extra("sledge", walker_of(0).body, np.random.default_rng(0))


def test_same_seed_same_walk_and_another_walk_differs():
    walker, times = walker_of(7), np.arange(5) / 10
    first, again, other = (
        walker.pose(times, Path((0, 0), 0.0), np.random.default_rng(seed)).origin for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.01


def test_look_alikes_are_nearer_than_strangers():
    leader = walker_of(10)
    rng = np.random.default_rng(11)

    def distance(other):
        build = [abs(other.body.measures[k] - v) / (abs(v) + 0.01) for k, v in leader.body.measures.items()]
        return np.mean(build), np.abs(other.gait.coefficients - leader.gait.coefficients).mean()

    alike = np.mean([distance(sample_walker(rng, near=leader, spread=0.35)) for _ in range(10)], axis=0)
    strangers = np.mean([distance(sample_walker(rng)) for _ in range(10)], axis=0)
    assert (alike < 0.6 * strangers).all()
