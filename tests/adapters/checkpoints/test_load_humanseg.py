"""PP-HumanSeg's folders and zips, on OpenVINO and torch."""

import shutil
import zipfile
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest

from gaitway.adapters.checkpoints.engine import Engine
from gaitway.adapters.checkpoints.humanseg import load_humanseg, read_deploy
from gaitway.adapters.checkpoints.paddle import read_pdiparams, write_pdiparams
from gaitway.adapters.runtimes.openvino import OpenVinoRuntime
from gaitway.errors import ConfigError, ModelFileError, ModelNotFoundError
from gaitway.segmentation.humanseg import SEED_THRESHOLD, HumanSegConfig, seed_mask
from support.published import humanseg_tensors
from support.shared import shared

MAX_DIFFERENCE = 2e-5  # the fixtures' tolerance
ONE_THREAD = partial(OpenVinoRuntime, threads=1)
GRAPH = "weights/human_pp_humansegv2_mobile"


def rgb(bgr: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(bgr[..., ::-1])


@pytest.fixture(scope="module")
def full(tmp_path_factory) -> Path:
    """The official graph with the fixtures' random weights."""
    pytest.importorskip("torch", reason="the extra torch is not installed")
    from gaitway.models.humanseg import build_humanseg, paddle_names

    folder = tmp_path_factory.mktemp("full")
    for name in ("deploy.yaml", "model.pdmodel"):
        shutil.copyfile(shared(GRAPH) / name, folder / name)
    network = build_humanseg()
    own = network.state_dict()
    shapes = {name: tuple(own[key].shape) for key, name in paddle_names(network).items()}
    write_pdiparams(folder / "model.pdiparams", humanseg_tensors(shapes, 18, 8.0))
    return folder


def test_published_zip_gives_the_published_masks(tmp_path):
    expected = np.load(shared("fixtures/humanseg/io_small.npz"))
    engine = Engine(open_network=ONE_THREAD, home=tmp_path)
    segmenter = load_humanseg(shared("fixtures/humanseg/random_small.zip"), engine=engine)
    probabilities = segmenter.probabilities(rgb(expected["image_bgr"]))
    assert probabilities.dtype == np.float32
    assert np.abs(probabilities - expected["prob"]).max() <= MAX_DIFFERENCE
    assert np.array_equal(np.stack([seed_mask(p) for p in probabilities]), expected["mask"])


def test_torch_network_reads_the_same_weights(tmp_path):
    torch = pytest.importorskip("torch", reason="the extra torch is not installed")
    from gaitway.models.humanseg import build_humanseg, paddle_names

    expected = np.load(shared("fixtures/humanseg/io_small.npz"))
    with zipfile.ZipFile(shared("fixtures/humanseg/random_small.zip")) as archive:
        member = next(n for n in archive.namelist() if n.endswith(".pdiparams"))
        (tmp_path / "p").write_bytes(archive.read(member))
    network = build_humanseg(16)
    names = paddle_names(network)
    tensors = read_pdiparams(tmp_path / "p", list(names.values()))
    network.load_state_dict({k: torch.from_numpy(tensors[n]) for k, n in names.items()}, strict=False)
    for image, prob in (("image_bgr", "prob"), ("image_bgr_256x128", "prob_256x128")):
        pictures = expected[image] if expected[image].ndim == 4 else expected[image][None]
        unit = (rgb(pictures).astype(np.float32) / 255 - 0.5) / 0.5
        with torch.no_grad():
            got = network(torch.from_numpy(unit).permute(0, 3, 1, 2))[:, 1].numpy()
        assert np.abs(got - expected[prob]).max() <= MAX_DIFFERENCE


@pytest.mark.parametrize("device", [None, "cpu"])
def test_seed_path_is_reproduced(full, device):
    expected = np.load(shared("fixtures/humanseg/seed_crop_path.npz"))
    engine = Engine(open_network=ONE_THREAD, device=device)
    segmenter = load_humanseg(full, config=HumanSegConfig(crop="seed"), engine=engine)
    assert (
        np.abs(segmenter.probabilities(rgb(expected["crops_bgr"])) - expected["prob"]).max() <= MAX_DIFFERENCE
    )
    for row, (frame, _, x, y, w, h) in enumerate(expected["boxes"]):
        picture = rgb(np.roll(expected["frame0_bgr"], 7 * int(frame), axis=1))
        box = np.array([[x, y, x + w, y + h]], np.float32)
        mask = segmenter.segment(picture, box).masks[0]
        assert set(np.unique(mask)) <= {0.0, 1.0}
        differs = mask * 255 != expected["mask"][row]
        # A pixel may fall on the other side only if it stands on the threshold; on OpenVINO none does.
        on_threshold = np.abs(expected["prob"][row][differs] * 255 - SEED_THRESHOLD)
        assert on_threshold.max(initial=0) <= 255 * MAX_DIFFERENCE
        assert differs.sum() <= (0 if device is None else 2)


def test_trained_network_of_another_generation():
    """PP-HumanSegV1-Lite has trained weights: a drawn person is no test, but the shapes and bounds are."""
    engine = Engine(open_network=ONE_THREAD)
    segmenter = load_humanseg(shared("weights/human_pp_humansegv1_lite"), engine=engine)
    assert segmenter.config.size_wh == (192, 192)
    got = segmenter.probabilities(np.full((3, 60, 80, 3), 200, np.uint8))
    assert got.shape == (3, 60, 80)
    assert got.min() >= 0.0
    assert got.max() <= 1.0


def test_whole_pictures_are_scaled_there_and_back(tmp_path):
    expected = np.load(shared("fixtures/humanseg/io_small.npz"))
    engine = Engine(open_network=ONE_THREAD, home=tmp_path)
    segmenter = load_humanseg(shared("fixtures/humanseg/random_small.zip"), engine=engine)
    pictures = rgb(expected["image_bgr"][:1])
    large = np.stack([cv2.resize(p, (384, 384), interpolation=cv2.INTER_NEAREST) for p in pictures])
    assert np.abs(segmenter.probabilities(large)[:, ::2, ::2] - segmenter.probabilities(pictures)).max() < 0.2
    assert segmenter.probabilities(pictures[:0]).shape == (0, 192, 192)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no Deploy"),
        ("Deploy: {}", "no Deploy"),
        ("Deploy: {transforms: [{type: RandomCrop}]}", "RandomCrop"),
        ("Deploy: {transforms: [{type: Resize, target_size: big}]}", "not understood"),
        ("Deploy: {model: ../../x.pdmodel, transforms: []}", "names the files"),
        ("Deploy: {transforms: [{type: Normalize, std: [0.5, 0.5, 0]}]}", "std"),
    ],
)
def test_impossible_deploy_files_are_one_line(text, reason):
    with pytest.raises(ConfigError, match=reason) as caught:
        read_deploy(text, HumanSegConfig())
    assert "\n" not in str(caught.value)


def test_deploy_file_is_obeyed():
    text = (
        "Deploy:\n  transforms:\n  - {type: Resize, target_size: [256, 144]}\n"
        "  - {type: Normalize, mean: [0.1, 0.2, 0.3], std: 0.25}"
    )
    config = read_deploy(text, HumanSegConfig(crop="seed"))
    assert config == HumanSegConfig((256, 144), (0.1, 0.2, 0.3), (0.25, 0.25, 0.25), "seed")


def test_missing_and_hostile_sources(tmp_path):
    with pytest.raises(ModelNotFoundError):
        load_humanseg(tmp_path / "nowhere")
    with pytest.raises(ModelNotFoundError, match=r"deploy\.yaml"):
        load_humanseg(tmp_path)
    evil = tmp_path / "evil.zip"
    with zipfile.ZipFile(evil, "w") as archive:
        for name in ("../deploy.yaml", "model.pdmodel", "model.pdiparams"):
            archive.writestr(name, "x")
    with pytest.raises(ModelFileError, match="leaves the folder"):
        load_humanseg(evil, engine=Engine(home=tmp_path))
    assert not (tmp_path.parent / "deploy.yaml").exists()
