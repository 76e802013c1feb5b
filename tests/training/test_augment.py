import numpy as np
import pytest

from gaitway.errors import ConfigError
from gaitway.training.augment import TRANSFORMS, CutSides, RandomErasing, apply, build_transform
from support.walkers import draw_walk

RANDOM = [name for name in TRANSFORMS if name != "CutSides"]


@pytest.fixture(scope="module")
def walk():
    return draw_walk(1, 0, 0, 6)[:, None]


@pytest.mark.parametrize("name", RANDOM)
def test_changes_nothing_never_and_something_always(name, walk):
    before = walk.copy()
    never, always = build_transform({"type": name, "prob": 0.0}), build_transform({"type": name, "prob": 1.0})
    rng = np.random.default_rng(3)
    np.testing.assert_array_equal(never(walk, rng), walk)
    changed = [always(walk, rng) for _ in range(10)]
    assert {c.shape for c in changed} == {walk.shape}
    assert {c.dtype for c in changed} == {np.dtype(np.uint8)}
    assert sum((c != walk).any() for c in changed) >= 5  # a hole may fall on the background
    np.testing.assert_array_equal(walk, before)  # the caller's own walk stays
    again = always(walk, np.random.default_rng(9))
    np.testing.assert_array_equal(again, always(walk, np.random.default_rng(9)))


@pytest.mark.parametrize("name", RANDOM)
def test_all_frames_and_maps_are_changed_alike(name):
    same = np.repeat(np.repeat(draw_walk(2, 0, 0, 1)[:, None], 5, axis=0), 2, axis=1)
    changed = build_transform({"type": name, "prob": 1.0})(same, np.random.default_rng(0))
    for t, c in np.ndindex(5, 2):
        np.testing.assert_array_equal(changed[t, c], changed[0, 0])


@pytest.mark.parametrize("name", ["RandomPerspective", "RandomRotate", "RandomAffine"])
def test_a_body_keeps_most_of_its_area(name, walk):
    transform = build_transform({"type": name, "prob": 1.0})
    shares = [
        transform(walk, np.random.default_rng(seed)).astype(float).sum() / walk.astype(float).sum()
        for seed in range(40)
    ]
    assert 0.85 < np.mean(shares) < 1.15


def test_a_mirror_is_its_own_inverse_and_the_middle_stays(walk):
    flip = build_transform({"type": "RandomHorizontalFlip", "prob": 1.0})
    rng = np.random.default_rng(0)
    np.testing.assert_array_equal(flip(flip(walk, rng), rng), walk)
    np.testing.assert_array_equal(CutSides()(walk, rng), walk[..., 10:54])
    assert CutSides()(np.zeros((1, 1, 128, 128), np.uint8), rng).shape[-1] == 88


def test_erased_rectangles_have_the_area_asked():
    full = np.full((3, 1, 64, 44), 255, np.uint8)
    for seed in range(60):
        out = RandomErasing(1.0, sl=0.1, sh=0.2)(full, np.random.default_rng(seed))
        assert 0.08 < (out == 0).mean() < 0.22
    each = RandomErasing(1.0, per_frame=True)(full, np.random.default_rng(0))
    assert (each[0] != each[1]).any()


def test_half_of_all_walks_are_changed_at_one_half(walk):
    flip = build_transform({"type": "RandomHorizontalFlip", "prob": 0.5})
    changed = sum((apply([flip], walk, np.random.default_rng(s)) != walk).any() for s in range(400))
    assert 160 < changed < 240


def test_unknown_names_are_errors_that_list_near_ones():
    with pytest.raises(ConfigError, match="did you mean RandomRotate"):
        build_transform({"type": "RandomRotat"})
    with pytest.raises(ConfigError, match=r"RandomRotate\.degre.*degree"):
        build_transform({"type": "RandomRotate", "degre": 3})
    with pytest.raises(ConfigError, match="wanted 0 to 1"):
        build_transform({"type": "RandomRotate", "prob": 1.5})
