"""A network compiled for each size that comes."""

import numpy as np
import pytest

from gaitway.adapters.runtimes.openvino import OpenVinoRuntime
from gaitway.adapters.runtimes.sized import SizedRuntime
from gaitway.errors import InputError
from support.onnx_files import affine


@pytest.fixture
def opened():
    return []


@pytest.fixture
def network(tmp_path, opened):
    path = affine(tmp_path / "affine.onnx")

    def open_network(shape):
        opened.append(shape)
        return OpenVinoRuntime(path, threads=1, shapes=[shape])

    return SizedRuntime(open_network, (-1, 3))


def test_each_size_is_compiled_once_and_computed_right(network, opened):
    for rows in (1, 2, 1, 2, 1):
        x = np.arange(3 * rows, dtype=np.float32).reshape(rows, 3)
        np.testing.assert_array_equal(network.run(x)[0], 2 * x + 1)
        np.testing.assert_array_equal(network.submit(x).result()[0], 2 * x + 1)
    assert opened == [(1, 3), (2, 3)]
    assert network.busy_s > 0


def test_wrong_inputs_are_named(network):
    with pytest.raises(InputError, match="wanted one of"):
        network.run(np.zeros(3, np.float32))
