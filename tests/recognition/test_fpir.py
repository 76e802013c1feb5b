"""Thresholds for a stated FPIR: against counting, and on strangers that the fit never saw."""

import json
from itertools import combinations

import numpy as np
import pytest

from gaitway.errors import InputError
from gaitway.recognition.fpir import FpirTable, fit_fpir, measured


def strangers(rng, searches, people, spread=0.3):
    """Return distances of searches to people: a search has one view, so its distances move together."""
    shared = rng.normal(0, spread, (searches, 1))
    return np.exp(rng.normal(0, 0.25, (searches, people)) + 0.3 * shared)


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_smaller_galleries_follow_from_counting_every_one_of_them(size):
    rng = np.random.default_rng(size)
    distances = strangers(rng, 40, 7)
    table = fit_fpir(distances, "m", "test")
    nearest = np.concatenate([distances[:, list(some)].min(axis=1) for some in combinations(range(7), size)])
    if size in table.sizes:
        for asked in (0.3, 0.5, 0.9):
            share = (nearest <= table.threshold(asked, size)).mean()
            assert share == pytest.approx(asked, abs=0.02)


@pytest.mark.parametrize("people", [5, 40, 150, 600])
@pytest.mark.parametrize("asked", [0.1, 0.01, 0.001])
def test_strangers_come_as_often_as_asked_at_any_gallery_size(people, asked):
    """Fitted on 150 people, held for galleries smaller, as large, and four times larger."""
    table = fit_fpir(strangers(np.random.default_rng(0), 2000, 150), "m", "test")
    fresh = strangers(np.random.default_rng(1), 8000, people).min(axis=1)
    rate = measured(fresh <= table.threshold(asked, people), confidence=0.999)
    # Beyond the fitted size, distances that move together make fewer mistakes than independent ones.
    slack = 2.0
    assert rate.low <= asked * slack
    assert rate.high >= asked / (slack * max(people / 150, 1.0))


def test_a_larger_gallery_needs_a_nearer_match_and_the_rate_inverts_the_threshold():
    table = fit_fpir(strangers(np.random.default_rng(0), 500, 100), "m", "test")
    for asked in (0.2, 0.01, 1e-4):
        thresholds = [table.threshold(asked, people) for people in (1, 10, 50, 100, 1000, 100_000)]
        assert thresholds == sorted(thresholds, reverse=True)
        for people in (10, 70, 100, 1000):
            back = table.fpir(np.array([table.threshold(asked, people)]), people)
            assert back[0] == pytest.approx(asked, rel=0.15)
    distances = np.linspace(0.01, 4, 200)
    rates = table.fpir(distances, 60)
    assert (np.diff(rates) >= 0).all()
    assert rates.min() > 0
    assert rates.max() <= 1


def test_the_table_survives_json():
    table = fit_fpir(strangers(np.random.default_rng(0), 100, 20), "model-1", "test")
    back = FpirTable.from_mapping(json.loads(json.dumps(table.as_mapping())))
    assert back.threshold(0.01, 33) == table.threshold(0.01, 33)
    assert (back.model_id, back.strangers) == ("model-1", 100)


def test_bad_input_is_told():
    with pytest.raises(InputError):
        fit_fpir(np.ones((5, 5)), "m", "too few")
    with pytest.raises(InputError):
        fit_fpir(np.ones((50, 1)), "m", "nobody else")
    table = fit_fpir(strangers(np.random.default_rng(0), 100, 20), "m", "test")
    for fpir, people in ((0.0, 5), (1.0, 5), (0.1, 0)):
        with pytest.raises(InputError):
            table.threshold(fpir, people)
    good = table.as_mapping()
    for bad in ({}, good | {"sizes": []}, good | {"distance": [[1.0]]}, good | {"levels": "x"}):
        with pytest.raises(InputError):
            FpirTable.from_mapping(bad)


def test_intervals_hold_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(0)
    for truth in (0.01, 0.3):
        held = [r.low <= truth <= r.high for r in (measured(rng.random(200) < truth) for _ in range(400))]
        assert np.mean(held) >= 0.93
    assert measured(np.zeros(50, bool)).low == 0.0
    assert measured(np.ones(50, bool)).high == 1.0
