"""OpenGait checkpoints as encoders: the field's numbers on both engines, every walk by itself."""

import json
import zipfile
from functools import partial

import numpy as np
import pytest
import yaml

from support.published import opengait_state, opengait_walk
from support.shared import SHARED, shared

torch = pytest.importorskip("torch", reason="the extra torch is not installed")

from gaitway.adapters.checkpoints.engine import Engine  # noqa: E402
from gaitway.adapters.checkpoints.opengait import load_opengait_encoder  # noqa: E402
from gaitway.adapters.checkpoints.opengait_yaml import GAITBASE, read_config  # noqa: E402
from gaitway.adapters.runtimes.openvino import OpenVinoRuntime  # noqa: E402
from gaitway.errors import ConfigError, ModelFileError  # noqa: E402
from gaitway.models import build_opengait  # noqa: E402
from gaitway.protocols import Encoder  # noqa: E402

ROOT = SHARED / "fixtures/opengait"
MAX_RELATIVE = 1e-5
ONE_THREAD = partial(OpenVinoRuntime, threads=1)
WITH_VALUES = sorted(
    f.parent.name for f in ROOT.glob("*/expected.npz") if (f.parent / "config.json").exists()
) or ["gaitbase_casiab"]


def save(folder, model: str):
    """Write a checkpoint as OpenGait does, by the fixtures' fill rule; return it and its model_cfg."""
    cfg = json.loads(shared(f"fixtures/opengait/{model}/config.json").read_text())["model_cfg"]
    structural = {k: t for k, t in build_opengait(cfg).state_dict().items() if k.endswith("position_index")}
    filled = {k: torch.from_numpy(np.asarray(v)) for k, v in opengait_state(ROOT / model).items()}
    torch.save({"model": {**structural, **filled}, "iteration": 60000}, folder / f"{model}-60000.pt")
    return folder / f"{model}-60000.pt", cfg


def relative_error(got: np.ndarray, wanted: np.ndarray) -> float:
    return float(np.abs(got - wanted).max() / np.abs(wanted).max())


@pytest.mark.slow
@pytest.mark.parametrize("model", WITH_VALUES)
def test_exported_networks_give_the_published_embeddings(tmp_path, model):
    checkpoint, cfg = save(tmp_path, model)
    expected = np.load(ROOT / model / "expected.npz")
    encoder = load_opengait_encoder(checkpoint, cfg, engine=Engine(open_network=ONE_THREAD, home=tmp_path))
    assert isinstance(encoder, Encoder)
    names = [name for name in "ABCDE" if f"emb_{name}" in expected]
    together = encoder.encode([opengait_walk(ROOT, model, name) for name in names])
    for row, name in enumerate(names):
        assert relative_error(together[row].T[None], expected[f"emb_{name}"]) <= MAX_RELATIVE
    alone = encoder.encode([opengait_walk(ROOT, model, names[-1])])
    assert np.array_equal(alone[0], together[-1])


def test_torch_engine_gives_the_published_embeddings(tmp_path):
    checkpoint, _ = save(tmp_path, "gaitbase_casiab")
    expected = np.load(ROOT / "gaitbase_casiab/expected.npz")
    encoder = load_opengait_encoder(checkpoint, engine=Engine(device="cpu", home=tmp_path))
    got = encoder.encode([opengait_walk(ROOT, "gaitbase_casiab", name) for name in "CD"])
    for row, name in enumerate("CD"):
        assert relative_error(got[row].T[None], expected[f"emb_{name}"]) <= MAX_RELATIVE


@pytest.mark.parametrize("frames", [1, 2, 3, 4, 5, 7])
def test_short_walks_through_windows_over_time(swin, frames):
    """Every length has its own padding and windows; the export must follow the network."""
    encoder, network = swin
    walk = np.random.default_rng(frames).integers(0, 256, (frames, 64, 64), dtype=np.uint8)
    unit = torch.from_numpy(walk[None, None, :, :, 10:54].astype(np.float32) / 255)
    with torch.no_grad():
        wanted = network(unit).numpy()
    assert relative_error(encoder.encode([walk])[0].T[None], wanted) <= MAX_RELATIVE


@pytest.fixture(scope="module")
def swin(tmp_path_factory):
    """A small SwinGait, exported, and the same in torch."""
    folder = tmp_path_factory.mktemp("swin")
    cfg = {
        "model": "SwinGait",
        "Backbone": {"mode": "p3d", "in_channels": 1, "layers": [1, 1, 1, 2], "channels": [16, 32]},
        "bin_num": [15],
        "SeparateBNNecks": {"in_channels": 256, "class_num": 3, "parts_num": 15},
    }
    torch.manual_seed(0)
    network = build_opengait(cfg)
    torch.save(network.state_dict(), folder / "swin.pt")
    engine = Engine(open_network=ONE_THREAD, home=folder)
    return load_opengait_encoder(folder / "swin.pt", cfg, engine=engine), network


def test_a_wide_classifier_is_left_out_and_the_zip_is_read(tmp_path):
    """GREW's 20000 classes: the checkpoint loads without a config, from the published kind of zip."""
    wide = {**GAITBASE, "SeparateBNNecks": {**GAITBASE["SeparateBNNecks"], "class_num": 700}}
    torch.save({"model": build_opengait(wide).state_dict()}, tmp_path / "GaitBase_DA-180000.pt")
    with zipfile.ZipFile(tmp_path / "pretrained.zip", "w") as archive:
        archive.write(tmp_path / "GaitBase_DA-180000.pt", "Baseline/checkpoints/GaitBase_DA-180000.pt")
    engine = Engine(open_network=ONE_THREAD, home=tmp_path)
    walk = np.zeros((2, 64, 64), np.uint8)
    from_zip = load_opengait_encoder(tmp_path / "pretrained.zip", engine=engine)
    from_file = load_opengait_encoder(tmp_path / "GaitBase_DA-180000.pt", engine=engine)
    assert from_zip.model_id == from_file.model_id
    assert np.array_equal(from_zip.encode([walk]), from_file.encode([walk]))


def test_checkpoint_of_another_network(tmp_path):
    torch.save({"model": {"fc.weight": torch.zeros(2, 2)}}, tmp_path / "other.pt")
    with pytest.raises(ModelFileError, match="another network"):
        load_opengait_encoder(tmp_path / "other.pt", engine=Engine(home=tmp_path))
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("a.pt", "x")
        archive.writestr("b.pt", "x")
    with pytest.raises(ModelFileError, match="2 checkpoints"):
        load_opengait_encoder(tmp_path / "two.zip", engine=Engine(home=tmp_path))


def test_configs_from_file_content_and_part(tmp_path):
    whole = {"model_cfg": GAITBASE, "evaluator_cfg": {"transform": [{"type": "BaseSilTransform"}]}}
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(whole))
    assert read_config(tmp_path / "c.yaml") == read_config(whole)
    assert read_config(whole).input.cuts_sides is False
    assert read_config(GAITBASE).input.cuts_sides is True
    limited = {**whole, "evaluator_cfg": {"sampler": {"frames_all_limit": 90}}}
    assert read_config(limited).input.max_frames == 90


@pytest.mark.parametrize("model", sorted(f.parent.name for f in ROOT.glob("*/config.json")))
def test_input_is_chosen_from_the_model_cfg_as_published(model):
    config = json.loads(shared(f"fixtures/opengait/{model}/config.json").read_text())
    chosen = read_config(config["model_cfg"]).input
    walk = opengait_walk(ROOT, model, "D")
    assert chosen.channels == (walk.shape[1] if walk.ndim == 4 else 1)
    published = {t["type"] for t in config["evaluator_transform"]}
    if walk.shape[-1] == 64:  # MultiGait++'s files are cut already
        assert chosen.cuts_sides == ("BaseSilCuttingTransform" in published)


@pytest.mark.parametrize(
    ("content", "reason"),
    [("- 1", "no settings"), ("a: [", "not yaml"), ("data_cfg: {}", "names no model")],
)
def test_impossible_yamls_are_one_line(tmp_path, content, reason):
    (tmp_path / "c.yaml").write_text(content)
    with pytest.raises(ConfigError, match=reason) as caught:
        read_config(tmp_path / "c.yaml")
    assert "\n" not in str(caught.value)


def test_unknown_transform_and_missing_yaml(tmp_path):
    with pytest.raises(ConfigError, match="RgbTransform"):
        read_config({"model_cfg": GAITBASE, "evaluator_cfg": {"transform": [{"type": "RgbTransform"}]}})
    with pytest.raises(ConfigError, match="no config"):
        read_config(tmp_path / "nowhere.yaml")
