import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaitway.errors import InputError
from gaitway.evaluation.verification import Pairs, collect_pairs
from gaitway.recognition.distance import distance_matrix

DISTANCES = st.lists(st.floats(0, 10), min_size=1, max_size=30).map(np.array)


class TestRates:
    @given(DISTANCES, DISTANCES, st.floats(-1, 11))
    def test_rates_are_counts(self, genuine, impostor, threshold):
        pairs = Pairs.of(genuine, impostor)
        assert pairs.fmr(threshold) == pytest.approx(100 * (impostor <= threshold).mean())
        assert pairs.fnmr(threshold) == pytest.approx(100 * (genuine > threshold).mean())

    @given(DISTANCES, DISTANCES)
    def test_the_curve_agrees_and_is_monotone(self, genuine, impostor):
        pairs = Pairs.of(genuine, impostor)
        thresholds, fmr, fnmr = pairs.curve()
        assert (np.diff(fmr) >= 0).all()
        assert (np.diff(fnmr) <= 0).all()
        assert (fmr[0], fnmr[0], fmr[-1], fnmr[-1]) == pytest.approx((0, 100, 100, 0), abs=1e-9)
        for threshold, a, b in zip(thresholds[1:], fmr[1:], fnmr[1:], strict=True):
            assert (pairs.fmr(threshold), pairs.fnmr(threshold)) == pytest.approx((a, b))

    @given(DISTANCES, DISTANCES, st.floats(0, 100))
    def test_the_threshold_keeps_its_promise(self, genuine, impostor, percent):
        pairs = Pairs.of(genuine, impostor)
        assert pairs.fmr(pairs.threshold_at_fmr(percent)) <= percent + 1e-9

    def test_equal_error_rate(self):
        assert Pairs.of(np.array([1.0, 2]), np.array([3.0, 4])).equal_error_rate() == 0
        assert Pairs.of(np.array([3.0, 4]), np.array([1.0, 2])).equal_error_rate() == 100
        rng = np.random.default_rng(0)
        same = Pairs.of(rng.normal(0, 1, 20000), rng.normal(2, 1, 20000)).equal_error_rate()
        assert same == pytest.approx(15.87, abs=0.5)  # the normal tail beyond one deviation

    def test_one_kind_is_not_enough(self):
        with pytest.raises(InputError, match="both kinds"):
            Pairs.of(np.zeros(0), np.ones(3))


class TestCollect:
    @pytest.mark.parametrize("metric", ["euc", "cos"])
    @given(st.integers(0, 2**31))
    @settings(deadline=None, max_examples=15)
    def test_the_histogram_is_as_good_as_all_pairs(self, metric, seed):
        rng = np.random.default_rng(seed)
        a, b = (rng.standard_normal((k, 3, 5)).astype(np.float32) for k in (12, 15))
        labels = rng.integers(0, 3, 12), np.arange(15) % 3
        distances, same = distance_matrix(a, b, metric), labels[0][:, None] == labels[1][None]
        exact, binned = Pairs.of(distances[same], distances[~same]), collect_pairs((a, b), labels, metric)
        assert binned.counts.sum() == exact.counts.sum()
        assert binned.equal_error_rate() == pytest.approx(exact.equal_error_rate(), abs=1.0)
        for threshold in np.linspace(0.2, 4, 7):
            assert abs(binned.fmr(threshold) - exact.fmr(threshold)) < 1.0

    def test_all_of_one_person(self):
        same = np.ones((3, 2, 2), np.float32)
        with pytest.raises(InputError, match="all genuine or all impostors"):
            collect_pairs((same, same), (np.zeros(3, int), np.zeros(3, int)))
