import numpy as np

from gaitway.recognition.gei import GeiEncoder
from gaitway.synthetic.population import PopulationConfig
from gaitway.training.calibrate import CalibrationConfig, calibration_cases


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
