"""YOLOX checkpoints as detectors, on OpenVINO and torch."""

from functools import partial

import numpy as np
import pytest

from support.published import yolox_noise, yolox_scene, yolox_tensor
from support.shared import shared

torch = pytest.importorskip("torch", reason="the extra torch is not installed")

from gaitway.adapters.checkpoints.engine import Engine  # noqa: E402
from gaitway.adapters.checkpoints.yolox import load_yolox  # noqa: E402
from gaitway.adapters.runtimes.openvino import OpenVinoRuntime  # noqa: E402
from gaitway.detection.letterbox import preprocess  # noqa: E402
from gaitway.errors import ConfigError, ModelFileError  # noqa: E402
from gaitway.models import build_yolox  # noqa: E402

SIZE = (160, 288)
ONE_THREAD = partial(OpenVinoRuntime, threads=1)


def save(folder, variant: str, classes: int = 1):
    """Write a checkpoint as ByteTrack does, by the fixtures' fill rule."""
    network = build_yolox(variant, classes)
    state = {
        k: torch.from_numpy(np.asarray(yolox_tensor(k, tuple(t.shape))))
        for k, t in network.state_dict().items()
    }
    path = folder / f"bytetrack_{variant}.pth.tar"
    torch.save({"start_epoch": 80, "model": state, "optimizer": {"state": {}, "param_groups": []}}, path)
    return path


@pytest.mark.parametrize("device", [None, "cpu"])
@pytest.mark.parametrize("variant", ["nano", pytest.param("s", marks=pytest.mark.slow)])
def test_a_checkpoint_gives_the_published_output(tmp_path, variant, device):
    expected = np.load(shared(f"fixtures/yolox/out_{variant}_160x288.npz"))
    engine = Engine(open_network=ONE_THREAD, device=device, home=tmp_path)
    detector = load_yolox(save(tmp_path, variant), size=SIZE, engine=engine)
    pictures = (yolox_scene(270, 480), yolox_noise(11, 270, 480))
    batch = np.stack([preprocess(p[..., ::-1].copy(), SIZE, "bytetrack")[0] for p in pictures])
    raw = detector._runtime.run(batch)[0]
    assert np.abs(raw - expected["raw"]).max() <= 1e-4
    assert detector.config.mode == "bytetrack"
    # The reference's detections are on the input's scale; ours on the picture's.
    found = detector.detect(np.ascontiguousarray(pictures[0][..., ::-1]))
    wanted = expected["dets_c0001_img0"]
    scores = wanted[:, 4] * wanted[:, 5]
    assert len(found) == int((scores >= detector.config.min_confidence).sum())
    assert np.allclose(np.sort(found.confidence)[::-1][:5], np.sort(scores)[::-1][:5], atol=1e-4)


@pytest.mark.slow
def test_coco_checkpoint_takes_any_size_and_bgr(tmp_path):
    engine = Engine(open_network=ONE_THREAD, home=tmp_path)
    detector = load_yolox(save(tmp_path, "nano", 80), engine=engine)
    assert detector.config.mode == "yolox"
    assert detector.config.size is None
    detector.detect(np.zeros((120, 90, 3), np.uint8))


def test_published_onnx():
    detector = load_yolox(shared("weights/yolox_nano.onnx"), engine=Engine(open_network=ONE_THREAD))
    assert len(detector.detect(np.full((416, 416, 3), 114, np.uint8))) == 0


def test_what_runs_on_torch_is_told_with_its_precision_and_device(tmp_path):
    opened = []
    engine = Engine(device="cpu", precision="bf16", on_torch_opened=opened.append, home=tmp_path)
    load_yolox(save(tmp_path, "nano"), size=(64, 64), engine=engine)
    (runtime,) = opened
    assert (runtime.precision, runtime.device) == ("bf16", "cpu (torch)")


@pytest.mark.parametrize(
    ("threads", "run_threads", "busy"), [(2, None, 2), (2, 1, 1), (1, 2, 1), (4, 2, 2), (3, 2, 3)]
)
def test_threads_of_a_run(threads, run_threads, busy):
    with OpenVinoRuntime(
        shared("weights/yolox_nano.onnx"), threads=threads, run_threads=run_threads
    ) as runtime:
        assert runtime._threads_per_stream == busy


def test_a_damaged_onnx_is_told_at_once(tmp_path):
    (tmp_path / "cut.onnx").write_bytes(b"\x08\x07 not a network")
    with pytest.raises(ModelFileError, match="not a readable network"):
        load_yolox(tmp_path / "cut.onnx", engine=Engine(home=tmp_path))


def test_wrong_variant_and_wrong_network(tmp_path):
    path = save(tmp_path, "nano")
    with pytest.raises(ConfigError, match="YOLOX-nano, not x"):
        load_yolox(path, variant="x", engine=Engine(home=tmp_path))
    torch.save({"model": {"fc.weight": torch.zeros(2, 2)}}, tmp_path / "other.pt")
    with pytest.raises(ModelFileError, match="no YOLOX"):
        load_yolox(tmp_path / "other.pt", engine=Engine(home=tmp_path))
