"""The zoo's figures: parameters are those of the networks we build, accuracies have a source."""

import json

import pytest

from gaitway.adapters.modelstore.zoo import ZOO
from gaitway.packs import MODELS
from support.shared import shared

CONFIGS = {  # where a fixture has another name than the zoo
    "gaitbase-oumvlp": "gaitbase_casiab",
    "gaitbase-grew": "gaitbase_casiab",
    "gaitbase-gait3d": "gaitbase_casiab",
    "gaitgl-grew": "gaitgl_grew_bnneck",
}


def test_names_are_unique_and_every_accuracy_has_a_source():
    names = [network.name for network in ZOO]
    assert len(set(names)) == len(names)
    for network in ZOO:
        assert bool(network.accuracy) == bool(network.accuracy_source)
        assert network.paper
        assert network.licence


def test_what_can_be_pulled_is_a_model():
    pulled = [n.get.rpartition(" ")[2] for n in ZOO if n.get.startswith("gaitway models pull")]
    assert pulled
    assert set(pulled) <= set(MODELS)


@pytest.mark.shared
@pytest.mark.parametrize("network", ZOO, ids=lambda network: network.name)
def test_figures_are_those_of_the_published_configurations(network):
    name = CONFIGS.get(network.name, network.name.replace("-", "_"))
    content = json.loads((shared("fixtures/opengait") / name / "config.json").read_text("utf-8"))
    assert network.parameters == pytest.approx(content["parameters_without_classifier"] / 1e6, abs=0.006)
    gflops = content.get("gflops_per_frame", {}).get("value")
    assert network.gflops == (gflops if gflops is None else pytest.approx(gflops, abs=0.006))


@pytest.mark.shared
@pytest.mark.parametrize("name", ["gaitset_casiab", "gaitgl_casiab", "gaitbase_casiab"])
def test_parameters_are_those_of_the_networks_we_build(name):
    pytest.importorskip("torch")
    from gaitway.models import build_opengait

    content = json.loads((shared("fixtures/opengait") / name / "config.json").read_text("utf-8"))
    network = build_opengait(content["model_cfg"])
    assert sum(p.numel() for p in network.parameters()) == content["parameters"]
