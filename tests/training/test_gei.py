from functools import partial

import numpy as np
import pytest
from safetensors.numpy import load_file

from gaitway.errors import InputError
from gaitway.recognition.gei import GeiConfig, GeiEncoder, load_projection
from gaitway.synthetic.benchmark import BenchmarkConfig, benchmark_walks
from gaitway.synthetic.population import PopulationConfig
from gaitway.training import gei
from gaitway.training.corpus import CorpusConfig, write_corpus
from gaitway.training.evaluate import cross_view
from gaitway.training.gei import ProjectionConfig, Scatter, fit_projection


def made_up(rng, people=200, walks=6):
    """Walks of one part: people differ along channel 0, one person varies far more along channel 1."""
    who = np.repeat(np.arange(people), walks)
    person = rng.normal(0, (1.0, 0.1, 0.1), (people, 3))
    return (person[who] + rng.normal(0, (0.3, 5.0, 0.3), (len(who), 3)))[:, None].astype(np.float32), who


def fitted(walks, who, batches=1):
    scatter = Scatter(1, 3)
    for people in np.array_split(np.unique(who), batches):
        mine = np.isin(who, people)
        scatter.add(walks[mine], who[mine])
    return fit_projection(scatter, 1, ProjectionConfig(components=3, directions=2))


def test_looks_where_people_differ_not_where_one_person_varies():
    found = fitted(*made_up(np.random.default_rng(0)))["directions"][0].astype(np.float64)
    assert abs(found[0, 0]) > 20 * abs(found[1, 0])
    assert abs(found[0, 0]) > 3 * np.linalg.norm(found[:, 1])


def test_batches_add_up():
    walks, who = made_up(np.random.default_rng(1))
    whole, parts = fitted(walks, who), fitted(walks, who, batches=7)
    np.testing.assert_allclose(whole["mean"], parts["mean"], atol=1e-6)
    np.testing.assert_allclose(abs(whole["directions"]), abs(parts["directions"]), rtol=2e-3, atol=1e-3)


def test_no_walks_is_an_error():
    with pytest.raises(InputError, match="no walks"):
        Scatter(1, 3).moments(0)


def test_the_shipped_projection_tells_generated_people_apart_better_than_plain_energy_images():
    # Walkers that neither the fit nor the choice of its numbers has seen.
    config = BenchmarkConfig(people=8, population=PopulationConfig(seed=66_000, alike=0.0))
    walks = list(benchmark_walks(config))
    plain = cross_view(GeiEncoder(), walks).by_condition
    projected = cross_view(GeiEncoder(projection=load_projection()), walks).by_condition
    assert all(projected[kind] > plain[kind] + 10 for kind in plain)


def test_the_command_fits_from_a_corpus(tmp_path, monkeypatch):
    small = GeiConfig(parts=16, phases=1, cut=26)  # 144 numbers a part instead of 2816: a quick fit
    monkeypatch.setattr(gei, "GeiEncoder", partial(GeiEncoder, small))
    list(write_corpus(tmp_path / "corpus", CorpusConfig(people=6, walks=3, frames=8, per_shard=3)))
    monkeypatch.setattr(
        "sys.argv", ["gei", "--corpus", str(tmp_path / "corpus"), "--out", str(tmp_path / "gei.safetensors")]
    )
    gei.main()
    tensors = load_file(tmp_path / "gei.safetensors")
    assert tensors["mean"].shape == GeiEncoder(small).encode([]).shape[1:]
    projected = GeiEncoder(small, load_projection(tmp_path / "gei.safetensors"))
    assert projected.model_id.startswith("gei-")
