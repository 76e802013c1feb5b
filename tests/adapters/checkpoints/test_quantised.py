"""int8 forms in the cache: found again, bound to what made them."""

import json

import pytest

from gaitway.adapters.checkpoints import quantised
from gaitway.adapters.checkpoints.quantised import find_quantised, keep_quantised
from gaitway.errors import NotQuantisedError


@pytest.fixture
def network(tmp_path):
    path = tmp_path / "net.xml"
    path.write_text("graph")
    path.with_suffix(".bin").write_bytes(b"weights")
    return path


@pytest.fixture
def form(tmp_path):
    path = tmp_path / "form.xml"
    path.write_text("int8 graph")
    path.with_suffix(".bin").write_bytes(b"int8 weights")
    return path


def test_kept_and_found_again(tmp_path, network, form):
    with pytest.raises(NotQuantisedError, match=r"net\.xml has no int8 form"):
        find_quantised(network, tmp_path)
    kept = keep_quantised(network, form, "as good as f32", tmp_path, samples=3)
    assert find_quantised(network, tmp_path) == kept
    assert kept.path.read_text() == "int8 graph"
    assert kept.path.with_suffix(".bin").read_bytes() == b"int8 weights"
    assert kept.note == "as good as f32"
    assert json.loads(kept.path.with_name("int8.json").read_text())["samples"] == 3


def test_the_verdict_that_a_network_stays_in_f32_is_kept_too(tmp_path, network):
    keep_quantised(network, None, "too coarse", tmp_path)
    assert find_quantised(network, tmp_path) == quantised.Quantised(None, "too coarse")


def test_the_first_one_stays(tmp_path, network, form):
    first = keep_quantised(network, form, "first", tmp_path)
    assert keep_quantised(network, None, "second", tmp_path) == first


@pytest.mark.parametrize("what", ["graph", "weights", "quantiser", "gaitway"])
def test_bound_to_all_that_made_it(tmp_path, network, form, monkeypatch, what):
    keep_quantised(network, form, "good", tmp_path)
    if what == "graph":
        network.write_text("another graph")
    elif what == "weights":
        network.with_suffix(".bin").write_bytes(b"other weights")
    elif what == "quantiser":
        monkeypatch.setattr(quantised, "quantiser", lambda: "another 1.0")
    else:
        monkeypatch.setattr(quantised, "__version__", "0.0.0")
    with pytest.raises(NotQuantisedError):
        find_quantised(network, tmp_path)
