import numpy as np
import pytest

from gaitway.recognition.calibration import Calibration
from gaitway.recognition.gei import GeiEncoder
from gaitway.synthetic.population import PopulationConfig
from gaitway.training.calibrate import CalibrationConfig, calibration_cases, open_set, pair_auc


def test_scenes_have_known_people_and_strangers():
    config = CalibrationConfig(
        scenes=5, gallery=(3, 4), stranger_rate=0.4, frames=6, population=PopulationConfig(seed=2)
    )
    cases = list(calibration_cases(GeiEncoder(), config))
    assert len(cases) == 5
    for distances, same in cases:
        assert distances.shape == same.shape
        assert 3 <= distances.shape[1] <= 4
        assert (same.sum(axis=1) <= 1).all()
        assert (same.sum(axis=0) <= 1).all()
    strangers = sum(int((~same.any(axis=1)).sum()) for _, same in cases)
    assert strangers > 0
    again = next(calibration_cases(GeiEncoder(), config))
    np.testing.assert_array_equal(again[0], cases[0][0])


def test_open_set_counts_known_and_strangers():
    calibration = Calibration(1.0, 1.0, 0.0, 1.0, 0.0, "test")  # even odds at distance 1
    known = (np.array([[0.2, 1.5], [1.6, 0.4]], np.float32), np.eye(2, dtype=bool))
    strangers = (np.array([[0.8, 1.4], [1.2, 1.3]], np.float32), np.zeros((2, 2), bool))
    found = open_set([known, strangers], calibration)
    assert (found.known, found.strangers) == (2, 2)
    assert (found.named, found.accepted, found.fnir, found.auc) == pytest.approx((100, 50, 0, 1))
    wrong = open_set([(known[0], known[1][::-1]), strangers], calibration)
    assert (wrong.named, wrong.fnir, wrong.auc) == pytest.approx((0, 100, 0))


def test_auc_counts_ties_half():
    assert pair_auc(np.array([1.0, 2.0]), np.array([1.0, 0.0])) == pytest.approx(3.5 / 4)
