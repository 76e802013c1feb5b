"""enroll, search and gallery from the command line, with the real built-in networks."""

import json

import pytest

from gaitway.cli.main import run
from support.films import people, scene, write_film

pytestmark = [pytest.mark.models, pytest.mark.slow, pytest.mark.usefixtures("builtin_models")]


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    folder = tmp_path_factory.mktemp("alone")
    return [write_film(folder / f"p{i}.mp4", scene([w], seed=i + 5)) for i, w in enumerate(people(2))]


@pytest.fixture
def in_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def gaitway(tmp_path, capsys):
    """Run a command on the test's gallery; return its exit code, output and errors."""

    def call(*arguments, code=0):
        words = [str(a) for a in arguments]
        got = run([*words, "--gallery", str(tmp_path / "people.db")])
        printed = capsys.readouterr()
        assert got == code, printed.err
        assert "Traceback" not in printed.err
        return printed.out, printed.err

    return call


def test_the_life_of_a_gallery(gaitway, films, alone, tmp_path):
    out = tmp_path / "out"
    gaitway("enroll", alone[0], "--name", "Ada Lovelace", "--quiet", "--out", out)
    gaitway("enroll", films["gallery"], "--name", "Ben", "--track", "2", "--quiet")
    _, errors = gaitway("enroll", films["gallery"], "--name", "Ben", "--quiet", code=1)
    assert "--track" in errors

    found = json.loads(gaitway("search", films["probe"], "--quiet", "--json", "--out", out)[0])
    answers = found["answers"]
    assert not found["is_calibrated"]
    assert len(answers) == 2
    assert all(a["status"] in {"review", "unknown"} for a in answers)  # nothing is certain uncalibrated
    named = [a["name"] for a in answers if a["name"]]
    assert len(named) == len(set(named))

    listed = json.loads(gaitway("gallery", "list", "--json")[0])
    assert [(p["name"], p["templates"]) for p in listed] == [("Ada Lovelace", 1), ("Ben", 1)]
    gaitway("gallery", "rename", "Ben", "Benjamin", "--notes", "tall")
    assert "tall" in gaitway("gallery", "show", "Benjamin")[0]
    if "Ada Lovelace" in named:
        assert "probe track" in gaitway("gallery", "where", "Ada Lovelace")[0]
    gaitway("gallery", "unknown")
    gaitway("gallery", "export", tmp_path / "a.zip")
    assert [p.parent.name for p in (out / "GaitFeatures").glob("*/*.npz")].count("p0") == 1
    printed, _ = gaitway("gallery", "forget", "Ada Lovelace")
    assert "none of their bytes is left" in printed
    assert not list((out / "GaitFeatures" / "p0").glob("*.npz"))
    assert gaitway("gallery", "verify")[0].strip() == "ok"
    assert "0 sightings" in gaitway("gallery", "purge", "--keep", "30d")[0]
    assert "stay so" in gaitway("gallery", "import", tmp_path / "a.zip")[0]
    printed, _ = gaitway("gallery", "import", tmp_path / "a.zip", "--with-forgotten")
    assert printed.startswith("1 people and 1 templates are new, 1 were here")
    assert "forget" in gaitway("gallery", "audit")[0]
    stats = json.loads(gaitway("gallery", "stats", "--json")[0])
    assert (stats["subjects"], stats["templates"]) == (2, 2)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["gallery", "list"], 2, "there is no gallery"),
        (["search", "x.mp4"], 2, "there is no gallery"),
        (["gallery", "purge", "--keep", "30 days"], 2, "no time span"),
        (["gallery", "import", "nothing.zip"], 1, "nothing.zip"),
        (["enroll", "x.mp4"], 2, "--name"),
    ],
)
def test_wrong_use_is_one_line(arguments, code, words, in_empty_folder, capsys):
    assert run(arguments) == code
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert words in lines[0]


def test_a_second_video_that_cannot_be_read_does_not_stop_the_first(gaitway, alone, tmp_path):
    bad = tmp_path / "bad.mp4"
    bad.write_text("no film")
    printed, errors = gaitway("enroll", alone[0], bad, "--name", "Ada", "--quiet", code=1)
    assert "1 walks enrolled" in printed
    assert "bad.mp4" in errors
