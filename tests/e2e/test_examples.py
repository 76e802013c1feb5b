"""Every example runs, on generated walkers."""

import runpy
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
NEED_NETWORKS = {"identify_people", "follow_people"}


def arguments(name, films, out):
    return {
        "identify_people": (str(films["gallery"]), str(films["probe"]), str(out)),
        "follow_people": (str(films["probe"]),),
        "compare_encoders": (str(out),),
    }.get(name, ())


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda p: p.stem)
def test_example_runs_and_says_something(path, films, tmp_path, capsys, request):
    if path.stem in NEED_NETWORKS:
        request.getfixturevalue("builtin_models")
    runpy.run_path(str(path))["main"](*arguments(path.stem, films, tmp_path / "out"))
    assert capsys.readouterr().out.strip()
    assert len(path.read_text().splitlines()) < 40
