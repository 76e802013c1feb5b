import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaitway.errors import InputError
from gaitway.recognition.calibration import (
    CALIBRATIONS,
    Calibration,
    cohort_excess,
    fit_calibration,
    score_of,
)


def made_up(rng, shift_spread, count=400, identities=5):
    """Return cases: genuine pairs at 1, impostors at 2, plus a shift that a probe's distances share."""
    cases = []
    for _ in range(count):
        truth = np.eye(identities, dtype=bool)[:3]
        distances = np.where(truth, 1.0, 2.0) + 0.4 * rng.standard_normal(truth.shape)
        cases.append((distances + shift_spread * rng.standard_normal((3, 1)), truth))
    return cases


def error_rate(calibration, cases):
    """Return the mean of the two error rates at even odds."""
    odds = np.concatenate([calibration.log_odds(d).ravel() for d, _ in cases])
    same = np.concatenate([truth.ravel() for _, truth in cases])
    return ((odds[same] < 0).mean() + (odds[~same] > 0).mean()) / 2


class TestFit:
    def test_even_odds_lie_between_the_two_kinds(self):
        fitted = fit_calibration(made_up(np.random.default_rng(0), 0.0), "made up")
        assert fitted.source == "made up"
        assert fitted.slope > 0
        assert error_rate(fitted, made_up(np.random.default_rng(1), 0.0)) < 0.13

    def test_the_cohort_takes_out_what_all_distances_share(self):
        cases, others = made_up(np.random.default_rng(0), 1.0), made_up(np.random.default_rng(1), 1.0)
        fitted = fit_calibration(cases, "made up")
        blind = Calibration(fitted.bias, fitted.slope, 0.0, fitted.cohort_mean, 2.0, "made up")
        assert fitted.cohort_share > 0.8
        assert error_rate(fitted, others) < 0.75 * error_rate(blind, others)

    def test_scores_are_as_often_right_as_they_say(self):
        fitted = fit_calibration(made_up(np.random.default_rng(0), 0.3), "made up")
        cases = made_up(np.random.default_rng(1), 0.3)
        scores = np.concatenate([score_of(fitted.log_odds(d)).ravel() for d, _ in cases])
        same = np.concatenate([truth.ravel() for _, truth in cases])
        for low in (0.2, 0.4, 0.6):
            here = (scores >= low) & (scores < low + 0.2)
            genuine = (same & here).sum() / same.sum()
            impostor = (~same & here).sum() / (~same).sum()
            assert genuine / (genuine + impostor) == pytest.approx(low + 0.1, abs=0.12)

    def test_one_kind_of_pairs_is_not_enough(self):
        with pytest.raises(InputError, match="only one kind"):
            fit_calibration([(np.ones((1, 2)), np.ones((1, 2), bool))], "made up")

    def test_an_encoder_that_ranks_backwards_is_refused(self):
        backwards = [(3 - d, truth) for d, truth in made_up(np.random.default_rng(0), 0.0, 50)]
        with pytest.raises(InputError, match="nothing to calibrate"):
            fit_calibration(backwards, "made up")


class TestScores:
    @given(st.lists(st.floats(0, 10), min_size=2, max_size=6, unique=True))
    @settings(deadline=None)
    def test_nearer_scores_higher(self, distances):
        # A candidate's own distance counts against it, and towards the cohort of the others.
        for calibration in (*CALIBRATIONS.values(), Calibration(1.0, 2.0, 0.9, 1.0, 2.0, "made up")):
            odds = calibration.log_odds(np.sort(np.array([distances])))
            assert (np.diff(odds[0]) <= 1e-9).all()

    def test_excess_without_others_is_zero(self):
        np.testing.assert_array_equal(cohort_excess(np.array([[0.4], [3.0]]), 1.0, 0.0), 0.0)

    def test_far_distances_do_not_overflow(self):
        assert score_of(np.array([-1e9, 0.0, 1e9])).tolist() == pytest.approx([0, 0.5, 1], abs=1e-200)
