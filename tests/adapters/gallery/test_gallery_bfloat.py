"""The first stage in bfloat16: never off by more than it says, and the same answers."""

import numpy as np
import pytest

from gaitway.adapters.gallery import Gallery, bfloat, matrix
from gaitway.adapters.gallery.bfloat import BFloatStage
from gaitway.recognition.firststage import BLOCK, FirstStage, Float32Stage
from gaitway.recognition.search import TemplateIndex
from support.galleries import walk

STAGES = {"float32": Float32Stage, "bfloat16": BFloatStage}


def scaled(values, metric):
    return values if metric == "euc" else values / np.linalg.norm(values, axis=2, keepdims=True)


def true_distances(known, probes, metric):
    difference = known[:, None].astype(np.float64) - probes[None]
    squared = np.square(difference).sum(3)
    return (np.sqrt(squared) if metric == "euc" else squared / 2).mean(2)


@pytest.mark.parametrize("metric", ["euc", "cos"])
@pytest.mark.parametrize("kind", STAGES)
@pytest.mark.parametrize("size", [1e-3, 1.0, 300.0])
@pytest.mark.parametrize("count", [1, 5, 20])
def test_a_measured_distance_is_within_the_slack_of_the_exact_one(kind, metric, size, count):
    rng = np.random.default_rng(count)
    stage = STAGES[kind](4, 24, metric)
    assert isinstance(stage, FirstStage)
    block = stage.block()
    known = scaled((rng.standard_normal((700, 4, 24)) * size).astype(np.float16).astype(np.float32), metric)
    known[600:] = known[:1] + rng.standard_normal((100, 4, 24)).astype(np.float32) * size * 1e-3  # near ties
    known = scaled(known, metric).astype(np.float16).astype(np.float32)
    probes = scaled(rng.standard_normal((count, 4, 24)).astype(np.float32) * size, metric)
    probes[0] = known[0]
    stage.write(block, 3, known)
    out = np.empty((BLOCK, count), np.float32)
    stage.ask(probes)(block, out)
    below, above = stage.slack(probes)
    off = out[3:703].astype(np.float64) - true_distances(known, probes, metric)
    assert -below <= off.min()
    assert off.max() <= above
    assert (out[703:] > 1e6).all()
    assert (out[:3] > 1e6).all()
    np.testing.assert_array_equal(stage.exact(block, np.arange(3, 703)), known)
    stage.clear(block, 3)
    stage.ask(probes)(block, out)
    assert (out[3] > 1e6).all()
    assert not stage.exact(block, np.array([3])).any()


@pytest.mark.parametrize("metric", ["euc", "cos"])
def test_both_stages_give_the_same_answers(metric):
    rng = np.random.default_rng(3)
    people = rng.standard_normal((60, 4, 32))
    values = people[rng.integers(0, 60, BLOCK + 900)] + 0.2 * rng.standard_normal((BLOCK + 900, 4, 32))
    values[50:90] = values[50]  # the same walk again and again
    known, ids = values.astype(np.float16), np.arange(len(values))
    probes = (known[rng.integers(0, len(known), 70)] + 0.01 * rng.standard_normal((70, 4, 32))).astype("f4")
    found = []
    for stage in (Float32Stage(4, 32, metric), BFloatStage(4, 32, metric, np.float32)):
        index = TemplateIndex(4, 32, metric, stage=stage)
        index.add(ids, ids // 3, known)
        index.remove(ids[1000:1200])
        found.append(index.search(probes, 7))
    np.testing.assert_array_equal(found[0].owner, found[1].owner)
    np.testing.assert_array_equal(found[0].template, found[1].template)
    np.testing.assert_allclose(found[0].distance, found[1].distance, rtol=1e-12)


def test_nothing_removed_is_left_in_memory():
    stage = BFloatStage(2, 4, "euc")
    index = TemplateIndex(2, 4, stage=stage)
    index.add(np.array([1]), np.array([1]), np.full((1, 2, 4), 7.0, np.float16))
    (block,) = index._blocks
    assert block.kept.any()
    empty = stage.block()
    assert (block.rounded != empty.rounded).any()
    index.remove(np.array([1]))
    assert not block.kept.any()
    np.testing.assert_array_equal(block.rounded, empty.rounded)


@pytest.mark.parametrize("metric", ["euc", "cos"])
def test_a_runtime_that_rounds_between_its_steps_is_not_used(monkeypatch, metric):
    if bfloat.usable_stage(3, 16, metric) is None:
        pytest.skip("this processor does not multiply bfloat16 matrices")
    whole = bfloat._in_pieces
    monkeypatch.setattr(bfloat, "_in_pieces", lambda values: whole(values * np.float32(1.01)))
    assert bfloat.usable_stage(3, 16, metric) is None


@pytest.mark.parametrize("is_fast", [True, False])
def test_a_gallery_that_grows_large_changes_its_first_stage_and_not_its_answers(
    tmp_path, monkeypatch, is_fast
):
    monkeypatch.setattr(matrix, "LARGE", 20)
    made = BFloatStage if is_fast else lambda *_: None
    monkeypatch.setattr(bfloat, "usable_stage", made)
    with Gallery(tmp_path / "people.db") as gallery:
        gallery.enroll_many({f"p{i}": walk(i) for i in range(15)})
        before = gallery.search(walk(3))[0]
        gallery.enroll_many({f"q{i}": walk(100 + i) for i in range(15)})
        after = gallery.search(walk(103))[0]
        assert (before.candidates[0].name, after.candidates[0].name) == ("p3", "q3")
        assert (before.searched, after.searched) == (15, 30)
        (one,) = gallery._finder._indexes._in_use.values()
        assert isinstance(one._index._stage, BFloatStage) == is_fast
        gallery.forget("q3")
        assert gallery.search(walk(103))[0].candidates[0].name != "q3"
        assert gallery.search(walk(3))[0].candidates[0] == before.candidates[0]
