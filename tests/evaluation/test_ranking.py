import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaitway.evaluation import ranking
from gaitway.evaluation.ranking import distance_rows, mate_ranks, nearest, percent, rank_mates


def plain_rank(distances, probe_labels, gallery_labels, views=None):
    """Sort every row and count, as the papers' definitions read; other people win ties."""
    first, precision, penalty = [], [], []
    for i, row in enumerate(distances):
        order = sorted(range(len(row)), key=lambda j: (row[j], gallery_labels[j] == probe_labels[i]))
        if views is not None:
            order = [j for j in order if gallery_labels[j] != probe_labels[i] or views[1][j] != views[0][i]]
        places = [k + 1 for k, j in enumerate(order) if gallery_labels[j] == probe_labels[i]]
        if places:
            first.append(places[0])
            precision.append(np.mean([(k + 1) / place for k, place in enumerate(places)]))
            penalty.append(len(places) / places[-1])
    return first, precision, penalty


@st.composite
def cases(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**31)))
    n, m, people = (int(k) for k in rng.integers(1, 9, 3))
    distances = np.round(rng.random((n, m)), draw(st.sampled_from([1, 6])))
    views = (rng.integers(0, 3, n), rng.integers(0, 3, m)) if draw(st.booleans()) else None
    return distances, rng.integers(0, people, n), rng.integers(0, people, m), views


class TestRanking:
    @given(cases())
    @settings(deadline=None)
    def test_equals_the_plain_twin(self, case):
        distances, probe_labels, gallery_labels, views = case
        rows = iter([(slice(0, 1), distances[:1]), (slice(1, len(distances)), distances[1:])])
        got = rank_mates(rows, probe_labels, gallery_labels, views)
        first, precision, penalty = plain_rank(distances, probe_labels, gallery_labels, views)
        assert got.first.tolist() == first
        np.testing.assert_allclose(got.average_precision, precision)
        np.testing.assert_allclose(got.inverse_penalty, penalty)
        assert got.valid.sum() == len(first)

    def test_a_model_that_sees_no_difference_scores_nothing(self):
        got = rank_mates(iter([(slice(0, 1), np.zeros((1, 4)))]), np.array([1]), np.array([1, 2, 3, 4]))
        assert got.rank(3) == 0.0
        assert got.rank(4) == 100.0

    def test_cmc_never_falls_and_starts_at_rank_one(self):
        rng = np.random.default_rng(0)
        labels = rng.integers(0, 5, 40)
        got = rank_mates(iter([(slice(0, 40), rng.random((40, 40)))]), labels, labels)
        cmc = got.cmc(40)
        assert cmc[0] == got.rank(1)
        assert (np.diff(cmc) >= 0).all()
        assert cmc[-1] == 100.0

    def test_nobody_has_a_mate(self):
        got = rank_mates(iter([(slice(0, 1), np.zeros((1, 2)))]), np.array([9]), np.array([1, 2]))
        assert len(got.first) == 0
        assert np.isnan(got.rank(1))


class TestPieces:
    @given(st.integers(0, 2**31), st.integers(1, 12), st.booleans())
    @settings(deadline=None)
    def test_nearest_is_the_start_of_a_stable_sort(self, seed, k, ties):
        rows = np.random.default_rng(seed).random((5, 9))
        rows = np.round(rows, 1) if ties else rows
        np.testing.assert_array_equal(nearest(rows, k), np.argsort(rows, axis=1, kind="stable")[:, :k])

    def test_rows_come_in_blocks_of_bounded_size(self, monkeypatch):
        monkeypatch.setattr(ranking, "ROW_VALUES", 21)
        rng = np.random.default_rng(0)
        a, b = rng.random((10, 2, 3)), rng.random((7, 2, 3))
        blocks = list(distance_rows(a, b))
        assert [block.shape for _, block in blocks] == [(3, 7)] * 3 + [(1, 7)]
        whole = np.concatenate([block for _, block in blocks])
        wanted = np.linalg.norm(a[:, None] - b[None], axis=3).mean(axis=2)
        np.testing.assert_allclose(whole, wanted, atol=1e-6)

    def test_more_gallery_than_a_block_still_gives_whole_rows(self, monkeypatch):
        monkeypatch.setattr(ranking, "ROW_VALUES", 3)
        rng = np.random.default_rng(0)
        assert [block.shape for _, block in distance_rows(rng.random((2, 2, 3)), rng.random((7, 2, 3)))] == [
            (1, 7)
        ] * 2

    def test_mate_ranks_of_the_definition(self):
        assert mate_ranks(np.array([3.0, 1, 2, 2]), np.array([False, True, True, False])).tolist() == [1, 3]

    def test_percent(self):
        assert percent(np.array([True, False, False, False])) == pytest.approx(25.0)
