import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gaitway.recognition import distance_matrix
from gaitway.recognition.centring import centre_scene

SHAPE = (4, 8)


def people(rng, count):
    return rng.standard_normal((count, *SHAPE)).astype(np.float32)


def seen(rng, who, noise=0.2):
    return (who + noise * rng.standard_normal(who.shape)).astype(np.float32)


class TestSameScene:
    @given(st.integers(0, 2**31), st.integers(1, 6), st.integers(1, 6))
    @settings(deadline=None, max_examples=30)
    def test_moves_everybody_alike(self, seed, known, asked):
        rng = np.random.default_rng(seed)
        probes = people(rng, asked)
        moved = centre_scene(people(rng, known), probes)
        np.testing.assert_allclose(moved - probes, np.repeat((moved - probes)[:1], asked, axis=0), atol=1e-5)

    @given(st.integers(0, 2**31))
    @settings(deadline=None, max_examples=30)
    def test_never_shifts_beyond_the_means(self, seed):
        rng = np.random.default_rng(seed)
        gallery, probes = people(rng, 3), people(rng, 5)
        gap = probes.mean(axis=0) - gallery.mean(axis=0)
        shift = (probes - centre_scene(gallery, probes))[0]
        assert (np.linalg.norm(shift, axis=1) <= np.linalg.norm(gap, axis=1) + 1e-5).all()

    def test_strangers_alone_are_hardly_moved(self):
        rng = np.random.default_rng(0)
        moved, gap = [], []
        for _ in range(50):
            gallery, probes = people(rng, 4), people(rng, 4)
            moved.append(np.abs(probes - centre_scene(gallery, probes)).mean())
            gap.append(np.abs(probes.mean(axis=0) - gallery.mean(axis=0)).mean())
        assert np.mean(moved) < 0.35 * np.mean(gap)


class TestOtherScene:
    def named(self, *, same_people, centred):
        rng = np.random.default_rng(1)
        right = total = 0
        for _ in range(60):
            who = people(rng, 6)
            scene = 3 * rng.standard_normal(SHAPE)
            gallery = seen(rng, who[:4], 0.6)
            probes = seen(rng, who[:4] if same_people else who[2:], 0.6) + scene.astype(np.float32)
            moved = centre_scene(gallery, probes) if centred else probes
            nearest = distance_matrix(moved, gallery).argmin(axis=1)
            truth = np.arange(4) if same_people else np.array([2, 3])
            right += (nearest[: len(truth)] == truth).sum()
            total += len(truth)
        return right / total

    def test_helps_when_the_people_are_the_same(self):
        assert self.named(same_people=True, centred=True) > self.named(same_people=True, centred=False) + 0.2

    def test_helps_even_when_half_of_them_are_not(self):
        assert (
            self.named(same_people=False, centred=True) > self.named(same_people=False, centred=False) + 0.1
        )


class TestOff:
    def test_one_person_each_shows_no_spread_so_nothing_moves(self):
        rng = np.random.default_rng(0)
        gallery, probes = people(rng, 1), people(rng, 1)
        assert centre_scene(gallery, probes) is probes

    def test_broken_tracks_of_one_person_count_once(self):
        rng = np.random.default_rng(0)
        gallery, probes = people(rng, 3), seen(rng, np.repeat(people(rng, 1), 3, axis=0))
        alone = probes - centre_scene(gallery, probes, (3, 1))
        counted = probes - centre_scene(gallery, probes, (3, 3))
        assert np.abs(alone).sum() < np.abs(counted).sum()

    def test_nobody(self):
        assert len(centre_scene(np.zeros((2, *SHAPE), np.float32), np.zeros((0, *SHAPE), np.float32))) == 0
