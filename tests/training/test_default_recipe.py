import json
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
import torch

from gaitway.adapters.runtimes.openvino import OpenVinoRuntime
from gaitway.errors import InputError, StoreError
from gaitway.models.gait_template import GaitTemplateNet
from gaitway.recognition.learned import LearnedEncoder, network_input
from gaitway.synthetic.benchmark import BenchmarkConfig, benchmark_walks
from gaitway.synthetic.population import PopulationConfig
from gaitway.training.corpus import CorpusConfig, read_corpus, write_corpus
from gaitway.training.default import TrainConfig, draw_batch, load_templates, train
from gaitway.training.evaluate import NetworkEncoder, cross_view, interval
from gaitway.training.export_default import export

TINY = CorpusConfig(people=8, walks=3, frames=6, per_shard=4, population=PopulationConfig(seed=3))


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus")
    assert len(list(write_corpus(folder, TINY))) == 2
    return folder


def test_corpus_is_the_same_with_two_workers_and_goes_on_where_it_stopped(corpus, tmp_path):
    first = next(write_corpus(tmp_path, TINY))
    stamp = first.stat().st_mtime_ns
    rest = list(write_corpus(tmp_path, TINY, workers=2))
    assert [path.name for path in rest] == ["shard-00001.npz"]
    assert first.stat().st_mtime_ns == stamp
    for ours, theirs in zip(read_corpus(tmp_path), read_corpus(corpus), strict=True):
        np.testing.assert_array_equal(ours.labels, theirs.labels)
        for a, b in zip(ours.walks, theirs.walks, strict=True):
            np.testing.assert_array_equal(a, b)
    assert list(write_corpus(tmp_path, TINY)) == []


def test_a_corpus_says_how_it_was_made_and_mixes_with_no_other(corpus):
    made = json.loads((corpus / "corpus.json").read_text())
    assert made["population"]["recorded_styles"] == 0.0
    styled = replace(TINY, population=replace(TINY.population, recorded_styles=0.5))
    with pytest.raises(InputError, match="holds another corpus"):
        next(write_corpus(corpus, styled))


def test_no_corpus_is_said(tmp_path):
    with pytest.raises(StoreError, match="no corpus"):
        next(read_corpus(tmp_path))
    with pytest.raises(InputError, match="at least 1"):
        CorpusConfig(people=0)


def test_batches_hold_several_walks_of_each_person(corpus):
    templates = load_templates(corpus)
    config = TrainConfig(people=6, walks=2)
    maps, labels = draw_batch(templates, config, 7)
    assert maps.shape == (12, 5, 64, 44)
    assert sorted(np.unique(labels, return_counts=True)[1].tolist()) == [2] * 6
    again, _ = draw_batch(templates, config, 7)
    np.testing.assert_array_equal(maps, again)
    assert (draw_batch(templates, config, 8)[0] != maps).any()


def test_every_walk_is_summed_up_whole_and_in_two_other_ways(corpus):
    templates = load_templates(corpus)
    walks = [walk for shard in read_corpus(corpus) for walk in shard.walks]
    assert templates.maps.shape == (len(walks), 3, 5, 64, 44)
    for maps, walk in zip(templates.maps, walks, strict=True):
        np.testing.assert_array_equal(maps[0], np.rint(network_input(walk) * 255).astype(np.uint8))
        assert len(walk) <= 8 or all((part != maps[0]).any() for part in maps[1:])


def test_two_corpora_are_of_different_people(corpus):
    one, two = load_templates(corpus), load_templates(corpus, corpus)
    assert two.by_person.shape == (16, 3)
    np.testing.assert_array_equal(two.by_person[:8], one.by_person)
    np.testing.assert_array_equal(two.maps[two.by_person[8:]], one.maps[one.by_person])


def test_training_begins_from_earlier_weights(corpus, tmp_path):
    torch.manual_seed(5)
    earlier = GaitTemplateNet()
    weights = export(earlier, tmp_path)[0]
    still = TrainConfig(steps=1, people=4, walks=2, learning_rate=1e-12)
    trained = train([corpus], tmp_path / "next", still, device="cpu", start=weights)
    for one, two in zip(earlier.parameters(), trained.parameters(), strict=True):
        torch.testing.assert_close(one, two, rtol=0, atol=1e-6)


def test_an_interrupted_training_ends_where_an_uninterrupted_one_does(corpus, tmp_path, monkeypatch):
    torch.set_num_threads(1)
    config = TrainConfig(steps=4, people=4, walks=2, save_every=2)
    whole = train([corpus], tmp_path / "whole", config, device="cpu")

    class StopError(Exception):
        pass

    from gaitway.training import default

    real = default.draw_batch

    def stop_at_three(templates, config, step):
        if step == 3:
            raise StopError
        return real(templates, config, step)

    monkeypatch.setattr(default, "draw_batch", stop_at_three)
    with pytest.raises(StopError):
        train([corpus], tmp_path / "broken", config, device="cpu")
    monkeypatch.undo()
    resumed = train([corpus], tmp_path / "broken", config, device="cpu")
    for one, two in zip(whole.state_dict().values(), resumed.state_dict().values(), strict=True):
        torch.testing.assert_close(one, two, rtol=0, atol=0)


def test_exported_network_gives_the_same_numbers_without_torch(tmp_path):
    torch.manual_seed(1)
    net = GaitTemplateNet().eval()
    files = export(net, tmp_path)
    assert sum(path.stat().st_size for path in files) < 8 << 20
    walks = [walk.silhouettes for walk in islice(benchmark_walks(BenchmarkConfig(1, 20)), 3)]
    walks.append(walks[0][:1])  # a single frame
    walks.append(np.concatenate([walks[0]] * 4))  # several pieces
    with OpenVinoRuntime(tmp_path / "gait_template.xml", threads=1) as runtime:
        encoder = LearnedEncoder(runtime, "test")
        together = encoder.encode(walks)
        alone = np.concatenate([encoder.encode([walk]) for walk in walks])
        with pytest.raises(InputError, match="align it first"):
            encoder.encode([np.zeros((3, 64, 44), np.uint8)])
        assert encoder.encode([]).size == 0
    np.testing.assert_array_equal(together, alone)
    np.testing.assert_allclose(np.linalg.norm(together, axis=2), 1, atol=1e-5)
    np.testing.assert_allclose(together, NetworkEncoder(net).encode(walks), atol=2e-5)


def test_cross_view_of_a_perfect_and_a_blind_encoder():
    walks = list(benchmark_walks(BenchmarkConfig(people=3, frames=2, faulty=False)))
    who = {id(walk.silhouettes): walk.person for walk in walks}

    class Oracle:
        model_id = "oracle"

        def encode(self, sequences):
            return np.stack([np.eye(3, dtype=np.float32)[who[id(s)]][None] for s in sequences])

    class Blind:
        model_id = "blind"

        def encode(self, sequences):
            return np.ones((len(sequences), 1, 3), np.float32)

    best, worst = cross_view(Oracle(), walks), cross_view(Blind(), walks)
    assert set(best.by_condition.values()) == {100.0}
    assert best.same_view == best.front_back == 100
    assert set(best.interval.values()) == {(100.0, 100.0)}
    assert worst.by_condition["nm"] == pytest.approx(100 / 3)
    assert set(best.by_view) == {float(v) for v in range(0, 181, 18)}


def test_intervals_draw_people_and_not_decisions():
    person = np.repeat(np.arange(20), 30)
    by_person = interval(person, person % 2 == 0)  # half of the people always right
    by_decision = interval(np.arange(600), person % 2 == 0)
    assert by_person[0] < 35
    assert by_person[1] > 65
    assert 44 < by_decision[0] < 50 < by_decision[1] < 56
    assert np.isnan(interval(np.zeros(0, np.int64), np.zeros(0, bool))).all()
