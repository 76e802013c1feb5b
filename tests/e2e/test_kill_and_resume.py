"""kill -9 at any moment, then the same command: the result equals an uninterrupted run."""

import json
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from support.films import people, scene, write_film

pytestmark = [pytest.mark.models, pytest.mark.slow, pytest.mark.usefixtures("builtin_models")]

MOMENTS = 20


@pytest.fixture(scope="module")
def command(tmp_path_factory):
    """A whole run that is short: one walker, found and cut out by the real networks."""
    folder = tmp_path_factory.mktemp("kill")
    one = people(1)
    videos = [write_film(folder / f"{n}.mp4", scene(one, seconds=1.0, seed=i)) for i, n in enumerate("gp")]

    def make(out):
        return [
            *(sys.executable, "-m", "gaitway", "identify", "--quiet"),
            *("--gallery", str(videos[0]), "--probe", str(videos[1]), "--out", str(out)),
        ]

    return make


def content(out):
    """Return everything that users read of a finished run, timestamps and timings left out."""
    latest = out / "OutputVideos" / "latest"
    found = {str(p.relative_to(out)): p.read_bytes() for p in sorted((out / "GaitSilhouette").rglob("*.png"))}
    for path in sorted((out / "GaitFeatures").rglob("*.npz")):
        with np.load(path, allow_pickle=False) as features:
            found |= {f"{path.relative_to(out)}/{name}": features[name].tobytes() for name in features.files}
    for path in sorted(latest.iterdir()):
        if path.suffix in {".txt", ".csv", ".mp4"} or path.name == "results.json":
            found[path.name] = path.read_bytes()
    return found


def finish(command):
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return done


def test_killed_at_twenty_moments_the_second_run_equals_an_uninterrupted_one(command, tmp_path):
    begun = time.monotonic()
    finish(command(tmp_path / "whole"))
    length = time.monotonic() - begun
    expected = content(tmp_path / "whole")
    assert any(name.endswith(".png") for name in expected)
    assert "results.json" in expected
    killed = 0
    for moment in range(MOMENTS):
        out = tmp_path / f"killed-{moment}"
        process = subprocess.Popen(command(out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(length * (moment + 0.5) / MOMENTS)
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
        # What a killed run left under the final names is whole.
        for results in out.glob("OutputVideos/*/results.json"):
            json.loads(results.read_text("utf-8"))
        finish(command(out))
        assert content(out) == expected, f"killed after {moment + 0.5} of {MOMENTS} parts of a run"
    assert killed >= MOMENTS // 2, "most runs were over before they were killed: nothing was tested"


def test_interrupted_by_the_user_is_exit_code_130_and_goes_on(command, tmp_path):
    out = tmp_path / "out"
    process = subprocess.Popen(command(out), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while not (out / ".gaitway" / "lock").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert "interrupted" in errors
    finish(command(out))
    assert (out / "OutputVideos" / "latest" / "results.json").exists()
