"""What every runtime must do, run on each of them: put a new one into RUNTIMES."""

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaitway.adapters.runtimes.arrays import require_finite
from gaitway.adapters.runtimes.onnx import OnnxRuntime
from gaitway.adapters.runtimes.openvino import OpenVinoRuntime
from gaitway.errors import ConfigError, InputError, ModelFileError, ModelNotFoundError, NetworkError
from gaitway.protocols import Pending, Runtime
from support.onnx_files import affine, difference, logarithm

RUNTIMES: dict[str, Callable[..., OpenVinoRuntime | OnnxRuntime]] = {
    "openvino": OpenVinoRuntime,
    "onnxruntime": OnnxRuntime,
}


@pytest.fixture(scope="module", params=RUNTIMES)
def make(request):
    return RUNTIMES[request.param]


@pytest.fixture(scope="module")
def network(make, tmp_path_factory):
    with make(affine(tmp_path_factory.mktemp("net") / "affine.onnx"), threads=2) as runtime:
        yield runtime


def rows(*values: float) -> np.ndarray:
    return np.array([[v, v + 1, v + 2] for v in values], np.float32)


class TestRuntimeContract:
    def test_fits_the_protocols(self, network):
        assert isinstance(network, Runtime)
        assert isinstance(network.submit(rows(1)), Pending)

    def test_shapes_and_names_are_the_files(self, network):
        assert network.input_shapes == ((-1, 3),)
        assert network.output_shapes == ((-1, 3), (-1,))
        assert network.output_names == ("y", "s")

    def test_run_gives_the_known_answer(self, network):
        y, s = network.run(rows(1, -4))
        np.testing.assert_array_equal(y, [[3, 5, 7], [-7, -5, -3]])
        np.testing.assert_array_equal(s, [6, -9])

    @settings(max_examples=20, deadline=None)
    @given(batch=st.integers(1, 9), seed=st.integers(0, 99))
    def test_any_batch_equals_its_rows_alone(self, network, batch, seed):
        x = np.random.default_rng(seed).standard_normal((batch, 3), np.float32)
        whole = network.run(x)[0]
        np.testing.assert_array_equal(
            whole, np.concatenate([network.run(x[i : i + 1])[0] for i in range(batch)])
        )

    def test_many_runs_side_by_side_keep_their_own_answers(self, network):
        pending = [network.submit(rows(i)) for i in range(50)]
        for i in reversed(range(50)):  # in another order than they were started
            np.testing.assert_array_equal(pending[i].result()[0][0, 0], 2 * i + 1)

    def test_submit_never_waits_for_results_to_be_taken(self, network):
        pending = [network.submit(rows(i)) for i in range(200)]  # far more than there are requests
        assert sum(float(p.result()[1][0]) for p in pending) == sum(3 * i + 3 for i in range(200))

    def test_input_may_be_overwritten_after_submit(self, network):
        x = rows(5)
        pending = network.submit(x)
        x[:] = 99
        np.testing.assert_array_equal(pending.result()[0], [[11, 13, 15]])

    def test_outputs_are_copies(self, network):
        first = network.run(rows(1))[0]
        for i in range(20):
            network.run(rows(i))
        np.testing.assert_array_equal(first, [[3, 5, 7]])

    def test_result_can_be_asked_twice(self, network):
        pending = network.submit(rows(1))
        np.testing.assert_array_equal(pending.result()[0], pending.result()[0])

    def test_threads_share_one_network(self, network):
        wrong: list[int] = []

        def work(base: int) -> None:
            numbers = range(base, base + 40)
            wrong.extend(i for i in numbers if network.run(rows(i))[0][0, 0] != 2 * i + 1)

        threads = [threading.Thread(target=work, args=(1000 * t,)) for t in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []

    def test_busy_time_rises_with_every_run(self, network):
        before = network.busy_s
        network.run(rows(1))
        middle = network.busy_s
        network.run(rows(1))
        assert before < middle < network.busy_s

    @pytest.mark.parametrize("dtype", [np.float64, np.int64, np.uint8, np.float16])
    def test_other_number_types_are_converted(self, network, dtype):
        np.testing.assert_array_equal(network.run(rows(1).astype(dtype))[0], [[3, 5, 7]])

    def test_views_that_are_not_contiguous_are_taken(self, network):
        x = np.arange(18, dtype=np.float32).reshape(3, 6)[:, ::2]
        np.testing.assert_array_equal(network.run(x)[0], 2 * x + 1)

    def test_inputs_keep_their_order(self, make, tmp_path):
        with make(difference(tmp_path / "d.onnx"), threads=1) as runtime:
            np.testing.assert_array_equal(runtime.run(rows(5), rows(2))[0], [[3, 3, 3]])

    @pytest.mark.parametrize("inputs", [(), (rows(1), rows(1))])
    def test_wrong_number_of_inputs(self, network, inputs):
        with pytest.raises(InputError, match=f"got {len(inputs)} inputs, wanted 1"):
            network.run(*inputs)

    @pytest.mark.parametrize("shape", [(3,), (1, 4), (1, 3, 1)])
    def test_wrong_shape_is_named(self, network, shape):
        with pytest.raises(InputError, match=r"wanted \(-1, 3\)"):
            network.run(np.zeros(shape, np.float32))

    def test_a_wrong_call_costs_no_request(self, network):
        for _ in range(20):
            with pytest.raises(InputError):
                network.submit(np.zeros((1, 9), np.float32))
        assert network.run(rows(1))[0][0, 0] == 3

    def test_values_not_finite_are_refused_on_request(self, make, tmp_path):
        path = logarithm(tmp_path / "log.onnx")
        with make(path, threads=1) as lenient:
            assert not np.isfinite(lenient.run(rows(-1))[0]).all()
        with make(path, threads=1, check_finite=True) as strict:
            with pytest.raises(NetworkError, match=r"output 0 of log\.onnx is not finite"):
                strict.run(rows(-1))
            assert np.isfinite(strict.run(rows(1))[0]).all()

    def test_no_such_file(self, make, tmp_path):
        with pytest.raises(ModelNotFoundError, match="no network file"):
            make(tmp_path / "absent.onnx")

    @pytest.mark.parametrize("content", [b"", b"\0" * 100, b"hello" * 100, b"\x08\x08\x12\x04"])
    def test_broken_file_is_one_line(self, make, tmp_path, capfd, content):
        path = tmp_path / "broken.onnx"
        path.write_bytes(content)
        with pytest.raises(ModelFileError) as caught:
            make(path)
        assert "broken.onnx" in str(caught.value)
        assert "\n" not in str(caught.value)
        assert capfd.readouterr() == ("", "")

    def test_truncated_file(self, make, tmp_path):
        path = affine(tmp_path / "cut.onnx")
        path.write_bytes(path.read_bytes()[:-40])
        with pytest.raises(ModelFileError):
            make(path)

    @pytest.mark.parametrize(("threads", "streams"), [(1, 2), (2, 0), (0, 1)])
    def test_impossible_threads(self, make, tmp_path, threads, streams):
        with pytest.raises(ConfigError, match="streams"):
            make(affine(tmp_path / "a.onnx"), threads=threads, streams=streams)


def test_runtimes_agree(tmp_path):
    path = affine(tmp_path / "affine.onnx")
    x = np.random.default_rng(0).standard_normal((7, 3), np.float32)
    with OpenVinoRuntime(path, threads=1) as one, OnnxRuntime(path, threads=1) as other:
        for a, b in zip(one.run(x), other.run(x), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-6)


def test_require_finite_accepts_finite_and_empty():
    require_finite((np.zeros(3), np.zeros(0), np.array([1, 2])), "net")


@pytest.mark.models
def test_real_networks_load(builtin_models: Path):
    with OpenVinoRuntime(builtin_models / "pose_detection.tflite", threads=1) as detector:
        assert detector.input_shapes == ((1, 224, 224, 3),)
        assert detector.output_shapes == ((1, 2254, 12), (1, 2254, 1))
