"""Options that take several values, as the contract writes them."""

import pytest

from gaitway.cli.main import run
from gaitway.cli.options import repeat_options

NAMES = {"--gallery", "-g", "--probe", "-p"}


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ([], []),
        (["-p", "a"], ["-p", "a"]),
        (["-p", "a", "b", "-g", "c", "d"], ["-p", "a", "-p", "b", "-g", "c", "-g", "d"]),
        (["-p", "a", "-p", "b", "c"], ["-p", "a", "-p", "b", "-p", "c"]),
        (["--out", "d", "e", "--quiet", "f"], ["--out", "d", "e", "--quiet", "f"]),
        (["--probe=a", "b"], ["--probe=a", "b"]),
        (["-p", "a", "--", "b"], ["-p", "a", "--", "b"]),
    ],
)
def test_an_option_is_written_before_each_of_its_values(words, wanted):
    assert repeat_options(words, NAMES) == wanted


@pytest.mark.parametrize("order", [("--gallery", "--probe", "--out"), ("--out", "--probe", "--gallery")])
def test_identify_takes_several_videos_after_one_option(order, tmp_path, capsys):
    values = {"--gallery": ["g1.mp4", "g2.mp4"], "--probe": ["p1.mp4", "p2.mp4", "p3.mp4"], "--out": ["out"]}
    words = [
        word for option in order for word in [option, *(str(tmp_path / value) for value in values[option])]
    ]
    assert run(["identify", *words, "--quiet"]) == 1
    failures = capsys.readouterr().err
    for video in (*values["--gallery"], *values["--probe"]):
        assert f"{tmp_path / video}: no such video" in failures
    assert (tmp_path / "out" / "OutputVideos" / "latest" / "results.json").is_file()


def test_identify_refuses_a_word_without_an_option(capsys):
    assert run(["identify", "stray.mp4", "--gallery", "g.mp4", "--probe", "p.mp4"]) == 2
    assert "stray.mp4" in capsys.readouterr().err
