"""Public names are pinned: removing or renaming one breaks others, so it must be on purpose."""

import inspect

import pytest

import gaitway

PUBLIC = {
    "ByteTracker": ["track_threshold", "track_buffer", "match_threshold", "frame_rate", "mot20", "compat"],
    "Gallery": ["url", "key", "actor", "metric", "create", "index"],
    "identify": ["gallery", "probes", "out", "pack", "settings", "report"],
    "load_detector": ["name", "variant", "size"],
    "load_encoder": ["name", "config"],
    "load_segmenter": ["name"],
    "open_dataset": ["path", "partition", "subset", "layout", "maps"],
    "track": ["video", "pack", "settings", "report"],
    "track_detections": ["frames", "frame_rate", "mode", "image_size", "config"],
}
MODULES = {"evaluation": ["evaluate"], "silhouettes": ["align"], "synthetic": [], "models": ["build_yolox"]}


@pytest.mark.parametrize("name", PUBLIC)
def test_public_signatures(name):
    assert list(inspect.signature(getattr(gaitway, name)).parameters) == PUBLIC[name]


@pytest.mark.parametrize("name", MODULES)
def test_public_modules(name):
    if name == "models":
        pytest.importorskip("torch")
    module = getattr(gaitway, name)
    assert all(hasattr(module, attribute) for attribute in MODULES[name])


def test_all_lists_exactly_what_there_is():
    assert set(PUBLIC) | set(MODULES) | {"__version__"} <= set(gaitway.__all__)
    assert all(hasattr(gaitway, name) for name in gaitway.__all__)
    with pytest.raises(AttributeError, match="nothing_such"):
        _ = gaitway.nothing_such
