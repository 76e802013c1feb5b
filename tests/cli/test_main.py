"""The command line as a whole: help, version, one-line errors, exit codes."""

import subprocess
import sys

import pytest

import gaitway
from gaitway.cli import main as command
from gaitway.errors import ConfigError, GaitwayError


def test_version(capsys):
    assert command.run(["--version"]) == 0
    assert capsys.readouterr().out.strip() == f"gaitway {gaitway.__version__}"


@pytest.mark.parametrize("name", ["identify", "track", "demo", "doctor", "models", "evaluate"])
def test_every_command_has_help(name, capsys):
    assert command.run([name, "--help"]) == 0
    assert "Usage" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["identify"], "gaitway: Missing option '--gallery' / '-g': 'gaitway identify -h' shows how"),
        (["identfy"], "gaitway: No such command 'identfy'. Did you mean 'identify'?: 'gaitway -h' shows how"),
        (
            ["models", "pul"],
            "gaitway: No such command 'pul'. Did you mean 'pull'?: 'gaitway models -h' shows how",
        ),
    ],
)
def test_a_wrong_command_line_is_one_line_that_says_where_to_look(words, wanted, capsys):
    assert command.run(words) == 2
    assert capsys.readouterr().err == f"{wanted}\n"


@pytest.mark.parametrize("words", [[], ["models"], ["evaluate"]])
def test_a_group_without_a_command_shows_its_help(words, capsys):
    assert command.run(words) == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("Usage: gaitway")
    assert len(lines) > 8


@pytest.mark.parametrize(
    ("error", "code"),
    [(GaitwayError("two\nlines"), 1), (ConfigError("wrong"), 2), (KeyboardInterrupt(), 130)],
)
def test_errors_are_one_line_and_an_exit_code(error, code, monkeypatch, capsys):
    def fail(*_args, **_options):
        raise error

    monkeypatch.setattr("gaitway.wiring.doctor.examine", fail)
    assert command.run(["doctor"]) == code
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("gaitway: ")


def test_debug_shows_where_an_error_came_from(monkeypatch):
    monkeypatch.setenv("GAITWAY_DEBUG", "1")

    def fail():
        raise GaitwayError("broken")

    monkeypatch.setattr("gaitway.wiring.doctor.examine", fail)
    with pytest.raises(GaitwayError, match="broken"):
        command.run(["doctor"])


def test_doctor_looks_at_everything(capsys):
    code = command.run(["doctor"])
    printed = capsys.readouterr().out
    assert code in {0, 1}
    for what in ("gaitway", "packages", "cores", "pack builtin", "networks", "video", "torch"):
        assert what in printed


def python(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_importing_gaitway_loads_nothing_heavy():
    loaded = python("import sys, gaitway; print(*sorted(sys.modules))").split()
    assert not {"torch", "openvino", "av", "cv2", "scipy", "numpy"} & set(loaded)


def test_the_whole_wiring_imports_no_torch():
    loaded = python("import sys, gaitway; gaitway.identify; print(*sys.modules)").split()
    assert "torch" not in loaded
    assert "sqlalchemy" not in loaded
