"""The pack bytetrack from the three published files to the results, in one command.

The weights are filled by a rule, not trained: the path is tested, not who is found.
"""

import json
import shutil

import numpy as np
import pytest

from gaitway.adapters.video.sink import VideoWriter
from gaitway.cli.main import run
from support.films import RATE, people, scene, write_film
from support.pack_files import write_gaitbase, write_humanseg, write_yolox

pytestmark = pytest.mark.slow
FRAMES = 2  # YOLOX-x takes seconds for one


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A model cache with the three files, added by hand."""
    pytest.importorskip("torch", reason="the extra torch is not installed")
    folder = tmp_path_factory.mktemp("published")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAITWAY_HOME", str(folder / "home"))
        files = (
            write_yolox(folder / "bytetrack_x_mot17.pth.tar"),
            write_humanseg(folder),
            write_gaitbase(folder),
        )
        for file in files:
            assert run(["models", "add", str(file)]) == 0
            file.unlink()
        yield folder / "home"


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    """Two clips of a few frames, of somebody walking."""
    folder = tmp_path_factory.mktemp("short")
    for seed, name in enumerate(("gallery", "probe")):
        film = scene(people(1), seconds=1.0, seed=seed)
        with VideoWriter(folder / f"{name}.mp4", film.camera.size_wh, RATE) as sink:
            for _, frame in zip(range(FRAMES), film.frames(), strict=False):
                sink.write(frame.image_rgb, frame.time_s)
    return folder


def test_one_command_from_the_published_files(home, films, tmp_path):
    out = tmp_path / "demo"
    arguments = ["identify", "--pack", "bytetrack", "--quiet", "--seed-layout", "--crop", "seed"]
    arguments += [
        "--gallery",
        str(films / "gallery.mp4"),
        "--probe",
        str(films / "probe.mp4"),
        "--out",
        str(out),
    ]
    assert run(arguments) == 0
    latest = out / "OutputVideos" / "latest"
    results = json.loads((latest / "results.json").read_text("utf-8"))
    assert all(p["identity"] is None and p["reason"] for p in results["probes"])  # two frames name nobody
    record = json.loads((latest / "run.json").read_text("utf-8"))
    models = record["models"]
    assert {
        "yolox-x-mot17/bytetrack_x_mot17.pth.tar",
        "pphumanseg/deploy.yaml",
        "pphumanseg/model.pdmodel",
        "pphumanseg/model.pdiparams",
        "gaitbase-grew/GaitBase_DA-180000.pt",
    } <= set(models["sha256"])
    used = {"yolox-x-mot17", "pphumanseg", "gaitbase-grew"}
    assert {models["precision"][name] for name in used} == {"f32"}
    assert {models["device"][name] for name in used} == {"CPU (OpenVINO)"}
    assert record["settings"]["crop"] == "seed"
    tree = out / "output"
    assert {p.name for p in (tree / "InputVideos").iterdir()} == {"gallery.mp4", "probe.mp4"}
    (run_folder,) = (tree / "OutputVideos").iterdir()
    assert {p.name for p in run_folder.iterdir()} == {"gallery.mp4", "G-gallery_P-probe.mp4"}
    assert (run_folder / "gallery.mp4").stat().st_size > 0


@pytest.mark.models
def test_its_masks_and_embeddings_of_people_another_detector_finds(home, builtin_models, tmp_path):
    """Untrained, YOLOX-x finds nobody; so the other two networks are shown the built-in detector's people."""
    shutil.copytree(builtin_models, home / "models" / "blazepose", dirs_exist_ok=True)
    film = write_film(tmp_path / "walk.mp4", scene(people(1), seconds=1.5))
    out = tmp_path / "out"
    arguments = ["identify", "--pack", "bytetrack", "--detector", "blazepose", "--quiet", "--no-video"]
    arguments += ["--gallery", str(film), "--probe", str(film), "--out", str(out), "--seed-layout"]
    assert run(arguments) == 0
    (features,) = (out / "GaitFeatures").glob("*/001.npz")
    with np.load(features) as stored:
        assert stored["parts"].shape == (16, 256)
        assert str(stored["model_id"]).startswith("Baseline-")
    pictures = list((out / "output" / "GaitSilhouette").glob("walk/001/undefined/001-*.png"))
    assert len(pictures) == len(list((out / "GaitSilhouette" / "walk" / "001").glob("*.png"))) > 20


def test_the_encoder_s_precision_is_chosen_and_told(home):
    import gaitway
    from gaitway.wiring.stages import Networks, make_encoder

    networks = Networks("bf16")
    walk = np.random.default_rng(0).integers(0, 2, (4, 64, 64), dtype=np.uint8) * 255
    fast = make_encoder("gaitbase-grew", networks).encode([walk])
    exact = gaitway.load_encoder("gaitbase-grew").encode([walk])
    ((name, runtime),) = networks.loaded()
    assert name == "gaitbase-grew"
    assert runtime.precision in {"bf16", "f32"}  # f32 where the processor has no bf16
    assert np.abs(fast - exact).max() <= 2e-2 * np.abs(exact).max()
    networks.close()


def test_crops_belong_to_pphumanseg(home, films, tmp_path, capsys):
    arguments = ["identify", "--crop", "seed", "--detector", "motion", "--segmenter", "blazepose"]
    arguments += ["-g", str(films / "gallery.mp4"), "-p", str(films / "probe.mp4"), "-o", str(tmp_path / "o")]
    assert run(arguments) in {1, 2}
    err = capsys.readouterr().err
    assert "PP-HumanSeg" in err
    assert err.count("\n") == 1
