"""Calibration end to end on generated walkers."""

import json

import cv2
import numpy as np
import pytest

from gaitway.adapters.gallery import Gallery
from gaitway.wiring.calibrate import calibrate, fit_and_measure


def walkers(rng, people, walks):
    """Return labelled embeddings: people differ, and so do their walks."""
    person = np.repeat(np.arange(people), walks)
    centres = rng.standard_normal((people, 4, 16))
    walk = centres[person] + rng.standard_normal((len(person), 4, 16)) * rng.uniform(
        0.5, 2, (len(person), 1, 1)
    )
    return person, walk.astype(np.float32)


def test_the_measured_fpir_is_within_its_interval_of_the_asked_one():
    rng = np.random.default_rng(0)
    outcome = fit_and_measure(walkers(rng, 150, 6), walkers(rng, 300, 6), "m", "test")
    for point in outcome.operating_points:
        assert point.people == 150
        assert point.fpir.low <= point.asked <= point.fpir.high, point
    misses = [point.fnir.share for point in outcome.operating_points]
    assert misses == sorted(misses, reverse=True)


@pytest.mark.slow
def test_generated_walkers_make_thresholds_figures_and_a_plot(tmp_path):
    with Gallery(tmp_path / "people.db") as gallery:
        outcome = calibrate(gallery, tmp_path / "out", people=20, walks=2)
        kept = gallery.calibration(outcome.table.model_id)
        assert kept.threshold(0.01, 10) == outcome.table.threshold(0.01, 10)
        assert gallery.audit(1)[0].action == "calibrate"
    written = json.loads((tmp_path / "out" / "calibration.json").read_text())
    assert len(written["measured"]) == 3
    plot = cv2.imread(str(tmp_path / "out" / "det.png"))
    assert plot is not None
    assert len(np.unique(plot.reshape(-1, 3), axis=0)) > 3
