"""--precision int8 from the stages' side: fitted once, kept, judged, recorded, never silent."""

import numpy as np
import pytest

from gaitway.adapters.modelstore.store import ModelStore
from gaitway.adapters.runtimes import int8 as quantising
from gaitway.config import Settings
from gaitway.detection.motion import MotionDetector
from gaitway.errors import ConfigError, InputError, MissingExtraError
from gaitway.evaluation import agreement
from gaitway.recognition.gei import GeiEncoder
from gaitway.segmentation.humanseg import HumanSegConfig, HumanSegSegmenter
from gaitway.synthetic.population import PopulationConfig
from gaitway.synthetic.scene_dataset import ScenesConfig
from gaitway.wiring import int8, int8_scenes
from gaitway.wiring.int8 import calibrated, digest, spread
from gaitway.wiring.networks import Networks
from gaitway.wiring.record import describe
from gaitway.wiring.stages import Stages, make_encoder
from support.onnx_files import convolutions

FEW = ScenesConfig(
    people=2, walks=1, together=1, seconds=3.0, frame_rate=1.0, population=PopulationConfig(seed=5)
)


@pytest.fixture
def few_scenes(monkeypatch):
    monkeypatch.setattr(int8_scenes, "_SCENES", FEW)
    monkeypatch.setattr(int8_scenes, "_FIT_SCENES", 1)
    int8_scenes._filmed.cache_clear()
    yield
    int8_scenes._filmed.cache_clear()


@pytest.fixture
def segmenter(tmp_path, few_scenes):
    """A builder of a small segmenter whose presence and masks int8 can keep."""
    path = convolutions(tmp_path / "small.onnx", seed=1)

    def build(networks):
        return HumanSegSegmenter(networks.open(path, owner="small"), HumanSegConfig(size_wh=(32, 32)))

    return build


@pytest.fixture
def told():
    return []


@pytest.fixture
def networks(tmp_path, told):
    opened = Networks("int8", threads=1, report=told.append, store=ModelStore(tmp_path / "home"))
    yield opened
    opened.close()


def any_will_do(monkeypatch, least):
    for wanted in (agreement.MIN_BOXES, agreement.MIN_MASKS, agreement.MIN_EMBEDDINGS):
        for name in wanted:
            monkeypatch.setitem(wanted, name, least)


def stages_of(segmenter, networks):
    return Stages(MotionDetector(), segmenter, GeiEncoder(), {}, networks)


def test_fitted_once_then_taken_from_the_cache(segmenter, networks, told, monkeypatch, tmp_path):
    any_will_do(monkeypatch, 0.0)
    stage = calibrated("segmenter", segmenter, networks)
    assert [(step.stage, step.item) for step in told] == [("quantise", "segmenter")]
    ((name, runtime),) = networks.loaded()
    assert (name, runtime.precision) == ("small", "int8")

    def never(*_):
        raise AssertionError("quantised again")

    monkeypatch.setattr(int8, "quantise", never)
    again = Networks("int8", threads=1, report=told.append, store=networks.store)
    other = calibrated("segmenter", segmenter, again)
    assert len(told) == 1
    image = np.random.default_rng(0).integers(0, 255, (1, 32, 32, 3), dtype=np.uint8)
    assert np.array_equal(stage.probabilities(image), other.probabilities(image))
    again.close()


def test_run_json_says_how_int8_agrees(segmenter, networks, monkeypatch):
    any_will_do(monkeypatch, 0.0)
    stage = calibrated("segmenter", segmenter, networks)
    models = describe(stages_of(stage, networks), Settings(precision="int8"))["models"]
    assert models["precision"] == {"small": "int8"}
    assert models["int8"]["small"].startswith("beside f32 on generated scenes (all): mask overlap ")


def test_a_network_that_int8_breaks_stays_in_f32_and_it_is_said(segmenter, networks, told, monkeypatch):
    any_will_do(monkeypatch, 1.5)
    stage = calibrated("segmenter", segmenter, networks)
    models = describe(stages_of(stage, networks), Settings(precision="int8"))["models"]
    assert models["precision"] == {"small": "f32"}
    assert models["int8"]["small"].startswith("stays in f32: beside f32 on generated scenes (products): ")
    warnings = [step for step in told if step.stage == "warning"]
    assert [step.item for step in warnings] == ["small"]
    assert "wanted 1.5" in warnings[0].note


def test_the_faster_level_is_taken_only_where_it_will_do(segmenter, networks, monkeypatch):
    any_will_do(monkeypatch, 0.0)
    compare = int8_scenes.EXERCISES["segmenter"].compare
    asked = []

    def second_time_lucky(exact, other):
        asked.append(compare(exact, other))
        return agreement.Agreement({"overlap": float(len(asked) > 1)}, {"overlap": 0.5})

    exercise = int8_scenes.Exercise(int8_scenes.EXERCISES["segmenter"].run, second_time_lucky)
    monkeypatch.setitem(int8_scenes.EXERCISES, "segmenter", exercise)
    calibrated("segmenter", segmenter, networks)
    assert len(asked) == 2
    assert "(products)" in networks.int8_notes["small"]


def test_a_stage_that_takes_other_input_stays_in_f32(segmenter, networks, told, monkeypatch):
    def refuse(stage, part):
        raise InputError("walk has 1 images per frame, the network takes 3")

    monkeypatch.setitem(
        int8_scenes.EXERCISES, "segmenter", int8_scenes.Exercise(refuse, agreement.mask_agreement)
    )
    calibrated("segmenter", segmenter, networks)
    assert [runtime.precision for _, runtime in networks.loaded()] == ["f32"]
    assert "generated scenes do not fit" in networks.int8_notes["small"]


def test_f32_and_bf16_ask_for_no_quantiser(segmenter, tmp_path, monkeypatch):
    def nothing(name):
        raise quantising.PackageNotFoundError(name)

    monkeypatch.setattr(quantising, "version", nothing)
    for precision in ("f32", "bf16"):
        opened = Networks(precision, threads=1, store=ModelStore(tmp_path / "home"))
        calibrated("segmenter", segmenter, opened)
        assert not opened.int8_notes
        opened.close()
    with pytest.raises(MissingExtraError, match=r"gaitway\[int8\]"):
        make_encoder("gait-template", Networks("int8", store=ModelStore(tmp_path / "home")))


def test_int8_is_for_the_cpu():
    with pytest.raises(ConfigError, match="int8 runs on the CPU"):
        Networks("int8", "cuda")


def test_scenes_and_walks_are_always_the_same(few_scenes):
    first = [frame.image_rgb.copy() for frame in int8_scenes.pictures("fit")]
    int8_scenes._filmed.cache_clear()
    assert np.array_equal(first, [frame.image_rgb for frame in int8_scenes.pictures("fit")])
    assert first
    judged = [frame.image_rgb for frame in int8_scenes.pictures("judge")]
    assert not any(np.array_equal(a, b) for a in first for b in judged)


def test_samples_are_spread_and_named_by_their_numbers():
    samples = [(np.full(2, i, np.float32),) for i in range(250)]
    assert [int(s[0][0]) for s in spread(samples, 100)] == list(range(0, 250, 3))
    assert spread(samples[:3], 100) == samples[:3]
    assert digest(samples[:2]) != digest(samples[1::-1])


@pytest.mark.slow
@pytest.mark.parametrize("least", [0.8, 0.999])
def test_our_own_encoder_moves_no_further_than_allowed(tmp_path, monkeypatch, least):
    monkeypatch.setitem(agreement.MIN_EMBEDDINGS, "stay", least)
    store = ModelStore(tmp_path / "home")
    with_int8, exact = Networks("int8", threads=1, store=store), Networks(threads=1, store=store)
    walks = int8_scenes.walks("judge")
    fast = make_encoder("gait-template", with_int8).encode(walks)
    slow = make_encoder("gait-template", exact).encode(walks)
    ((_, runtime),) = with_int8.loaded()
    assert runtime.precision == ("int8" if least < 0.9 else "f32")
    assert np.array_equal(fast, slow) == (runtime.precision == "f32")
    assert agreement.embedding_agreement(slow, fast).measured["stay"] >= least
    with_int8.close()
    exact.close()
