"""The index of templates against the plain distance matrix."""

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaitway.errors import InputError
from gaitway.recognition.distance import distance_matrix
from gaitway.recognition.firststage import BLOCK
from gaitway.recognition.search import TemplateIndex


def plain(probes, templates, owners, ids, *, k, metric="euc"):
    """Return per probe the k nearest owners by sorting everything."""
    rows = []
    for row in distance_matrix(probes, templates, metric):
        best = {}
        for j in np.lexsort((ids, row)):
            best.setdefault(int(owners[j]), float(row[j]))
        rows.append(list(best.items())[:k])
    return rows


def agree(ranked, wanted):
    for i, row in enumerate(wanted):
        found = ranked.distance[i, : len(row)]
        np.testing.assert_allclose(found, [d for _, d in row], rtol=2e-6, atol=1e-6)
        for j, (owner, distance) in enumerate(row):
            tied = np.sum(np.abs(np.array([d for _, d in row]) - distance) < 1e-5) > 1
            assert tied or ranked.owner[i, j] == owner
        assert (ranked.owner[i, len(row) :] == -1).all()
        assert np.isinf(ranked.distance[i, len(row) :]).all()


@pytest.mark.parametrize("metric", ["euc", "cos"])
@given(seed=st.integers(0, 10**6), n=st.integers(1, 60), k=st.integers(1, 12), people=st.integers(1, 20))
def test_the_order_is_the_exact_one(metric, seed, n, k, people):
    rng = np.random.default_rng(seed)
    templates = (rng.standard_normal((n, 3, 8)) * rng.choice([1e-3, 1, 50])).astype(np.float16)
    owners, ids = rng.integers(0, people, n), rng.permutation(1000)[:n]
    probes = rng.standard_normal((5, 3, 8)).astype(np.float32)
    probes[0] = templates[0]  # itself
    index = TemplateIndex(3, 8, metric)
    index.add(ids, owners, templates)
    agree(
        index.search(probes, k), plain(probes, templates.astype(np.float32), owners, ids, k=k, metric=metric)
    )


def test_near_ties_over_many_blocks_come_in_exact_order():
    """Templates that differ by less than float32 rounding of a far-off product are still ordered right."""
    rng = np.random.default_rng(0)
    base = rng.standard_normal((1, 4, 16)) * 100
    count = BLOCK + 500
    templates = (base + rng.standard_normal((count, 4, 16)) * 0.05).astype(np.float32)
    index = TemplateIndex(4, 16)
    index.add(np.arange(count), np.arange(count), templates)
    probe = base.astype(np.float32)
    true = np.sqrt(np.square(templates.astype(np.float64) - probe).sum(2)).mean(1)
    ranked = index.search(probe, 20)
    assert ranked.owner[0].tolist() == np.argsort(true)[:20].tolist()


def test_adding_in_pieces_removing_and_reassigning_is_as_if_built_at_once():
    rng = np.random.default_rng(1)
    templates = rng.standard_normal((300, 2, 4)).astype(np.float16)
    ids, owners = np.arange(300), np.arange(300) // 3
    index = TemplateIndex(2, 4)
    for start in range(0, 300, 70):
        part = slice(start, start + 70)
        index.add(ids[part], owners[part], templates[part])
    gone = rng.permutation(300)[:120]
    index.remove(ids[gone])
    index.remove(ids[gone])  # again: nothing
    kept = np.setdiff1d(ids, gone)
    index.assign(kept[:30], np.full(30, 7))
    owners[kept[:30]] = 7
    index.add(gone[:10], owners[gone[:10]], templates[gone[:10]])  # into the freed places
    kept = np.concatenate([kept, gone[:10]])
    assert index.templates == set(kept.tolist())
    assert index.owners == len(np.unique(owners[kept]))
    probes = rng.standard_normal((9, 2, 4)).astype(np.float32)
    wanted = plain(probes, templates[kept].astype(np.float32), owners[kept], kept, k=6)
    agree(index.search(probes, 6), wanted)


def test_a_removed_template_leaves_no_bytes_in_memory():
    index = TemplateIndex(2, 4)
    index.add(np.array([1]), np.array([1]), np.full((1, 2, 4), 7.0, np.float32))
    index.remove(np.array([1]))
    assert all(not (block[:, :, :-2] == 7).any() for block in index._blocks)


def test_an_empty_index_answers_with_nobody():
    ranked = TemplateIndex(2, 4).search(np.zeros((3, 2, 4), np.float32), 5)
    assert (ranked.owner == -1).all()
    assert ranked.owner.shape == (3, 5)
    assert TemplateIndex(2, 4).search(np.zeros((0, 2, 4), np.float32), 5).owner.shape == (0, 5)


def test_one_owner_of_many_templates_does_not_hide_the_others():
    rng = np.random.default_rng(2)
    near = rng.standard_normal((500, 2, 4)).astype(np.float32) * 0.01
    far = rng.standard_normal((5, 2, 4)).astype(np.float32) + 3
    index = TemplateIndex(2, 4)
    index.add(np.arange(505), np.r_[np.zeros(500, np.int64), np.arange(1, 6)], np.concatenate([near, far]))
    owners = index.search(np.zeros((1, 2, 4), np.float32), 6).owner[0]
    assert owners[0] == 0
    assert set(owners.tolist()) == {0, 1, 2, 3, 4, 5}


def test_wrong_shapes_and_repeated_ids_are_refused():
    index = TemplateIndex(2, 4)
    one = np.zeros((1, 2, 4), np.float32)
    index.add(np.array([1]), np.array([1]), one)
    with pytest.raises(InputError):
        index.add(np.array([1]), np.array([2]), one)
    with pytest.raises(InputError):
        index.add(np.array([2, 2]), np.array([2, 2]), np.zeros((2, 2, 4), np.float32))
    with pytest.raises(InputError):
        index.add(np.array([3]), np.array([2]), np.zeros((1, 3, 4), np.float32))
    with pytest.raises(InputError):
        index.search(np.zeros((1, 3, 4), np.float32))
    with pytest.raises(InputError):
        TemplateIndex(2, 4, "manhattan")
    assert len(index) == 1


def test_searching_while_others_add_sees_whole_templates():
    index = TemplateIndex(2, 4)
    index.add(np.array([0]), np.array([0]), np.zeros((1, 2, 4), np.float32))
    found = []

    def add():
        for i in range(1, 40):
            index.add(np.array([i]), np.array([i]), np.full((1, 2, 4), float(i), np.float32))

    thread = threading.Thread(target=add)
    thread.start()
    for _ in range(20):
        ranked = index.search(np.zeros((1, 2, 4), np.float32), 3)
        found.append(ranked.distance[0][np.isfinite(ranked.distance[0])])
    thread.join()
    for distances in found:
        np.testing.assert_allclose(distances, 2.0 * np.arange(len(distances)))
