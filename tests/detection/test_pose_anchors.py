import numpy as np
import pytest

from gaitway.detection.pose_anchors import PoseCandidates, anchor_centres, cluster, decode_poses
from gaitway.errors import NetworkError
from support.networks import detect_bars, draw_people

TILE = np.array([50, 20, 274, 244], np.float32)


def candidates(*rows):
    table = np.array(rows, np.float32).reshape(-1, 4)
    return PoseCandidates(table[:, :2], table[:, 2], table[:, 3])


def test_anchors_are_the_networks():
    centres = anchor_centres()
    assert centres.shape == (2254, 2)
    assert np.allclose(centres[0], 0.5 / 28)
    assert np.allclose(centres[2], [1.5 / 28, 0.5 / 28])
    assert np.allclose(centres[28 * 28 * 2], 0.5 / 14)
    assert np.allclose(centres[-1], 6.5 / 7)


def test_a_person_in_a_tile_is_placed_in_the_frame():
    tile = draw_people([(100, 60, 124, 160)], (224, 224))[None] / np.float32(127.5) - np.float32(1)
    found = decode_poses(detect_bars(tile), TILE, 0.1)
    assert len(found) == 1
    assert np.allclose(found.centre, [[50 + 111.5, 20 + 109.5]], atol=1)
    assert found.radius[0] == pytest.approx(53.5, abs=1)
    assert found.score[0] > 0.9


def test_the_order_of_the_outputs_does_not_matter():
    values, logits = detect_bars(np.zeros((1, 224, 224, 3), np.float32))
    assert (
        len(decode_poses((values, logits), TILE, 0.1)) == len(decode_poses((logits, values), TILE, 0.1)) == 0
    )


@pytest.mark.parametrize(
    "outputs", [(np.zeros((1, 10, 12), np.float32),), (np.full((1, 2254, 12), np.nan, np.float32),) * 2]
)
def test_output_of_another_network_is_a_network_error(outputs):
    with pytest.raises(NetworkError):
        decode_poses(outputs, TILE, 0.1)


def test_values_that_are_not_finite_are_a_network_error():
    values, logits = detect_bars(np.zeros((1, 224, 224, 3), np.float32))
    logits[0, 5] = np.nan
    with pytest.raises(NetworkError, match="not finite"):
        decode_poses((values, logits), TILE, 0.1)


def test_looks_at_one_person_become_one_candidate_and_neighbours_stay_apart():
    looks = candidates((100, 100, 50, 0.5), (104, 100, 52, 0.5), (125, 100, 50, 0.4))
    joined = cluster(looks, combine="any")
    assert joined.score.tolist() == pytest.approx([0.75, 0.4])
    assert np.allclose(joined.centre, [[102, 100], [125, 100]])
    assert cluster(looks, combine="best").score.tolist() == pytest.approx([0.5, 0.4])


def test_somebody_far_behind_is_another_person():
    assert len(cluster(candidates((100, 100, 50, 0.9), (100, 100, 25, 0.8)), combine="any")) == 2


def test_nobody_stays_nobody():
    assert len(cluster(PoseCandidates.join([]), combine="any")) == 0
