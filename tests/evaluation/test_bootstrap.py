import numpy as np
import pytest

from gaitway.errors import InputError
from gaitway.evaluation.bootstrap import subject_interval


class TestInterval:
    def test_holds_the_mean_and_repeats_by_seed(self):
        rng = np.random.default_rng(0)
        values, subjects = rng.random(200), np.repeat(np.arange(20), 10)
        got = subject_interval(values, subjects)
        assert got.mean == pytest.approx(values.mean())
        assert got.low < got.mean < got.high
        assert got == subject_interval(values, subjects)

    def test_covers_the_truth_about_as_often_as_it_says(self):
        rng = np.random.default_rng(0)
        covered = 0
        for _ in range(100):
            person = rng.normal(0, 1, 30)
            values = np.repeat(person, 5) + rng.normal(0, 0.2, 150)
            got = subject_interval(values, np.repeat(np.arange(30), 5), draws=300)
            covered += got.low <= 0 <= got.high
        assert 85 <= covered <= 100

    def test_probes_of_few_people_are_less_sure_than_as_many_people(self):
        values = np.repeat(np.random.default_rng(0).random(8), 25)
        few = subject_interval(values, np.repeat(np.arange(8), 25))
        many = subject_interval(values, np.arange(200))
        assert few.high - few.low > 3 * (many.high - many.low)

    def test_nothing_has_no_interval(self):
        with pytest.raises(InputError, match="wanted one each"):
            subject_interval(np.zeros(0), np.zeros(0))
