import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaitway.errors import InputError
from gaitway.recognition.distance import check_embeddings, distance_blocks, distance_matrix
from support.shared import shared


def plain_distance(a, b, metric):
    """Pair by pair and part by part, in float64."""
    out = np.zeros((len(a), len(b)))
    for i, x in enumerate(a.astype(np.float64)):
        for j, y in enumerate(b.astype(np.float64)):
            parts = zip(x, y, strict=True)
            if metric == "euc":
                out[i, j] = np.mean([np.linalg.norm(p - q) for p, q in parts])
            else:
                out[i, j] = np.mean([1 - p @ q / np.linalg.norm(p) / np.linalg.norm(q) for p, q in parts])
    return out


def random_embeddings(seed, n, m, shape=(4, 6)):
    rng = np.random.default_rng(seed)
    return tuple(rng.standard_normal((k, *shape)).astype(np.float32) for k in (n, m))


@pytest.mark.parametrize("metric", ["euc", "cos"])
class TestMatrix:
    def test_equals_the_field(self, metric):
        fixture = np.load(shared("fixtures/opengait/evaluation/distance.npz"))
        ours = distance_matrix(fixture["x"].transpose(0, 2, 1), fixture["y"].transpose(0, 2, 1), metric)
        np.testing.assert_allclose(ours, fixture[metric], rtol=0, atol=2e-6)

    @given(st.integers(0, 2**31), st.integers(0, 6), st.integers(0, 6))
    @settings(deadline=None, max_examples=30)
    def test_equals_the_plain_twin(self, metric, seed, n, m):
        a, b = random_embeddings(seed, n, m)
        np.testing.assert_allclose(distance_matrix(a, b, metric), plain_distance(a, b, metric), atol=2e-6)

    @given(st.integers(0, 2**31), st.integers(1, 40))
    @settings(deadline=None, max_examples=30)
    def test_blocks_tile_the_whole(self, metric, seed, block):
        a, b = random_embeddings(seed, 9, 7)
        whole, times = np.full((9, 7), np.nan, np.float32), np.zeros((9, 7), int)
        for rows, columns, part in distance_blocks(a, b, metric, block):
            assert part.size <= max(block, 1)
            whole[rows, columns] = part
            times[rows, columns] += 1
        assert (times == 1).all()
        np.testing.assert_allclose(whole, distance_matrix(a, b, metric), atol=1e-6)

    def test_symmetric_and_zero_to_itself(self, metric):
        a, _ = random_embeddings(1, 8, 0)
        d = distance_matrix(a, a, metric)
        np.testing.assert_allclose(d, d.T, atol=2e-6)
        assert np.diag(d).max() < 1e-6


class TestErrors:
    def test_unknown_metric(self):
        with pytest.raises(InputError, match="wanted one of euc, cos"):
            distance_matrix(*random_embeddings(0, 2, 2), "l1")

    def test_different_shapes(self):
        a, _ = random_embeddings(0, 2, 2)
        with pytest.raises(InputError, match="one model"):
            check_embeddings(a, np.zeros((2, 5, 6), np.float32), "euc")
