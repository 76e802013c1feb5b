"""gaitway identify from the command line to the files, with the real built-in networks."""

import json
import shutil
from importlib import resources

import av
import cv2
import jsonschema
import numpy as np
import pytest

from gaitway.cli.main import run
from support.clips import cut_off, write_sound
from support.films import write_empty

pytestmark = [pytest.mark.models, pytest.mark.slow, pytest.mark.usefixtures("builtin_models")]


def identify(gallery, probes, out, *more):
    arguments = ["identify", "--out", str(out), "--quiet"]
    for option, paths in (("--gallery", gallery), ("--probe", probes)):
        arguments += [option, *map(str, paths)]
    return run([*arguments, *more])


def results(out):
    return json.loads((out / "OutputVideos" / "latest" / "results.json").read_text("utf-8"))


@pytest.fixture(scope="session")
def done(films, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    assert identify([films["gallery"]], [films["probe"]], out) == 0
    return out


def test_results_follow_their_schema_and_name_every_track(done):
    schema = json.loads(
        resources.files("gaitway.reporting").joinpath("schema/results-1.json").read_text("utf-8")
    )
    document = results(done)
    jsonschema.validate(document, schema)
    assert len(document["gallery"]) == 2
    assert len(document["probes"]) == 2
    named = [p["identity"] for p in document["probes"] if p["identity"]]
    assert len(set(named)) == len(named), "two people seen together were given one name"


def test_every_contracted_file_is_there(done):
    latest = done / "OutputVideos" / "latest"
    assert latest.is_symlink()
    names = {p.name for p in latest.iterdir()}
    assert names == {
        "gallery.mp4",
        "gallery.txt",
        "probe.txt",
        "G-gallery_P-probe.mp4",
        "results.json",
        "results.csv",
        "report.html",
        "run.json",
    }
    run_record = json.loads((latest / "run.json").read_text())
    assert set(run_record["models"]["sha256"]) == {
        "blazepose/pose_detection.tflite",
        "blazepose/pose_landmark_full.tflite",
        "gait_template.bin",
        "gait_template.xml",
    }


def test_annotated_videos_keep_frames_size_and_times(done, films):
    for source, written in (("gallery", "gallery.mp4"), ("probe", "G-gallery_P-probe.mp4")):
        with (
            av.open(str(films[source])) as before,
            av.open(str(done / "OutputVideos" / "latest" / written)) as after,
        ):
            old = [(f.time, f.width, f.height) for f in before.decode(video=0)]
            new = [(f.time, f.width, f.height) for f in after.decode(video=0)]
            assert after.streams.video[0].codec_context.name == "h264"
        assert [n[1:] for n in new] == [o[1:] for o in old]
        np.testing.assert_allclose([n[0] for n in new], [o[0] for o in old], atol=1e-3)


def test_silhouettes_and_features_belong_together(done):
    for video in ("gallery", "probe"):
        tracks = sorted((done / "GaitSilhouette" / video).iterdir())
        assert len(tracks) == 2
        for track in tracks:
            pictures = {int(p.stem): cv2.imread(str(p), cv2.IMREAD_UNCHANGED) for p in track.iterdir()}
            assert all(p.shape == (64, 64) and p.dtype == np.uint8 for p in pictures.values())
            with np.load(done / "GaitFeatures" / video / f"{track.name}.npz", allow_pickle=False) as features:
                assert features["parts"].ndim == 2
                assert features["parts"].dtype == np.float32
                assert sorted(pictures) == features["frames"].tolist()
                assert features["quality"].shape == features["frames"].shape
                assert str(features["model_id"])


def test_the_tracks_text_is_motchallenge(done):
    text = (done / "OutputVideos" / "latest" / "gallery.txt").read_text()
    rows = np.array([[float(v) for v in line.split(",")] for line in text.splitlines()])
    assert rows.shape[1] == 10
    assert rows[:, 0].min() >= 1
    assert rows[:, 0].max() <= 50
    assert set(rows[:, 1]) == {1, 2}
    assert (rows[:, 7:] == -1).all()


def test_a_second_run_uses_what_is_there_and_says_the_same(done, films, capsys):
    before = results(done)
    assert identify([films["gallery"]], [films["probe"]], done, "--no-video") == 0
    assert results(done) == before
    assert len(list((done / "OutputVideos").iterdir())) == 3  # two runs and latest


def test_another_encoder_tracks_nothing_again(done, films, tmp_path, capsys):
    out = tmp_path / "out"
    shutil.copytree(done, out, symlinks=True)
    arguments = ["--gallery", str(films["gallery"]), "--probe", str(films["probe"]), "--out", str(out)]
    assert run(["identify", *arguments, "--no-video", "--encoder", "gei"]) == 0
    told = capsys.readouterr().err
    assert told.count("taken from an earlier run") == 2
    record = json.loads((out / "OutputVideos" / "latest" / "run.json").read_text())
    assert record["stages"]["encoder_id"].startswith("gei")
    assert set(record["timings"]["network_s"].values()) <= {0.0}


def test_bad_inputs_are_named_and_the_others_finished(films, tmp_path, capsys):
    text, empty = tmp_path / "text.mp4", tmp_path / "empty.mp4"
    text.write_text("I am a letter, not a film.")
    empty.write_bytes(b"")
    sound = write_sound(tmp_path / "sound.mp4")
    truncated = tmp_path / "truncated.mp4"
    truncated.write_bytes(films["probe"].read_bytes())
    cut_off(truncated, at=0.5)
    bad = [tmp_path / "nowhere.mp4", text, empty, sound]
    out = tmp_path / "out"
    assert identify([films["gallery"]], [*bad, films["probe"], truncated], out, "--no-video") == 1
    printed = capsys.readouterr()
    for path in bad:
        lines = [line for line in printed.err.splitlines() if path.name in line]
        assert lines, f"{path.name} is not named"
        assert "Traceback" not in printed.err
    document = results(out)
    assert {p["video"] for p in document["probes"]} >= {"probe"}
    record = json.loads((out / "OutputVideos" / "latest" / "run.json").read_text())
    assert set(record["failures"]) >= {str(p) for p in bad}
    # The truncated file either could not be read at all, or its early end is told.
    warned = "truncated" in printed.err or str(truncated) in record["failures"]
    assert warned


def test_nobody_in_a_video_is_an_honest_empty_result(films, tmp_path, capsys):
    nobody = write_empty(tmp_path / "nobody.mp4")
    assert identify([films["gallery"]], [nobody], tmp_path / "out") == 0
    assert results(tmp_path / "out")["probes"] == []
    assert "nobody was found" in capsys.readouterr().out


def test_names_never_become_paths_and_never_collide(films, tmp_path):
    one, two = tmp_path / "a", tmp_path / "b"
    odd = ["gait v1.2.mp4", "..дом..mp4", "gait v1.2.mp4"]
    paths = []
    for folder, name in zip((one, one, two), odd, strict=True):
        folder.mkdir(exist_ok=True)
        (folder / name).write_bytes(films["probe"].read_bytes())
        paths.append(folder / name)
    out = tmp_path / "out"
    assert identify([films["gallery"]], paths, out, "--no-video") == 0
    names = {p.name for p in (out / "GaitSilhouette").iterdir()}
    assert len(names) == 4
    assert not any(n.startswith(".") or "/" in n for n in names)
    assert {p.name for p in tmp_path.iterdir()} == {"a", "b", "out"}


def test_another_models_results_are_never_mixed_in(done, films, tmp_path):
    assert identify([films["gallery"]], [films["probe"]], tmp_path, "--no-video", "--detector", "motion") == 0
    record = json.loads((tmp_path / "OutputVideos" / "latest" / "run.json").read_text())
    assert record["stages"]["detector"] == "motion"
    assert identify([films["gallery"]], [films["probe"]], tmp_path, "--no-video") == 0
    assert results(tmp_path) == results(done)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["identify", "--gallery", "x.mp4", "--probe", "y.mp4", "--pack", "huge"],
            "no pack is called 'huge'",
        ),
        (["identify", "--gallery", "x.mp4", "--probe", "y.mp4", "--detector", "eyes"], "no detector"),
        (["identify", "--gallery", "x.mp4", "--probe", "y.mp4", "--precision", "f8"], "wanted one of"),
        (["identify", "--probe", "y.mp4"], "--gallery"),
        (["identify", "--colour", "blue"], "--colour"),
    ],
)
def test_wrong_use_is_exit_code_2_and_one_line(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(arguments) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert message in lines[-1]
    assert len(lines) == 1


def test_an_output_folder_that_cannot_be_written_is_one_line(films, tmp_path, capsys):
    (tmp_path / "file").write_text("in the way")
    assert identify([films["gallery"]], [films["probe"]], tmp_path / "file") == 1
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
