"""The decision against a lasting gallery."""

import numpy as np
import pytest

from gaitway.errors import InputError
from gaitway.recognition.fpir import fit_fpir
from gaitway.recognition.openset import OpenSetConfig, decide

FAR = np.inf


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    return fit_fpir(np.exp(rng.normal(0, 0.2, (1000, 50))), "m", "test")


def test_the_two_thresholds_divide_certain_review_and_unknown(table):
    config = OpenSetConfig(certain_fpir=0.01, review_fpir=0.1)
    certain, review = table.threshold(0.01, 50), table.threshold(0.1, 50)
    distances = np.array([[certain - 0.01, FAR], [certain + 0.005, FAR], [review + 0.01, FAR]])
    spans = [(0, 9), (20, 29), (40, 49)]
    verdicts = decide(distances, spans, (50, "m"), table, config)
    assert [v.status for v in verdicts] == ["certain", "review", "unknown"]
    assert [v.person for v in verdicts] == [0, 0, None]
    assert verdicts[0].score >= 0.99 > verdicts[1].score >= 0.9 > verdicts[2].score


def test_two_tracks_seen_at_once_are_not_one_person(table):
    near = table.threshold(0.001, 50)
    distances = np.array([[near, near + 0.01], [near - 0.01, FAR]])
    together = decide(distances, [(0, 50), (0, 50)], (50, "m"), table)
    assert [v.person for v in together] == [1, 0]
    apart = decide(distances, [(0, 50), (60, 90)], (50, "m"), table)
    assert [v.person for v in apart] == [0, 0]
    alone = decide(np.array([[near], [near - 0.01]]), [(0, 50), (0, 50)], (50, "m"), table)
    assert [v.person for v in alone] == [None, 0]
    assert alone[0].reason == "taken by a better match"


def test_a_larger_gallery_makes_the_same_distance_less_sure(table):
    distance = np.array([[table.threshold(0.005, 10)]])
    small, large = (decide(distance, [(0, 9)], (n, "m"), table)[0] for n in (10, 10_000))
    assert small.status == "certain"
    assert large.score < small.score
    assert large.status != "certain"


def test_without_a_calibration_nobody_is_certain():
    distances = np.array([[0.05, 0.6, 0.61], [0.6, 0.58, 0.6]])
    verdicts = decide(distances, [(0, 9), (0, 9)], (3, "unheard of"))
    assert verdicts[0].status == "review"
    assert verdicts[0].person == 0
    assert verdicts[1].status == "unknown"


def test_nobody_to_compare_is_unknown(table):
    assert [v.status for v in decide(np.zeros((2, 0)), [(0, 1), (0, 1)], (0, ""), table)] == ["unknown"] * 2
    assert decide(np.zeros((0, 0)), [], (0, ""), table) == []


def test_thresholds_must_make_sense():
    for certain, review in ((0.0, 0.1), (0.2, 0.1), (0.1, 1.0)):
        with pytest.raises(InputError):
            OpenSetConfig(certain, review)
