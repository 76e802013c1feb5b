import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaitway.errors import InputError
from gaitway.recognition.distance import distance_matrix
from gaitway.recognition.rerank import RerankConfig, rerank, rerank_rows


def plain_rerank(distances, probes, k1, k2, own):
    """The paper's equations 3 to 12, one set and one pair at a time, in float64."""
    total = len(distances)
    d = (distances / distances.max(axis=0)).T
    order = [sorted(range(total), key=lambda j: (row[j], j)) for row in d]

    def reciprocal(sample, k):
        near = order[sample][: k + 1]
        return {g for g in near if sample in order[g][: k + 1]}

    vectors = np.zeros((total, total))
    for sample in range(total):
        robust = set(reciprocal(sample, k1))
        for q in reciprocal(sample, k1):
            half = reciprocal(q, round(k1 / 2))
            if len(half & reciprocal(sample, k1)) > 2 / 3 * len(half):
                robust |= half
        for g in robust:
            vectors[sample, g] = np.exp(-d[sample, g])
        vectors[sample] /= vectors[sample].sum()
    expanded = np.stack([vectors[order[s][:k2]].mean(axis=0) for s in range(total)])
    out = np.zeros((probes, total - probes))
    for i in range(probes):
        for j in range(probes, total):
            shared = np.minimum(expanded[i], expanded[j]).sum()
            united = np.maximum(expanded[i], expanded[j]).sum()
            out[i, j - probes] = (1 - own) * (1 - shared / united) + own * d[i, j]
    return out


class TestRerank:
    @given(st.integers(0, 2**31), st.integers(1, 6), st.integers(2, 14), st.integers(1, 8), st.integers(1, 4))
    @settings(deadline=None, max_examples=40)
    def test_equals_the_papers_equations(self, seed, probes, gallery, k1, k2):
        rng = np.random.default_rng(seed)
        walks = rng.standard_normal((probes + gallery, 2, 4)).astype(np.float32)
        distances = distance_matrix(walks, walks)
        got = rerank(distances, probes, RerankConfig(k1, k2, 0.3))
        np.testing.assert_allclose(got, plain_rerank(distances.astype(float), probes, k1, k2, 0.3), atol=2e-5)

    @given(st.integers(0, 2**31), st.integers(1, 5))
    @settings(deadline=None, max_examples=20)
    def test_rows_in_blocks_equal_the_whole(self, seed, step):
        rng = np.random.default_rng(seed)
        walks = rng.standard_normal((13, 2, 4)).astype(np.float32)
        distances = distance_matrix(walks, walks)
        config = RerankConfig(4, 2, 0.3)

        def rows():
            for start in range(0, 13, step):
                stop = min(start + step, 13)
                yield slice(start, stop), distances[start:stop]

        blocks = [block for _, block in rerank_rows(rows, 13, 5, config)]
        assert max(len(block) for block in blocks) <= step
        np.testing.assert_allclose(np.concatenate(blocks), rerank(distances, 5, config), atol=1e-6)

    def test_a_walk_among_its_own_people_is_found_again(self):
        # One probe lies a little nearer to a stranger, but its own people all point at it.
        own = np.array(
            [[0.0, 0], [1.0, 0], [0.9, 0.3], [0.9, -0.3], [-0.85, 0], [-3, 0.5], [-3, -0.5], [-3.2, 0]]
        )
        distances = distance_matrix(own[:, None, :], own[:, None, :])
        assert distances[0, 1:].argmin() == 3
        assert rerank(distances, 1, RerankConfig(3, 1, 0.1))[0].argmin() < 3

    def test_all_of_the_own_distance_is_the_own_distance(self):
        walks = np.random.default_rng(0).standard_normal((9, 1, 4))
        distances = distance_matrix(walks, walks)
        got = rerank(distances, 3, RerankConfig(own_weight=1.0))
        np.testing.assert_allclose(got, (distances / distances.max(axis=0)).T[:3, 3:], atol=1e-6)

    @pytest.mark.parametrize("probes", [0, 5])
    def test_probes_and_gallery_are_needed(self, probes):
        with pytest.raises(InputError, match="square over all"):
            rerank(np.ones((5, 5)), probes)
