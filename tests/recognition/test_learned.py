import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaitway.adapters.runtimes.openvino import OpenVinoRuntime
from gaitway.protocols import Encoder
from gaitway.recognition import learned
from gaitway.recognition.calibration import calibration_for
from gaitway.recognition.gei import GeiEncoder
from gaitway.recognition.learned import LearnedEncoder, cut_pieces, default_network
from gaitway.synthetic.population import PopulationConfig, person
from gaitway.synthetic.shot import Shot, Timing, View, film


@pytest.fixture(scope="module")
def encoder():
    graph, model_id = default_network()
    with OpenVinoRuntime(graph, threads=1) as runtime:
        yield LearnedEncoder(runtime, model_id)


def walk_of(index, azimuth, seed):
    walker = person(index, PopulationConfig(seed=4_321, alike=0.0))
    shot = Shot(View(azimuth, 5.0), Timing(24, 25.0))
    return film(walker, shot, np.random.default_rng(seed))


def rank1(encoder, people=12):
    gallery = encoder.encode([walk_of(i, 90.0, 1) for i in range(people)]).reshape(people, -1)
    probes = encoder.encode([walk_of(i, 36.0, 2) for i in range(people)]).reshape(people, -1)
    distance = np.linalg.norm(probes[:, None] - gallery[None], axis=2)
    return float((distance.argmin(axis=1) == np.arange(people)).mean())


def test_shipped_weights_know_people_from_another_side_better_than_energy_images(encoder):
    """A floor, far below the card's figures: the wrong weights or the wrong input fall through it."""
    ours, theirs = rank1(encoder), rank1(GeiEncoder())
    assert ours >= 0.6
    assert ours > theirs + 0.2


def test_is_an_encoder_and_small(encoder):
    assert isinstance(encoder, Encoder)
    parts = encoder.encode([walk_of(0, 0.0, 0)])
    assert parts.shape == (1, 17, 64)
    assert parts.size <= 4096


def test_a_walk_and_its_mirror_picture_are_one(encoder):
    walk = walk_of(1, 60.0, 3)
    first, second = encoder.encode([walk, np.ascontiguousarray(walk[:, :, ::-1])])
    assert np.abs(first - second).max() < 0.15  # the alignment has no exact middle


def test_its_scores_are_calibrated(encoder):
    assert calibration_for(encoder.model_id) is not None


def test_missing_weights_are_said(monkeypatch, tmp_path):
    monkeypatch.setattr(learned, "WEIGHTS", tmp_path)
    with pytest.raises(LookupError, match="gei"):
        default_network()


@given(st.integers(1, 2000))
def test_pieces_cover_a_walk_once_and_are_as_long_as_in_training(length):
    pieces = cut_pieces(length)
    frames = [i for piece in pieces for i in range(length)[piece]]
    assert frames == list(range(length))
    sizes = [piece.stop - piece.start for piece in pieces]
    assert max(sizes) - min(sizes) <= 1
    assert length < 36 or 16 <= min(sizes) <= max(sizes) <= 36
