"""Quantised networks: what is rounded, how near the numbers stay, and what is said when it cannot be."""

import subprocess
import sys

import numpy as np
import pytest

from gaitway.adapters.runtimes import int8
from gaitway.adapters.runtimes.int8 import last_products, open_shape, quantise, quantiser
from gaitway.adapters.runtimes.openvino import OpenVinoRuntime, _read
from gaitway.errors import MissingExtraError, ModelFileError, NetworkError
from support.onnx_files import convolutions, logarithm

RNG = np.random.default_rng(3)


def pictures(count, height=24, width=16):
    return [(RNG.random((2, 3, height, width), dtype=np.float32),) for _ in range(count)]


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    return convolutions(tmp_path_factory.mktemp("net") / "small.onnx")


@pytest.fixture(scope="module", params=int8.LEVELS)
def quantised(request, network, tmp_path_factory):
    to = tmp_path_factory.mktemp("int8") / "network.xml"
    quantise(network, pictures(8), to, request.param)
    return to


def test_gives_nearly_the_same_and_not_the_same(network, quantised):
    (image,) = pictures(1)[0]
    with OpenVinoRuntime(network) as exact, OpenVinoRuntime(quantised, precision="int8") as fast:
        assert (exact.precision, fast.precision) == ("f32", "int8")
        difference = np.abs(exact.run(image)[0] - fast.run(image)[0])
    assert 0 < difference.max() < 0.05


def test_takes_other_batches_and_sizes(network, quantised):
    image = RNG.random((3, 3, 40, 32), dtype=np.float32)
    shapes = [image.shape]
    with OpenVinoRuntime(quantised, precision="int8", shapes=shapes) as fast, OpenVinoRuntime(network) as f32:
        assert np.abs(fast.run(image)[0] - f32.run(image)[0]).max() < 0.05


def test_the_last_convolution_stays_in_floating_point(network, quantised):
    (last,) = last_products(_read(network, None))
    weights = {
        node.get_friendly_name(): node.input_value(1).get_node().get_type_name()
        for node in _read(quantised, None).get_ops()
        if node.get_type_name() == "Convolution"
    }
    assert len(weights) == 3
    assert weights.pop(last) == "Constant"
    assert set(weights.values()).isdisjoint({"Constant"})  # scaled up from 8 bits


def test_the_same_samples_make_the_same_network(network, tmp_path):
    samples = pictures(4)
    for name in ("a", "b"):
        quantise(network, samples, tmp_path / f"{name}.xml")
    assert (tmp_path / "a.bin").read_bytes() == (tmp_path / "b.bin").read_bytes()


def test_prints_nothing(network, tmp_path, capfd):
    quantise(network, pictures(2), tmp_path / "q.xml")
    assert capfd.readouterr() == ("", "")


def test_int8_of_a_network_that_is_not_quantised_is_refused(network):
    with pytest.raises(ModelFileError, match="not quantised"):
        OpenVinoRuntime(network, precision="int8")


def test_a_network_with_nothing_to_quantise_is_refused_or_left_alone(tmp_path):
    path = logarithm(tmp_path / "log.onnx")
    quantise(path, [(np.ones((2, 3), np.float32),)], tmp_path / "q.xml")
    with pytest.raises(ModelFileError, match="not quantised"):
        OpenVinoRuntime(tmp_path / "q.xml", precision="int8")


def test_samples_that_do_not_fit_are_one_line(network, tmp_path):
    with pytest.raises((NetworkError, ModelFileError)) as caught:
        quantise(network, [(np.zeros((1, 5, 8, 8), np.float32),)], tmp_path / "q.xml")
    assert "\n" not in str(caught.value)


def test_lengths_that_differ_become_dynamic():
    assert open_shape((-1, 3, 8, 8), [(2, 3, 8, 16)]) == (-1, 3, 8, -1)
    assert open_shape((1, 3, 8, 8), [(1, 3, 8, 8), (1, 3, 9, 8)]) == (1, 3, -1, 8)


def test_without_the_extra_one_line_says_what_to_install(monkeypatch):
    def nothing(name):
        raise int8.PackageNotFoundError(name)

    monkeypatch.setattr(int8, "version", nothing)
    with pytest.raises(MissingExtraError) as caught:
        quantiser()
    assert 'pip install "gaitway[int8]"' in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_the_quantiser_sends_no_reports():
    code = (
        "import sys; from gaitway.adapters.runtimes.int8 import _nncf; _nncf(); "
        "from nncf.telemetry import wrapper; assert 'openvino_telemetry' not in sys.modules; "
        "assert not isinstance(wrapper.telemetry, wrapper.NNCFTelemetry)"
    )
    command = [sys.executable, "-W", "ignore", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
