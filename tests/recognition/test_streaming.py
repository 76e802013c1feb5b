"""Searching block by block finds what the index in memory finds, to the last bit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaitway.adapters.gallery.bfloat import usable_stage
from gaitway.recognition.firststage import BLOCK, Float32Stage
from gaitway.recognition.search import TemplateIndex, scaled
from gaitway.recognition.streaming import Block, search_blocks

P, C = 4, 16


def stages(metric):
    bfloat = usable_stage(P, C, metric, np.float16 if metric == "euc" else np.float32)
    return [Float32Stage(P, C, metric), *([bfloat] if bfloat else [])]


def gallery(rng, kind, count):
    if kind == "random":
        values = rng.standard_normal((count, P, C))
    elif kind == "clustered":
        values = rng.standard_normal((7, P, C))[rng.integers(0, 7, count)] + 0.01 * rng.standard_normal(
            (count, P, C)
        )
    else:  # near ties, and exact ones
        values = rng.standard_normal((1, P, C)) + 1e-3 * rng.integers(0, 2, (count, P, C))
    return values.astype(np.float16)


def blocks_of(stage, known, metric, size):
    """Blocks of ``size`` templates, as they come back from where they were kept."""
    (templates, owners, values), out = known, []
    for start in range(0, len(templates), size):
        some = slice(start, start + size)
        block, count = stage.block(), len(templates[some])
        stage.write(block, 0, scaled(values[some], metric))
        ids, whose = np.full(BLOCK, -1, np.int64), np.full(BLOCK, -1, np.int64)
        ids[:count], whose[:count] = templates[some], owners[some]
        kept = stage.unpacked(np.array(stage.packed(block)))
        out.append(Block(kept, ids, whose))
    return out


@pytest.mark.parametrize("metric", ["euc", "cos"])
@pytest.mark.parametrize("kind", ["random", "clustered", "ties"])
@pytest.mark.parametrize(("people", "pending"), [(900, 1 << 20), (900, 300), (3, 1 << 20)])
def test_the_same_as_in_memory_to_the_last_bit(metric, kind, people, pending):
    rng = np.random.default_rng(people + pending)
    values = gallery(rng, kind, 700)
    templates, owners = np.arange(700) * 3 + 5, rng.integers(0, people, 700)
    probes = np.concatenate([values[:60], gallery(rng, kind, 10)]).astype(np.float32)
    in_memory = TemplateIndex(P, C, metric)
    in_memory.add(templates, owners, values)
    wanted = in_memory.search(probes, 10)
    for stage in stages(metric):
        blocks = blocks_of(stage, (templates, owners, values), metric, 300)
        found = search_blocks(
            blocks,
            probes,
            10,
            stage=stage,
            fetch=lambda ids: values[(ids - 5) // 3],
            metric=metric,
            pending=pending,
        )
        np.testing.assert_array_equal(found.owner, wanted.owner)
        np.testing.assert_array_equal(found.template, wanted.template)
        np.testing.assert_array_equal(found.distance, wanted.distance)


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1), k=st.integers(1, 12), people=st.integers(1, 60), size=st.integers(1, 90)
)
def test_any_size_any_number_of_people(seed, k, people, size):
    rng = np.random.default_rng(seed)
    values = gallery(rng, "clustered", 120)
    templates, owners = rng.permutation(1000)[:120].astype(np.int64), rng.integers(0, people, 120)
    where = {t: i for i, t in enumerate(templates.tolist())}
    probes = gallery(rng, "clustered", 3).astype(np.float32)
    in_memory = TemplateIndex(P, C)
    in_memory.add(templates, owners, values)
    stage = Float32Stage(P, C, "euc")
    found = search_blocks(
        blocks_of(stage, (templates, owners, values), "euc", size),
        probes,
        k,
        stage=stage,
        fetch=lambda ids: values[[where[i] for i in ids.tolist()]],
    )
    wanted = in_memory.search(probes, k)
    np.testing.assert_array_equal(found.template, wanted.template)
    np.testing.assert_array_equal(found.distance, wanted.distance)


def test_rows_without_an_owner_do_not_count():
    rng = np.random.default_rng(0)
    values = gallery(rng, "random", 20)
    templates, owners = np.arange(20), np.arange(20)
    stage = Float32Stage(P, C, "euc")
    (block,) = blocks_of(stage, (templates, owners, values), "euc", 20)
    block.owner[4] = -1
    probe = values[4:5].astype(np.float32)
    found = search_blocks([block], probe, 20, stage=stage, fetch=lambda ids: values[ids])
    assert 4 not in found.owner
    assert found.owner[0, -1] == -1
    assert np.isinf(found.distance[0, -1])


def test_nothing_to_search():
    stage = Float32Stage(P, C, "euc")
    found = search_blocks([], np.zeros((2, P, C), np.float32), 3, stage=stage, fetch=lambda ids: ids)
    assert (found.owner == -1).all()
    assert np.isinf(found.distance).all()
