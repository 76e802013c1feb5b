"""gaitway dataset from the command line."""

import json
import subprocess
import sys

import numpy as np
import pytest

from gaitway.adapters.datasets import open_dataset
from gaitway.adapters.datasets.arrays import write_array
from gaitway.cli.main import run
from support.films import people, scene, write_film

SYNTH = ["dataset", "synth", "--people", "3", "--walks", "4", "--views", "2", "--frames", "5", "--quiet"]


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def walks(tmp_path):
    assert run([*SYNTH, "--out", str(tmp_path / "d")]) == 0
    return tmp_path / "d"


def test_synth_then_info(walks, capsys):
    capsys.readouterr()
    assert run(["dataset", "info", str(walks), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["walks"] == 24
    assert found["conditions"] == {"bg-01": 6, "cl-01": 6, "nm-01": 6, "nm-05": 6}
    assert run(["dataset", "info", str(walks), "--subset", "test"]) == 0
    printed = capsys.readouterr().out
    assert "16 walks of 2 subjects" in printed
    assert "nm-05 (4)" in printed


def test_prepare_and_check(walks, tmp_path, capsys):
    pickles, back = tmp_path / "pickles", tmp_path / "back"
    source = tmp_path / "source"
    for index, record in enumerate(open_dataset(walks).records):
        name = source / record.subject / record.condition / record.view
        write_array(name / "walk.pkl", open_dataset(walks).load(index))
    assert run(["dataset", "prepare", str(source), "--out", str(pickles), "--format", "pickle", "-q"]) == 0
    partition = ["--partition", str(walks / "partition.json")]
    assert run(["dataset", "prepare", str(pickles), "--out", str(back), "-q", *partition]) == 0
    first, second = open_dataset(walks), open_dataset(back)
    assert set(first.records) == set(second.records)
    for index, record in enumerate(first.records):
        np.testing.assert_array_equal(second.load(second.records.index(record)), first.load(index))
    capsys.readouterr()
    assert run(["dataset", "check", str(back), "-q"]) == 0
    assert "24 walks, 0 faults" in capsys.readouterr().out
    write_array(pickles / "00001" / "nm-01" / "000" / "000.pkl", np.zeros((3, 64, 44), np.uint8))
    assert run(["dataset", "check", str(pickles), "-q", "--json"]) == 1
    (fault,) = json.loads(capsys.readouterr().out)["faults"]
    assert fault["where"] == "00001/nm-01/000"


def test_prepare_names_what_it_could_not_use(walks, tmp_path, capsys):
    (tmp_path / "s/001/nm-01/000").mkdir(parents=True)
    assert run(["dataset", "prepare", str(tmp_path / "s"), "--out", str(tmp_path / "o"), "-q"]) == 1
    printed = capsys.readouterr()
    assert "001/nm-01/000: it has no picture" in printed.err
    assert "0 of 1 walks" in printed.out


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["info", "nowhere"], 1, "no folder nowhere"),
        (["check", "nowhere"], 1, "nowhere"),
        (["prepare", "nowhere", "--out", "o"], 1, "nowhere"),
        (["prepare", "nowhere.csv", "--out", "o"], 1, "nowhere.csv"),
        (["prepare", ".", "--out", "o", "--format", "zip"], 2, "walks or pickle"),
        (["synth", "--out", "o", "--kind", "films"], 2, "walks or scenes"),
        (["synth", "--out", "o", "--people", "0"], 2, "people"),
        (["synth"], 2, "out"),
    ],
)
@pytest.mark.usefixtures("elsewhere")
def test_mistakes_are_one_line(arguments, code, message, capsys):
    assert run(["dataset", *arguments]) == code
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert message in lines[0]


def test_the_process_speaks_the_same_language(walks):
    done = subprocess.run(
        [sys.executable, "-m", "gaitway", "dataset", "info", str(walks), "--subset", "dev"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "train, test, probe, gallery" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("videos")
    two = people(2)
    for name, walkers, seed in (("ada/nm-01/090", two[:1], 1), ("ben/nm-01/090", two[1:], 2)):
        (folder / name).parent.mkdir(parents=True)
        write_film(folder / f"{name}.mp4", scene(walkers, seconds=1.2, seed=seed))
    (folder / "cem/nm-01").mkdir(parents=True)
    (folder / "cem/nm-01/090.mp4").write_bytes(b"no video")
    return folder


@pytest.mark.models
@pytest.mark.slow
@pytest.mark.usefixtures("builtin_models")
class TestVideos:
    def test_a_tree_of_videos_becomes_walks(self, videos, tmp_path, capsys):
        command = ["dataset", "prepare", str(videos), "--out", str(tmp_path / "d"), "-q"]
        for _ in range(2):  # the second run finds the walks there
            assert run(command) == 1
            printed = capsys.readouterr()
            assert "cem/nm-01/090" in printed.err
            assert "2 of 3 walks" in printed.out
        dataset = open_dataset(tmp_path / "d")
        assert [(r.subject, r.condition, r.view) for r in dataset.records] == [
            ("ada", "nm-01", "090"),
            ("ben", "nm-01", "090"),
        ]
        for index, record in enumerate(dataset.records):
            assert record.frames >= 10
            assert 0.1 < (dataset.load(index) > 127).mean() < 0.6

    def test_a_csv_file_labels_videos(self, videos, tmp_path):
        labels = videos / "labels.csv"
        labels.write_text("video,subject,condition,view\nada/nm-01/090.mp4,a,x,1\n")
        command = [
            "dataset",
            "prepare",
            str(labels),
            "--out",
            str(tmp_path / "d"),
            "-q",
            "--format",
            "pickle",
        ]
        assert run(command) == 0
        assert [r.subject for r in open_dataset(tmp_path / "d").records] == ["a"]
