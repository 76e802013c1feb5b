"""What a machine needs for gaitway, looked at one by one."""

from __future__ import annotations

import platform
import sys
import tempfile
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from gaitway._version import __version__
from gaitway.adapters.modelstore.store import ModelStore
from gaitway.adapters.runtimes.cores import usable_cores
from gaitway.adapters.runtimes.openvino import OpenVinoRuntime
from gaitway.adapters.video.sink import VideoWriter
from gaitway.adapters.video.source import open_video
from gaitway.errors import GaitwayError
from gaitway.packs import PACKS
from gaitway.wiring.record import versions_of


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at.

    Attributes:
        what: Its name.
        found: What was found.
        is_fine: Whether gaitway works with it.
        remedy: What to do if not.
    """

    what: str
    found: str
    is_fine: bool = True
    remedy: str = ""


def examine() -> list[Finding]:
    """Look at everything; nothing is downloaded."""
    return [
        Finding("gaitway", f"{__version__} on Python {platform.python_version()}, {platform.platform()}"),
        Finding("packages", ", ".join(f"{name} {number}" for name, number in versions_of().items())),
        Finding("cores", f"{usable_cores()}"),
        *(_pack(name) for name in PACKS),
        _networks(),
        _video(),
        _torch(),
    ]


def _pack(name: str) -> Finding:
    store = ModelStore()
    here = {stored.name for stored in store.entries()}
    missing = [model for model in PACKS[name].models if model not in here]
    if not missing:
        return Finding(f"pack {name}", "all its files are here")
    needed = name == "builtin"
    note = f"{', '.join(missing)} not here yet: fetched at first use, or by 'gaitway models pull {name}'"
    return Finding(f"pack {name}", note, not needed, "run 'gaitway models pull builtin'")


def _networks() -> Finding:
    """Run the built-in landmark network once."""
    store = ModelStore()
    try:
        path = store.path("blazepose", "pose_landmark_full.tflite")
        network = OpenVinoRuntime(path)
        presence = network.run(np.zeros((1, 256, 256, 3), np.float32))
        network.close()
    except GaitwayError as error:
        return Finding("networks", str(error), is_fine=False, remedy="run 'gaitway models pull builtin'")
    return Finding("networks", f"the built-in one runs in {network.precision}, {len(presence)} outputs")


def _video() -> Finding:
    """Write and read back a video."""
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "check.mp4"
            with VideoWriter(path, (64, 48), Fraction(25)) as sink:
                for index in range(5):
                    sink.write(np.zeros((48, 64, 3), np.uint8), index / 25)
            with open_video(path) as video:
                count = sum(1 for _ in video)
    except GaitwayError as error:
        return Finding("video", str(error), is_fine=False, remedy="install PyAV anew: pip install -U av")
    return Finding("video", f"H.264 written and read back, {count} frames", count == 5)


def _torch() -> Finding:
    """Say whether torch is here, without importing it unless it is loaded already."""
    from importlib.util import find_spec

    if find_spec("torch") is None:
        return Finding("torch", 'not installed; only needed for .pt files and training: "gaitway[torch]"')
    loaded = "loaded" if "torch" in sys.modules else "not loaded, as nothing needed it"
    return Finding("torch", f"{versions_of().get('torch', 'installed')}, {loaded}")
