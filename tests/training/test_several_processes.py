"""Two processes under torchrun give what one gives with the whole batch."""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from gaitway.training.checkpoint import stored_checkpoints
from gaitway.training.distributed import World, joined_world
from gaitway.training.loop import train
from gaitway.training.read_recipe import recipe_from
from support.walkers import TINY_TRAINING, DrawnWalks

TESTS = Path(__file__).resolve().parents[1]


def torchrun(out, changes, processes=2):
    """Train under torchrun."""
    command = [
        sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc_per_node={processes}",
        "-m", "support.training_worker", str(out), json.dumps(changes),
    ]  # fmt: skip
    done = subprocess.run(
        command,
        cwd=TESTS,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(TESTS)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.slow
def test_two_processes_are_one_with_the_whole_batch(tmp_path):
    """The first step's gradients stand in the momentum; rounding moves a few maxima in early layers."""
    changes = {
        "steps": 2,
        "log_every": 1,
        "save_every": 1,
        "losses": {"contrastive": {"weight": 0.5}},
        "optimizer": {"lr": 1e-3},
    }
    torchrun(tmp_path / "two", changes)
    torch.set_num_threads(1)
    train(recipe_from({**TINY_TRAINING, **changes}), DrawnWalks(), tmp_path / "one")
    two, one = (
        [json.loads(line) for line in (tmp_path / name / "log.jsonl").read_text().splitlines()]
        for name in ("two", "one")
    )
    assert len(two) == 2  # the first process alone writes
    for name in ("loss", "triplet", "cross_entropy", "contrastive", "accuracy"):
        assert two[0][name] == pytest.approx(one[0][name], rel=1e-5), name
        assert two[1][name] == pytest.approx(one[1][name], rel=1e-3), name
    two, one = (
        torch.load(stored_checkpoints(tmp_path / name)[0], weights_only=True) for name in ("two", "one")
    )
    for name, value in one["model"].items():
        torch.testing.assert_close(two["model"][name], value, rtol=1e-3, atol=1e-5, msg=name)
    apart = []
    for place, state in one["optimizer"]["state"].items():
        ours, theirs = two["optimizer"]["state"][place]["momentum_buffer"], state["momentum_buffer"]
        apart.append(float((ours - theirs).norm() / theirs.norm()))
    assert statistics.median(apart) < 5e-5
    assert max(apart) < 1e-2


@pytest.mark.slow
def test_without_shared_statistics_the_numbers_differ(tmp_path):
    changes = {"steps": 1, "log_every": 1, "sync_bn": False}
    torchrun(tmp_path / "two", changes)
    one = train(recipe_from({**TINY_TRAINING, **changes}), DrawnWalks(), tmp_path / "one")
    first = json.loads((tmp_path / "two" / "log.jsonl").read_text().splitlines()[0])
    assert first["loss"] != pytest.approx(one.history[0]["loss"], rel=1e-3)


def test_alone_nothing_is_gathered():
    world, tensor = World(), torch.arange(3.0)
    assert world.gather(tensor) is tensor
    assert world.leads
    assert world.gather_objects(5) == [5]
    with joined_world("cpu") as joined:
        assert (joined.rank, joined.size, joined.device.type) == (0, 1, "cpu")
