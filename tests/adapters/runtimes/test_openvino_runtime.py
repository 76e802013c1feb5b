"""What is OpenVINO's own: reshaping, precision, the compiled-network cache, silence."""

import subprocess
import sys

import numpy as np
import pytest

from gaitway.adapters.runtimes.openvino import OpenVinoRuntime
from gaitway.errors import ModelFileError
from support.onnx_files import affine

X = np.arange(12, dtype=np.float32).reshape(4, 3)


def test_reshape_makes_a_dynamic_batch_fixed(tmp_path):
    with OpenVinoRuntime(affine(tmp_path / "a.onnx"), threads=1, shapes=[(4, 3)]) as runtime:
        assert runtime.input_shapes == ((4, 3),)
        np.testing.assert_array_equal(runtime.run(X)[0], 2 * X + 1)


def test_reshape_makes_a_fixed_batch_dynamic(tmp_path):
    with OpenVinoRuntime(affine(tmp_path / "a.onnx", batch=1), threads=1, shapes=[(-1, 3)]) as runtime:
        assert runtime.input_shapes == ((-1, 3),)
        np.testing.assert_array_equal(runtime.run(X)[0], 2 * X + 1)


@pytest.mark.parametrize("shapes", [[], [(1, 3), (1, 3)], [(3,)]])
def test_impossible_shapes_are_refused(tmp_path, shapes):
    with pytest.raises(ModelFileError, match=r"its own: \[\(-1, 3\)\]"):
        OpenVinoRuntime(affine(tmp_path / "a.onnx"), threads=1, shapes=shapes)


@pytest.mark.parametrize(("outputs", "kept"), [(["s"], [1]), (["y"], [0]), (["s", "y"], [0, 1])])
def test_only_the_outputs_wanted_are_computed_in_the_file_s_order(tmp_path, outputs, kept):
    with OpenVinoRuntime(affine(tmp_path / "a.onnx"), threads=1, outputs=outputs) as runtime:
        found = runtime.run(X)
        assert runtime.output_names == tuple("ys"[i] for i in kept)
    for output, i in zip(found, kept, strict=True):
        np.testing.assert_array_equal(output, (2 * X + 1, X.sum(axis=1))[i])


def test_an_output_that_is_not_there_is_one_clear_line(tmp_path):
    with pytest.raises(ModelFileError, match=r"has the outputs \['y', 's'\], wanted \['y', 'z'\]"):
        OpenVinoRuntime(affine(tmp_path / "a.onnx"), threads=1, outputs=["y", "z"])


def test_precision_is_f32_unless_asked(tmp_path):
    with OpenVinoRuntime(affine(tmp_path / "a.onnx"), threads=1) as runtime:
        assert runtime.precision == "f32"


def test_all_threads_on_one_run_give_the_same_numbers(tmp_path):
    path = affine(tmp_path / "a.onnx")
    with OpenVinoRuntime(path, threads=2, run_threads=None) as one, OpenVinoRuntime(path, threads=2) as many:
        np.testing.assert_array_equal(one.run(X)[0], many.run(X)[0])


def test_compiled_networks_are_kept_and_change_nothing(tmp_path):
    path, cache = affine(tmp_path / "a.onnx"), tmp_path / "compiled"
    results = []
    for _ in range(2):
        with OpenVinoRuntime(path, threads=1, cache_dir=cache) as runtime:
            results.append(runtime.run(X))
    assert list(cache.iterdir())
    with OpenVinoRuntime(path, threads=1) as runtime:
        results.append(runtime.run(X))
    for result in results[1:]:
        for a, b in zip(results[0], result, strict=True):
            np.testing.assert_array_equal(a, b)


def test_unknown_suffix_is_refused(tmp_path):
    path = tmp_path / "network.bin"
    path.write_bytes(b"anything")
    with pytest.raises(ModelFileError, match=r"wanted one of \.tflite, \.onnx, \.xml, \.pdmodel"):
        OpenVinoRuntime(path)


@pytest.mark.parametrize("suffix", [".tflite", ".pdmodel", ".xml"])
def test_broken_files_of_every_kind_are_one_silent_line(tmp_path, capfd, suffix):
    path = tmp_path / f"broken{suffix}"
    path.write_bytes(b"hello" * 100)
    with pytest.raises(ModelFileError) as caught:
        OpenVinoRuntime(path)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_using_it_reports_to_nobody_and_prints_nothing(tmp_path):
    # OpenVINO's own usage reports start when it is imported; so does the creation of its id file in the home.
    home = tmp_path / "home"
    home.mkdir()
    code = f"""
import sys
def refuse(event, args):
    if event == "socket.connect":
        raise RuntimeError(event)
sys.addaudithook(refuse)
import numpy as np
from gaitway.adapters.runtimes.openvino import OpenVinoRuntime
with OpenVinoRuntime({str(affine(tmp_path / "a.onnx"))!r}, threads=1) as runtime:
    assert runtime.run(np.zeros((1, 3), np.float32))[0].sum() == 3
assert not any(name.startswith("openvino_telemetry") for name in sys.modules), "reports are on"
"""
    done = subprocess.run(
        [sys.executable, "-W", "error::RuntimeWarning", "-c", code],
        capture_output=True,
        text=True,
        timeout=120,
        env={"HOME": str(home), "PATH": ""},
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(home.iterdir()) == []
