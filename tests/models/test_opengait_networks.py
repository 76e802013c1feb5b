"""The field's gait networks: published keys, published numbers, and no walk sees another."""

import json

import numpy as np
import pytest

from support.published import opengait_state, opengait_walk
from support.shared import SHARED, shared

torch = pytest.importorskip("torch", reason="the extra torch is not installed")

from gaitway.adapters.checkpoints.opengait_yaml import GAITBASE, read_config  # noqa: E402
from gaitway.errors import ConfigError  # noqa: E402
from gaitway.models import build_opengait  # noqa: E402
from gaitway.recognition.opengait import prepare_walk  # noqa: E402

ROOT = SHARED / "fixtures/opengait"
MODELS = sorted(f.parent.name for f in ROOT.glob("*/state_dict.json")) or ["gaitbase_casiab"]
MAX_RELATIVE = 1e-5  # the fixtures' tolerance, of the largest value
LARGE = {"foundationgait_003b_gait3d", "gaitgl_grew_bnneck", "gaitgl_oumvlp", "skeletongaitpp_grew"}


@pytest.fixture(autouse=True)
def _same_numbers_every_time():
    torch.manual_seed(0)


def config_of(model: str) -> dict:
    return json.loads(shared(f"fixtures/opengait/{model}/config.json").read_text())


def narrow(cfg: dict) -> dict:
    """One class instead of thousands: the embedding does not depend on it."""
    necks = (
        {"SeparateBNNecks": {**cfg["SeparateBNNecks"], "class_num": 2}} if "SeparateBNNecks" in cfg else {}
    )
    return {**cfg, **necks, **({"class_num": 2} if "class_num" in cfg else {})}


def filled(model: str):
    """The network with the fixtures' weights, its classifier narrowed where it is wide."""
    cfg = config_of(model)["model_cfg"]
    wide = model in LARGE or "gait3d" in model
    network = build_opengait(narrow(cfg) if wide else cfg)
    without = ("BNNecks.fc_bin", "Head1.fc_bin") if wide else ()
    state = opengait_state(ROOT / model, without).items()
    network.load_state_dict(
        {**network.state_dict(), **{k: torch.from_numpy(np.asarray(v)) for k, v in state}}
    )
    return network


def shown(model: str, sequence: str):
    """A sequence as the network takes it."""
    return torch.from_numpy(
        prepare_walk(opengait_walk(ROOT, model, sequence), read_config(config_of(model)).input)
    )


def embed(network, walks) -> np.ndarray:
    with torch.no_grad():
        return network(walks).numpy()


def relative_error(got: np.ndarray, wanted: np.ndarray) -> float:
    return float(np.abs(got - wanted).max() / np.abs(wanted).max())


@pytest.mark.parametrize("model", MODELS)
def test_keys_and_shapes_are_the_published_ones(model):
    published = json.loads(shared(f"fixtures/opengait/{model}/state_dict.json").read_text())
    with torch.device("meta"):  # no memory for GREW's classifier
        own = build_opengait(config_of(model)["model_cfg"]).state_dict()
    assert {t["key"]: tuple(t["shape"]) for t in published} == {k: tuple(t.shape) for k, t in own.items()}


@pytest.mark.parametrize("model", [m for m in MODELS if (ROOT / m / "expected.npz").exists()])
def test_embeddings_equal_the_published_ones(model):
    expected = np.load(shared(f"fixtures/opengait/{model}/expected.npz"))
    network = filled(model)
    sequences = [name for name in "ABCDE" if f"emb_{name}" in expected]
    assert sequences
    for name in sequences:
        walk = shown(model, name)
        assert relative_error(embed(network, walk), expected[f"emb_{name}"]) <= MAX_RELATIVE
        if f"logits_{name}" in expected:
            with torch.no_grad():
                logits = network.classify(network.embed(walk))[1].numpy()
            assert relative_error(logits, expected[f"logits_{name}"]) <= MAX_RELATIVE


@pytest.mark.slow
@pytest.mark.parametrize("model", [m for m in MODELS if not (ROOT / m / "expected.npz").exists()])
def test_largest_value_equals_the_published_one(model):
    """Where the expected values are kept back, their maximum is known."""
    noise = config_of(model).get("float32_noise_emb_A")
    if noise is None:
        pytest.skip(f"nothing is published to check {model} against")
    largest = np.abs(embed(filled(model), shown(model, "A"))).max()
    assert largest == pytest.approx(noise["max_abs_f64"], rel=MAX_RELATIVE)


@pytest.mark.parametrize(
    "model", ["gaitbase_casiab", "deepgaitv2_p3d_casiab", "gaitgl_casiab", "swingait_ccpg"]
)
def test_walks_of_a_batch_do_not_mix(model):
    network = filled(model)
    first, second = shown(model, "A")[:, :, :8], shown(model, "B")[:, :, :8]
    together = embed(network, torch.cat([first, second]))
    alone = np.concatenate([embed(network, first), embed(network, second)])
    assert relative_error(together, alone) <= MAX_RELATIVE


def test_published_fixed_length_batch():
    expected = np.load(shared("fixtures/opengait/gaitbase_casiab/expected.npz"))["emb_fixed_A30_B30"]
    both = torch.cat([shown("gaitbase_casiab", name)[:, :, :30] for name in "AB"])
    assert relative_error(embed(filled("gaitbase_casiab"), both), expected) <= MAX_RELATIVE


def test_set_networks_ignore_the_order_of_frames():
    network = build_opengait(GAITBASE)
    walk = torch.rand(1, 1, 5, 64, 44)
    assert np.array_equal(embed(network, walk), embed(network, walk[:, :, [3, 0, 4, 1, 2]]))


def test_published_variants_of_gaitbase_build():
    variants = json.loads(shared("fixtures/opengait/gaitbase_casiab/variants.json").read_text())
    for name, variant in variants.items():
        if variant["backbone"] != "ResNet9":
            continue
        neck = {**GAITBASE["SeparateBNNecks"], "class_num": variant["class_num"]}
        with torch.device("meta"):
            network = build_opengait({**GAITBASE, "SeparateBNNecks": neck})
        assert sum(p.numel() for p in network.parameters()) == variant["parameters"], name


def test_plain_backbone_with_many_strips():
    layers = ["BC-64", "BC-64", "M", "BC-128", "BC-128", "M", "BC-256", "BC-256", "M", "BC-512", "BC-512"]
    cfg = {
        "model": "Baseline",
        "backbone_cfg": {"type": "Plain", "in_channels": 1, "layers_cfg": layers},
        "SeparateFCs": {"in_channels": 512, "out_channels": 256, "parts_num": 31},
        "SeparateBNNecks": {"class_num": 5, "in_channels": 256, "parts_num": 31},
        "bin_num": [16, 8, 4, 2, 1],
    }
    assert embed(build_opengait(cfg), torch.rand(1, 1, 2, 128, 88)).shape == (1, 256, 31)


@pytest.mark.parametrize(
    ("cfg", "reason"),
    [
        ({"model": "GaitMap"}, "not one of"),
        ({}, "not one of"),
        ({"model": "Baseline"}, "backbone_cfg|bin_num"),
        ({**GAITBASE, "backbone_cfg": {"type": "ResNet50"}}, "ResNet50"),
    ],
)
def test_impossible_configs_are_one_line(cfg, reason):
    with pytest.raises(ConfigError, match=reason) as caught:
        build_opengait(cfg)
    assert "\n" not in str(caught.value)
