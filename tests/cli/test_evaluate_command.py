"""gaitway evaluate from the command line."""

import json

import numpy as np
import pytest

from gaitway.cli.main import run

ROW = "{frame},{track},{x},10,20,40,1,-1,-1,-1\n"
TRUTH = "{frame},{track},{x},10,20,40,1,1,1\n"


def walk(line, swap_at=None):
    rows = []
    for frame in range(1, 21):
        for track in (1, 2):
            shown = 3 - track if swap_at and frame >= swap_at else track
            rows.append(line.format(frame=frame, track=shown, x=50 * track + frame))
    return "".join(rows)


@pytest.fixture
def folders(tmp_path):
    for name, text in (("gt", walk(TRUTH)), ("right", walk(ROW)), ("swapped", walk(ROW, swap_at=11))):
        (tmp_path / name).mkdir()
        (tmp_path / name / "walk.txt").write_text(text)
    return tmp_path


def test_perfect_tracks_score_100_and_a_swap_shows(folders, capsys):
    pytest.importorskip("trackeval")
    scores = {}
    for name in ("right", "swapped"):
        assert (
            run(["evaluate", "tracking", "--gt", f"{folders}/gt", "--pred", f"{folders}/{name}", "--json"])
            == 0
        )
        scores[name] = json.loads(capsys.readouterr().out)["combined"]
    assert scores["right"]["HOTA"] == pytest.approx(1.0)
    assert scores["right"]["IDSW"] == 0
    assert scores["swapped"]["IDSW"] == 2
    assert scores["swapped"]["AssA"] < 0.8


def test_the_table_names_every_sequence(folders, capsys):
    pytest.importorskip("trackeval")
    assert run(["evaluate", "tracking", "--gt", f"{folders}/gt", "--pred", f"{folders}/right"]) == 0
    printed = capsys.readouterr().out
    assert "walk" in printed
    assert "COMBINED" in printed


def test_recognition_by_protocol(tmp_path, capsys):
    rng = np.random.default_rng(0)
    people, views = [f"{i:03d}" for i in range(75, 85)], [f"{v:03d}" for v in range(0, 181, 18)]
    types = ["nm-01", "nm-05", "nm-06", "bg-01", "bg-02", "cl-01", "cl-02"]
    rows = [(p, t, v) for p in people for t in types for v in views]
    own = {p: rng.standard_normal((2, 8)) for p in people}
    embeddings = np.stack([own[p] + 0.01 * rng.standard_normal((2, 8)) for p, _, _ in rows])
    labels, conditions, angles = (np.array(column) for column in zip(*rows, strict=True))
    path = tmp_path / "features.npz"
    np.savez(path, embeddings=embeddings.astype(np.float32), labels=labels, types=conditions, views=angles)
    assert run(["evaluate", "recognition", str(path), "--protocol", "casia-b"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert all(value == pytest.approx(100.0) for value in found.values())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.npz", "--protocol", "casia-b"], "nowhere.npz cannot be read"),
        (["nowhere.npz"], "--protocol"),
    ],
)
def test_mistakes_are_one_line(arguments, message, capsys):
    assert run(["evaluate", "recognition", *arguments]) in {1, 2}
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert message in lines[0]
