import re

import pytest

from gaitway.errors import ConfigError, ModelNotFoundError
from gaitway.packs import MODELS, PACKS, WheelSource, find_model, find_pack, models_needed


def test_names_are_keys_and_safe():
    assert all(name == model.name for name, model in MODELS.items())
    assert all(name == pack.name for name, pack in PACKS.items())
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,63}", name) for name in (*MODELS, *PACKS))
    assert not set(MODELS) & set(PACKS)  # 'models pull NAME' takes both


@pytest.mark.parametrize("model", MODELS.values(), ids=lambda m: m.name)
def test_every_model_can_be_stored(model):
    names = [file.name for file in model.files]
    assert names
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[A-Za-z0-9][\w.-]*", name) for name in names)
    assert all(re.fullmatch(r"[0-9a-f]{64}", file.sha256) for file in model.files if file.sha256)
    assert len({bool(file.member) for file in model.files}) == 1  # all in one archive, or one file as it is
    assert len(names) == 1 or model.files[0].member
    assert model.licence
    assert model.citation
    assert model.homepage.startswith("https://")


def test_what_comes_in_a_package_is_pinned():
    for model in MODELS.values():
        if isinstance(model.source, WheelSource):
            assert "==" in model.source.requirement
            assert all(file.sha256 for file in model.files)


def test_packs_need_their_models():
    assert find_pack("builtin").models == ("blazepose",)
    assert find_pack("light").models == ("yolox-nano", "blazepose")
    assert find_pack("bytetrack").models == ("yolox-x-mot17", "pphumanseg", "gaitbase-grew")
    for pack in PACKS.values():
        assert "detector" in MODELS[pack.detector].kinds
        assert "segmenter" in MODELS[pack.segmenter].kinds


def test_unknown_names_list_the_known():
    with pytest.raises(ConfigError, match="builtin, light, bytetrack"):
        find_pack("heavy")
    with pytest.raises(ModelNotFoundError, match="blazepose, "):
        find_model("heavy")


def test_each_model_is_needed_once():
    assert models_needed("blazepose", "blazepose", "gei") == ("blazepose",)
