"""YOLOX in torch: published keys, published numbers, and the parts by plain means."""

import json

import numpy as np
import pytest

from support.published import yolox_noise, yolox_scene, yolox_tensor
from support.shared import shared

torch = pytest.importorskip("torch", reason="the extra torch is not installed")

from gaitway.detection.letterbox import preprocess  # noqa: E402
from gaitway.detection.yolox import postprocess  # noqa: E402
from gaitway.errors import ConfigError, InputError  # noqa: E402
from gaitway.models import build_yolox, decode, fuse_conv_bn  # noqa: E402
from gaitway.models.yolox import VARIANTS, Focus, SpatialPyramid  # noqa: E402

SIZE = (160, 288)
MAX_RAW = 1e-4  # the fixtures' tolerance
WITH_OUTPUTS = [
    "nano",
    pytest.param("s", marks=pytest.mark.slow),
    pytest.param("x", marks=pytest.mark.slow),
]


@pytest.fixture(autouse=True)
def _same_numbers_every_time():
    torch.manual_seed(0)


def filled(variant: str):
    network = build_yolox(variant)
    state = {
        key: torch.from_numpy(np.asarray(yolox_tensor(key, tuple(tensor.shape))))
        for key, tensor in network.state_dict().items()
    }
    network.load_state_dict(state)
    return network


def batch() -> np.ndarray:
    pictures = (yolox_scene(270, 480), yolox_noise(11, 270, 480))
    return np.stack([preprocess(p[..., ::-1].copy(), SIZE, "bytetrack")[0] for p in pictures])


def run(network, images: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        return network(torch.from_numpy(images)).numpy()


def close_boxes(got: np.ndarray, wanted: np.ndarray) -> bool:
    return bool((np.abs(got - wanted) <= 5e-3 + 1e-4 * np.abs(wanted)).all())


@pytest.mark.parametrize("variant", VARIANTS)
def test_keys_are_the_published_ones_in_order(variant):
    published = json.loads(shared(f"fixtures/yolox/keys_{variant}.json").read_text())["keys"]
    own = build_yolox(variant).state_dict()
    assert [(k, list(t.shape), str(t.dtype).removeprefix("torch.")) for k, t in own.items()] == [
        tuple(row) for row in published
    ]


@pytest.mark.parametrize("variant", ["nano", "tiny", "s"])
def test_fill_rule_gives_the_published_sums(variant):
    summary = json.loads(shared("fixtures/yolox/summary.json").read_text())[variant]
    total = sum(float(t.double().abs().sum()) for t in filled(variant).state_dict().values())
    assert total == pytest.approx(summary["state_sum_abs"], rel=1e-12)


@pytest.mark.parametrize("variant", WITH_OUTPUTS)
def test_outputs_equal_the_published_ones(variant):
    expected = np.load(shared(f"fixtures/yolox/out_{variant}_160x288.npz"))
    raw = run(filled(variant), batch())
    assert np.abs(raw - expected["raw"]).max() <= MAX_RAW
    decoded = decode(raw, SIZE)
    assert np.array_equal(decoded, decode(torch.from_numpy(raw), SIZE).numpy())
    assert close_boxes(decoded, expected["decoded"])
    for image in (0, 1):
        found = postprocess(decoded[image], min_confidence=0.001, max_iou=0.7)
        wanted = expected[f"dets_c0001_img{image}"]
        assert len(found) == len(wanted)
        same = np.abs(found[:, None] - wanted[None]) <= 5e-3 + 1e-4 * np.abs(wanted[None])
        assert same.all(axis=-1).any(axis=0).all()  # as sets: near-equal scores may swap


def test_fused_network_gives_the_same():
    network = filled("nano")
    fused = fuse_conv_bn(network)
    assert not [m for m in fused.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    assert np.abs(run(fused, batch()) - run(network, batch())).max() <= MAX_RAW
    assert any(isinstance(m, torch.nn.BatchNorm2d) for m in network.modules())


def test_decoding_is_float32_whatever_comes_in():
    raw = torch.rand(1, 21 * 4, 6)
    decoded = decode(raw.half(), (64, 64))
    assert decoded.dtype is torch.float32
    assert torch.equal(decoded, decode(raw.half().float(), (64, 64)))
    with pytest.raises(InputError, match="wanted"):
        decode(raw, (32, 32))


def test_chained_poolings_equal_the_three_windows():
    network = SpatialPyramid(8, 8)
    x = torch.randn(2, 4, 17, 23)
    chained = [x, network.pool(x), network.pool(network.pool(x)), network.pool(network.pool(network.pool(x)))]
    plain = [x] + [torch.nn.functional.max_pool2d(x, k, 1, k // 2) for k in (5, 9, 13)]
    assert all(torch.equal(a, b) for a, b in zip(chained, plain, strict=True))


def test_stem_equals_folding_then_convolving():
    stem, x = Focus(3, 5).eval(), torch.randn(2, 3, 14, 22)
    with torch.no_grad():
        assert torch.allclose(stem(x), stem.conv(Focus.fold(x)), atol=1e-5)
    assert Focus.fold(torch.arange(4.0).reshape(1, 1, 2, 2)).flatten().tolist() == [0, 2, 1, 3]


def test_class_count_and_unknown_variant():
    assert run(build_yolox("nano", 80), np.zeros((1, 3, 32, 64), np.float32)).shape == (1, 42, 85)
    with pytest.raises(ConfigError, match="nano, tiny"):
        build_yolox("xl")


def test_batch_rows_do_not_mix():
    network, images = filled("nano"), batch()
    alone = np.concatenate([run(network, images[i : i + 1]) for i in range(2)])
    assert np.abs(run(network, images) - alone).max() < 1e-5
