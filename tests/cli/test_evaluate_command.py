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
    assert run(["evaluate", "recognition", str(path), "--protocol", "casia-b", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert all(value == pytest.approx(100.0) for value in found.values())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.npz", "--protocol", "casia-b"], "nowhere.npz cannot be read"),
        (["nowhere.npz"], "--protocol"),
        (["--protocol", "casia-b"], "not both"),
        (["f.npz", "--dataset", "d", "--protocol", "casia-b"], "not both"),
        (["--dataset", "nowhere", "--protocol", "casia-b", "--encoder", "gei"], "no folder nowhere"),
        (["nowhere.npz", "--protocol", "casia-c"], "casia-b"),
    ],
)
def test_mistakes_are_one_line(arguments, message, capsys):
    assert run(["evaluate", "recognition", *arguments]) in {1, 2}
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert message in lines[0]


@pytest.fixture(scope="module")
def walkers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("walkers") / "d"
    make = ["dataset", "synth", "--people", "12", "--walks", "4", "--views", "3", "--frames", "12"]
    assert run([*make, "--out", str(folder), "--quiet"]) == 0
    return folder


def test_a_dataset_and_an_encoder_give_a_report(walkers, tmp_path, capsys):
    arguments = ["evaluate", "recognition", "--dataset", str(walkers), "--encoder", "gei", "--quiet"]
    features = tmp_path / "features.npz"
    first = [
        *arguments,
        "--protocol",
        "casia-b",
        "--out",
        str(tmp_path / "r"),
        "--save-features",
        str(features),
    ]
    assert run([*first, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found) >= {f"scalar/test_accuracy/{name}@R1" for name in ("NM", "BG", "CL")}
    report = json.loads((tmp_path / "r" / "report.json").read_text())
    assert list(report["summaries"]) == ["Overall", "NM", "BG", "CL"]
    assert len(report["summaries"]["CL"]["Rank-1"]) == 3
    assert {"EER", "FNIR@FPIR=1%", "mINP"} <= set(report["summaries"]["Overall"])
    assert set(report["matrices"]) == {"NM", "BG", "CL"}
    assert report["matrices"]["NM"]["views"] == ["000", "090", "180"]
    for name in ("report.html", "report.csv", "cmc.svg", "verification.svg", "open-set.svg"):
        assert (tmp_path / "r" / name).stat().st_size > 300
    with np.load(features, allow_pickle=False) as kept:
        assert set(kept["labels"].tolist()) == {f"{n:05d}" for n in range(7, 13)}  # the test half
    assert run(["evaluate", "recognition", str(features), "--protocol", "casia-b", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == pytest.approx({k: found[k] for k in found if "@R1" in k})


def test_the_text_names_every_condition(walkers, capsys, tmp_path):
    arguments = ["evaluate", "recognition", "--dataset", str(walkers), "--encoder", "gei", "--quiet"]
    assert run([*arguments, "--protocol", "casia-b", "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert all(f"{name}@R1" in printed for name in ("NM", "BG", "CL"))
    assert "Overall: Rank-1" in printed


def submission_features(path, grew):
    rng = np.random.default_rng(0)
    people = [f"{n:05d}" for n in range(1, 26)]
    rows = [(p, t, f"v{p}{t}") for p in people for t in ("01", "02")]
    rows += [("probe", "03", f"clip{p}") for p in people]
    labels, types, views = (np.array(column) for column in zip(*rows, strict=True))
    who = {p: rng.standard_normal((2, 6)) for p in people}
    own = np.stack([who[p if p != "probe" else v[4:]] for p, _, v in rows])
    if not grew:
        types = np.where(labels == "probe", views, types)
    np.savez(path, embeddings=own.astype(np.float32), labels=labels, types=types, views=views)


@pytest.mark.parametrize(("protocol", "extra"), [("grew", []), ("hid", []), ("hid", ["--rerank"])])
def test_submissions_are_files(tmp_path, protocol, extra):
    submission_features(tmp_path / "f.npz", protocol == "grew")
    arguments = ["evaluate", "recognition", str(tmp_path / "f.npz"), "--protocol", protocol, *extra]
    assert run([*arguments, "--out", str(tmp_path / "r")]) == 0
    rows = [row.split(",") for row in (tmp_path / "r/submission.csv").read_text().splitlines()]
    assert rows[0][0].lower() == "videoid"
    assert len(rows) == 26
    for clip, nearest, *_ in rows[1:]:
        assert int(clip.removeprefix("clip")) == int(nearest)


def test_gait3ds_probes_come_from_the_partition(walkers, tmp_path, capsys):
    names = [f"{n:05d}" for n in range(1, 13)]
    probes = [f"{name}-nm-05-{view}" for name in names for view in ("000", "090")]
    partition = tmp_path / "p.json"
    partition.write_text(json.dumps({"TRAIN_SET": [], "TEST_SET": names, "PROBE_SET": probes}))
    arguments = ["evaluate", "recognition", "--dataset", str(walkers), "--encoder", "gei", "--quiet"]
    arguments += ["--protocol", "gait3d", "--json"]
    assert run([*arguments, "--partition", str(partition)]) == 0
    assert set(json.loads(capsys.readouterr().out)) >= {
        "scalar/test_accuracy/Rank-1",
        "scalar/test_accuracy/mINP",
    }
    assert run(arguments) == 2
    assert "--probe-set" in capsys.readouterr().err
