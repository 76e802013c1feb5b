"""Walks compared by an encoder, on a fake whose embeddings are the silhouettes' brightness."""

import numpy as np
import pytest

from gaitway.recognition.calibration import CALIBRATIONS
from gaitway.results import TrackTable
from gaitway.wiring.gait_odds import GaitOdds, GaitOddsConfig

MODEL = next(name for name in CALIBRATIONS if name.startswith("gait-template"))


class Brightness:
    model_id = MODEL

    def encode(self, sequences):
        return np.array([[[walk.mean() / 255]] for walk in sequences], np.float32)


def table_of(*spans):
    """Tracks 1, 2, ... from a first to a last frame."""
    frame = np.concatenate([np.arange(a, b) for a, b in spans])
    track = np.concatenate([np.full(b - a, i + 1) for i, (a, b) in enumerate(spans)])
    n = len(frame)
    return TrackTable(frame, track, np.zeros((n, 4), np.float32), np.ones(n, np.float32), np.zeros(n, bool))


def odds(table, brightness, *, usable=1.0):
    asked = []

    def walk(track, frames):
        asked.append(track)
        return np.full((int(usable * len(frames)), 64, 64), brightness[track], np.uint8)

    return GaitOdds(table, walk, Brightness, 25.0), asked


def rows(table, track):
    return np.flatnonzero(table.track_id == track)


def test_another_walk_speaks_against_one_person_and_the_same_one_a_little_for_it():
    table, config = table_of((0, 50), (55, 100), (55, 100)), GaitOddsConfig()
    gait, _ = odds(table, {1: 0, 2: 10, 3: 255})
    calibration = CALIBRATIONS[MODEL]
    alike = gait.against(rows(table, 1), rows(table, 2))
    other = gait.against(rows(table, 1), rows(table, 3))
    assert alike == -config.favour
    expected = -float(calibration.log_odds(np.array([[1.0]]))[0, 0])
    assert other == pytest.approx(np.clip(expected, -config.favour, config.against), abs=1e-5)
    assert other > alike


def test_what_everybody_in_view_shares_does_not_count():
    """A distance says less for one person where people seen together are as near to each other."""
    apart, shared = (
        odds(table_of((0, 50), (55, 100), (0, 50)), {1: 0, 2: 230, 3: third})[0] for third in (255, 150)
    )
    table = table_of((0, 50), (55, 100), (0, 50))
    pair = rows(table, 1), rows(table, 2)
    assert shared.against(*pair) > apart.against(*pair)


def test_short_walks_say_nothing_and_load_no_encoder():
    table = table_of((0, 50), (55, 100))
    gait, _ = odds(table, {1: 0, 2: 255}, usable=0.2)
    gait._make_encoder = lambda: pytest.fail("loaded")
    assert gait.against(rows(table, 1), rows(table, 2)) == 0


def test_every_walk_is_read_once():
    table = table_of((0, 50), (55, 100))
    gait, asked = odds(table, {1: 0, 2: 255})
    for _ in range(3):
        gait.against(rows(table, 1), rows(table, 2))
    assert sorted(asked) == [1, 2]


def test_an_encoder_without_a_calibration_says_nothing():
    class Unknown(Brightness):
        model_id = "unknown"

    table = table_of((0, 50), (55, 100))
    gait = GaitOdds(table, lambda _, frames: np.zeros((len(frames), 64, 64), np.uint8), Unknown, 25.0)
    assert gait.against(rows(table, 1), rows(table, 2)) == 0
