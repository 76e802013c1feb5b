import json

import numpy as np
import pytest
import torch
from safetensors import safe_open

from gaitway.adapters.checkpoints.engine import Engine
from gaitway.adapters.checkpoints.exported import is_exported, load_exported
from gaitway.adapters.runtimes.openvino import OpenVinoRuntime
from gaitway.errors import ModelFileError
from gaitway.training.distributed import World
from gaitway.training.export import export
from gaitway.training.loop import Trained, train
from gaitway.training.read_recipe import recipe_from
from gaitway.training.validate import embed_walks
from support.walkers import TINY_TRAINING, DrawnWalks, draw_walk


class Engines:
    """An engine on one thread that closes what it opened."""

    def __init__(self, home):
        self.opened = []
        self.engine = Engine(self._open, home=home)

    def _open(self, path):
        self.opened.append(OpenVinoRuntime(path, threads=1))
        return self.opened[-1]


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("trained")
    recipe = recipe_from({**TINY_TRAINING, "steps": 4, "name": "drawn"})
    trained = train(recipe, DrawnWalks(), folder)
    return trained, recipe, export(trained, recipe, folder / "export")[0].parent


@pytest.fixture
def engines(tmp_path):
    made = Engines(tmp_path)
    yield made.engine
    for runtime in made.opened:
        runtime.close()


@pytest.mark.parametrize("name", ["encoder.xml", "encoder.onnx", "encoder.safetensors", ""])
def test_every_file_gives_what_the_network_gave(name, exported, engines):
    trained, _, folder = exported
    walks = DrawnWalks(people=2)
    wanted = embed_walks(trained.network, walks, trained.shown, World())
    assert is_exported(folder / name)
    encoder = load_exported(folder / name, engine=engines)
    found = encoder.encode([walks.load(i) for i in range(len(walks.records))])
    np.testing.assert_allclose(found, wanted, atol=1e-5 * np.abs(wanted).max())
    assert encoder.model_id.startswith("drawn-")
    assert encoder.encode([draw_walk(0, 0, 0, 1)]).shape == (1, 16, 8)


def test_what_is_written_beside_the_networks(exported):
    folder = exported[2]
    assert {p.name for p in folder.iterdir()} == {
        "README.md",
        "training.json",
        *(f"encoder.{suffix}" for suffix in ("bin", "json", "onnx", "safetensors", "xml")),
    }
    with safe_open(folder / "encoder.safetensors", framework="np") as stored:
        assert "BNNecks.fc_bin" not in stored.keys()  # noqa: SIM118 - no mapping
        assert json.loads(stored.metadata()["gaitway"])["model_cfg"]["model"] == "Baseline"
    card = (folder / "README.md").read_text()
    for told in ("6 people", "Not measured", "RandomPerspective", "gaitway calibrate", "seed 0"):
        assert told in card
    assert json.loads((folder / "training.json").read_text())["recipe"]["steps"] == 4


def test_the_same_weights_have_the_same_name(exported, tmp_path):
    trained, recipe, folder = exported
    export(trained, recipe, tmp_path)
    for name in ("encoder.json", "encoder.safetensors"):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()


OTHER_INPUT = json.dumps(
    {
        "format": "gaitway-encoder",
        "version": 1,
        "model_id": "a",
        "model_cfg": {"model": "Baseline"},
        "input": {"channel": 1},
    }
)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "describes no encoder"),
        ("{}", "describes no encoder"),
        ('{"format": "x", "version": 1, "model_id": "a", "model_cfg": {}, "input": {}}', "is of format"),
        (OTHER_INPUT, "channels"),
    ],
)
def test_a_damaged_description_is_said(content, said, tmp_path):
    (tmp_path / "encoder.json").write_text(content)
    (tmp_path / "encoder.xml").write_text("")
    with pytest.raises(ModelFileError, match=said):
        load_exported(tmp_path)


def test_half_an_export_is_said(tmp_path):
    assert not is_exported(tmp_path)
    (tmp_path / "encoder.json").write_text("{}")
    with pytest.raises(ModelFileError, match="no network beside it"):
        load_exported(tmp_path)


def test_networks_with_other_graphs_for_short_walks_repeat_them(tmp_path, engines):
    """SwinGait's windows shrink for walks of 3 frames or fewer; one exported graph cannot."""
    cfg = {
        "model": "SwinGait",
        "Backbone": {"mode": "p3d", "in_channels": 1, "layers": [1, 1, 2, 2], "channels": [64, 128]},
        "bin_num": [15],
        "SeparateBNNecks": {"in_channels": 256, "class_num": 6, "parts_num": 16},
    }
    recipe = recipe_from({**TINY_TRAINING, "model": cfg})
    from gaitway.training.loop import shown_to
    from gaitway.training.network import build_training_network

    network = build_training_network(cfg, 6, classifies=True).network.eval()
    export(Trained(network, shown_to(recipe), {}, 6), recipe, tmp_path / "export")
    encoder = load_exported(tmp_path / "export", engine=engines)
    short = draw_walk(0, 0, 0, 2)
    np.testing.assert_allclose(
        encoder.encode([short]), encoder.encode([np.tile(short, (2, 1, 1))]), rtol=1e-5
    )
    long = draw_walk(0, 0, 0, 9)
    with torch.no_grad():
        walk = torch.from_numpy(long[None, None, :, :, 10:54].astype(np.float32) / 255)
        wanted = network(walk).numpy().transpose(0, 2, 1)
    np.testing.assert_allclose(encoder.encode([long]), wanted, atol=1e-5 * np.abs(wanted).max())
