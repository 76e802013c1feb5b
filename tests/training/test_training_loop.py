import json
import random
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from gaitway.errors import ConfigError, InputError, NetworkError, StoreError
from gaitway.training.checkpoint import load_latest, stored_checkpoints
from gaitway.training.data import BatchMaker, batches
from gaitway.training.logbook import NO_TENSORBOARD
from gaitway.training.loop import train
from gaitway.training.read_recipe import recipe_from
from support.walkers import TINY_GAITBASE, TINY_TRAINING, DrawnWalks

TESTS = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


def recipe(**changes):
    return recipe_from({**TINY_TRAINING, **changes})


def state_of(out, made=None):
    return load_latest(out, made or recipe(), torch.device("cpu"))


def assert_same(one, two, **tolerance):
    """Compare nested states, tensors to the bit unless a tolerance is given."""
    assert type(one) is type(two)
    if isinstance(one, torch.Tensor):
        torch.testing.assert_close(one, two, **(tolerance or {"rtol": 0, "atol": 0}))
    elif isinstance(one, dict):
        assert one.keys() == two.keys()
        for key in one:
            assert_same(one[key], two[key], **tolerance)
    elif isinstance(one, list | tuple):
        assert len(one) == len(two)
        for a, b in zip(one, two, strict=True):
            assert_same(a, b, **tolerance)
    else:
        assert one == two


def worker(out, changes=None, pause=0.0):
    command = [
        sys.executable,
        "-m",
        "support.training_worker",
        str(out),
        json.dumps(changes or {}),
        str(pause),
    ]
    return subprocess.Popen(command, cwd=TESTS, stdout=subprocess.PIPE, text=True)


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    """Twenty steps without a stop, in a process of its own."""
    out = tmp_path_factory.mktemp("straight")
    process = worker(out)
    assert process.communicate(timeout=300)[0].split()[-1] == "20"
    assert process.returncode == 0
    return out


def test_the_loss_falls_and_the_run_is_written_down(tmp_path):
    trained = train(recipe(steps=40, augment=[{"type": "CutSides"}]), DrawnWalks(), tmp_path)
    losses = [entry["loss"] for entry in trained.history]
    assert losses[-1] < 0.8 * losses[0]
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == list(range(5, 41, 5))
    assert lines[-1]["lr"] == pytest.approx(0.005)
    assert [path.name for path in stored_checkpoints(tmp_path)] == [f"step-{s:07d}.pt" for s in (32, 36, 40)]
    assert trained.people == 6


def test_killed_at_any_moment_it_ends_at_the_same_numbers(straight, tmp_path):
    stop = random.Random().randint(1, 18)
    process = worker(tmp_path, pause=0.05)
    for line in process.stdout:
        if int(line) == stop:
            process.send_signal(signal.SIGKILL)
            break
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert not list((tmp_path / "checkpoints").glob("step-0000020.pt"))
    again = worker(tmp_path)
    done = again.communicate(timeout=300)[0].split()
    assert again.returncode == 0
    assert int(done[0]) == stop // 4 * 4 + 1  # from the last checkpoint
    assert_same(state_of(tmp_path), state_of(straight))
    logs = [
        [
            {k: v for k, v in json.loads(line).items() if k != "walks_per_s"}
            for line in (out / "log.jsonl").read_text().splitlines()
        ]
        for out in (tmp_path, straight)
    ]
    assert logs[0] == logs[1]


def test_worker_processes_change_nothing(straight):
    maker = BatchMaker(DrawnWalks(), recipe())
    prepared = list(batches(maker, 3, 7, workers=2))
    for step, batch in zip(range(3, 7), prepared, strict=True):
        assert_same([batch.walks, batch.labels], [maker[step].walks, maker[step].labels])


@pytest.mark.parametrize("precision", ["bf16", "f16"])
def test_less_precision_learns_too_and_goes_on_where_it_stopped(precision, tmp_path):
    made = recipe(steps=4, precision=precision, log_every=1)
    trained = train(made, DrawnWalks(), tmp_path / "straight")
    exact = train(recipe(steps=1), DrawnWalks(), tmp_path / "f32")
    assert trained.history[0]["loss"] == pytest.approx(exact.history[0]["loss"], rel=0.02)
    train(recipe(steps=2, precision=precision, log_every=1), DrawnWalks(), tmp_path / "broken")
    train(made, DrawnWalks(), tmp_path / "broken")
    assert_same(state_of(tmp_path / "broken", made), state_of(tmp_path / "straight", made))
    if precision == "f16":
        assert state_of(tmp_path / "straight", made)["scaler"]["scale"] > 1


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        (
            {"losses": {"cross_entropy": {"weight": 0}, "contrastive": {"weight": 1}}},
            {"triplet", "contrastive"},
        ),
        ({"losses": {"triplet": {"weight": 0}}}, {"cross_entropy", "accuracy"}),
        ({"losses": {"triplet": {"mining": "hard"}}}, {"triplet", "cross_entropy"}),
    ],
)
def test_losses_are_chosen(changes, named, tmp_path):
    trained = train(recipe(steps=5, **changes), DrawnWalks(), tmp_path)
    assert named <= trained.history[-1].keys()


@pytest.mark.parametrize("order", ["unfixed_ordered", "all_ordered", "fixed_ordered"])
def test_frames_of_a_step_are_of_one_length(order):
    made = recipe(frames={"order": order, "count": 3, "fewest": 2, "most": 9})
    lengths = {BatchMaker(DrawnWalks(), made)[step].walks.shape[2] for step in range(12)}
    assert {
        "unfixed_ordered": len(lengths) > 3,
        "all_ordered": lengths == {9},
        "fixed_ordered": lengths == {3},
    }[order]


def test_several_maps_per_frame_and_a_network_without_classifier(tmp_path):
    necks = {"class_num": 6}
    two = {"model": "DeepGaitV2", "SeparateBNNecks": necks, "Backbone": {
        "in_channels": 2, "mode": "p3d", "layers": [1, 1, 1, 1], "channels": [4, 4, 4, 4]}}  # fmt: skip
    assert train(recipe(steps=2, model=two), DrawnWalks(maps=2), tmp_path / "a").shown.channels == 2
    gaitset = {"model": "GaitSet", "in_channels": [1, 4, 4, 4], "bin_num": [4, 1],
        "SeparateFCs": {"in_channels": 4, "out_channels": 4, "parts_num": 10}}  # fmt: skip
    with pytest.raises(ConfigError, match="GaitSet has no classifier"):
        train(recipe(steps=2, model=gaitset), DrawnWalks(), tmp_path / "b")
    alone = {"cross_entropy": {"weight": 0}}
    assert train(recipe(steps=2, model=gaitset, losses=alone), DrawnWalks(), tmp_path / "b").history


def test_training_may_begin_from_a_checkpoint(tmp_path):
    train(recipe(steps=4), DrawnWalks(), tmp_path / "first")
    stored = stored_checkpoints(tmp_path / "first")[-1]
    still = recipe(steps=1, init=str(stored), fix_bn=True, optimizer={"lr": 0.0})
    begun = train(still, DrawnWalks(), tmp_path / "second")
    assert_same(dict(begun.network.state_dict()), dict(state_of(tmp_path / "first")["model"]))
    others = recipe(steps=1, init=str(stored), init_strict=False)
    train(others, DrawnWalks(people=5), tmp_path / "third")  # its classifier has another width


def test_another_recipe_does_not_go_on(tmp_path):
    train(recipe(steps=4), DrawnWalks(), tmp_path)
    with pytest.raises(ConfigError, match="made with another optimizer"):
        train(recipe(steps=8, optimizer={"lr": 0.1}), DrawnWalks(), tmp_path)
    assert state_of(tmp_path)["step"] == 4
    last = stored_checkpoints(tmp_path)[-1]
    last.write_bytes(last.read_bytes()[:1000])
    with pytest.raises(StoreError, match="no whole checkpoint"):
        state_of(tmp_path)


def test_checkpoints_hold_data_alone(straight, tmp_path):
    class Evil:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "touched",))

    folder = tmp_path / "checkpoints"
    folder.mkdir()
    torch.save({"recipe": "{}", "model": Evil()}, folder / "step-0000001.pt")
    with pytest.raises(StoreError, match="no whole checkpoint"):
        state_of(tmp_path)
    assert not (tmp_path / "touched").exists()


def test_what_does_not_fit_is_said(tmp_path):
    narrow = {**TINY_GAITBASE["SeparateBNNecks"], "class_num": 3}
    with pytest.raises(ConfigError, match="class_num is 3, the training data has 6 people"):
        train(recipe(model={**TINY_GAITBASE, "SeparateBNNecks": narrow}), DrawnWalks(), tmp_path)
    with pytest.raises(InputError, match="has 3 people, a batch has 4"):
        train(recipe(), DrawnWalks(people=3), tmp_path)
    with pytest.raises(NetworkError, match="lower the learning rate"):
        train(recipe(steps=10, optimizer={"lr": 1e30}), DrawnWalks(), tmp_path / "wild")
    with pytest.raises(InputError, match="cannot be shared by 3 processes"):
        BatchMaker(DrawnWalks(), recipe(), 0, 3)


def test_a_missing_tensorboard_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    told = []
    train(recipe(steps=1), DrawnWalks(), tmp_path, report=told.append)
    assert [step.note for step in told if "TensorBoard" in step.note] == [NO_TENSORBOARD]


def board(folder):
    """Return what TensorBoard reads of a training: (step, name, value), in the order of time."""
    read = EventAccumulator(str(folder / "tensorboard"))
    read.Reload()
    return [(e.step, name, e.value) for name in read.Tags()["scalars"] for e in read.Scalars(name)]


def test_tensorboard_gets_the_same_numbers(tmp_path):
    trained = train(recipe(steps=2, log_every=1), DrawnWalks(), tmp_path)
    wanted = [(e["step"], k, np.float32(v)) for e in trained.history for k, v in e.items() if k != "step"]
    assert sorted(board(tmp_path)) == sorted(wanted)


def test_tensorboard_shows_a_resumed_training_once(tmp_path):
    steps = {"log_every": 1, "save_every": 2}
    train(recipe(steps=4, **steps), DrawnWalks(), tmp_path)
    for late in (tmp_path / "checkpoints").glob("step-0000004*"):  # as if it had been killed after step 2
        late.unlink()
    train(recipe(steps=4, **steps), DrawnWalks(), tmp_path)
    shown = [step for step, name, _ in sorted(board(tmp_path)) if name == "loss"]
    assert shown == [1, 2, 3, 4]


def test_the_network_is_measured_while_it_learns(tmp_path):
    made = recipe(steps=8, evaluation={"protocol": "casia-b", "every": 4})
    trained = train(made, DrawnWalks(), tmp_path, test=DrawnWalks(people=4, first=6))
    assert set(trained.numbers) == {f"scalar/test_accuracy/{c}@R1" for c in ("NM", "BG", "CL")}
    assert all(0 <= value <= 100 for value in trained.numbers.values())
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines if "scalar/test_accuracy/NM@R1" in line] == [4, 8]
    unmeasured = train(recipe(steps=8), DrawnWalks(), tmp_path / "plain")
    assert_same(dict(trained.network.state_dict()), dict(unmeasured.network.state_dict()))


def test_batches_differ_from_step_to_step():
    maker = BatchMaker(DrawnWalks(), recipe())
    assert len(maker) == 20
    first, second = maker[0], maker[1]
    assert (first.walks != second.walks).any()
    assert np.isin(first.walks.numpy(), np.arange(256)).all()
