"""The walk-through of docs/train.md, command by command, at a small size."""

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest
import torch
import yaml

from gaitway.cli.main import run

DOCS = Path(__file__).resolve().parents[2] / "docs" / "train.md"
SMALLER = {"120": "16", "4 --frames 24": "2 --frames 6", "0.25": "0.5"}


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)


def commands():
    return [line for block in blocks("bash") for line in block.splitlines()]


def follow(command, *more):
    for large, small in SMALLER.items():
        command = command.replace(large, small)
    name, *arguments = shlex.split(command)
    assert name == "gaitway"
    return run([*arguments, *more])


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The walk-through up to the trained encoder."""
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("walkthrough")
    (settings,) = (yaml.safe_load(text) for text in blocks("yaml"))
    settings["data"]["workers"] = 0
    (folder / "walkers.yaml").write_text(yaml.safe_dump(settings | {"steps": 6, "frames": {"count": 4}}))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert follow(commands()[0], "--quiet") == 0
        assert follow(commands()[1], "--quiet") == 0
    return folder


@pytest.mark.slow
def test_evaluation_gives_what_the_training_measured(trained, monkeypatch, capsys):
    monkeypatch.chdir(trained)
    capsys.readouterr()
    assert follow(commands()[2], "--json", "--quiet") == 0
    found = json.loads(capsys.readouterr().out)
    told = json.loads((trained / "trained/export/training.json").read_text())["numbers"]
    assert len(told) == 3
    assert {name: found[name] for name in told} == pytest.approx(told, abs=0.01)


@pytest.mark.slow
@pytest.mark.models
def test_the_encoder_names_people(trained, monkeypatch, films, builtin_models):
    monkeypatch.chdir(trained)
    for role in ("gallery", "probe"):
        shutil.copy(films[role], f"{role}.mp4")
    assert follow(commands()[3], "--quiet", "--no-video") == 0
    latest = trained / "who/OutputVideos/latest"
    assert json.loads((latest / "results.json").read_text())["probes"]
    model_id = json.loads((latest / "run.json").read_text())["stages"]["encoder_id"]
    assert model_id == json.loads((trained / "trained/export/encoder.json").read_text())["model_id"]


def test_the_commands_are_these():
    assert [shlex.split(line)[1] for line in commands()] == ["dataset", "train", "evaluate", "identify"]
