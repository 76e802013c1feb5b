"""YOLOX checkpoints as detectors: COCO's and ByteTrack's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from gaitway.adapters.checkpoints.engine import DEFAULT_ENGINE, Engine
from gaitway.adapters.checkpoints.torchfile import load_weights, read_state
from gaitway.adapters.runtimes.sized import SizedRuntime
from gaitway.detection.letterbox import Mode
from gaitway.detection.yolox import YoloxConfig, YoloxDetector
from gaitway.errors import ConfigError, ModelFileError
from gaitway.protocols import Runtime

if TYPE_CHECKING:
    import torch

    from gaitway.models.yolox import Yolox

# Network inputs (height, width) of ByteTrack's published settings.
BYTETRACK_SIZES = {
    "nano": (608, 1088),
    "tiny": (608, 1088),
    "s": (608, 1088),
    "m": (800, 1440),
    "l": (800, 1440),
    "x": (800, 1440),
}
SMALL = ("nano", "tiny")
SMALL_ONNX_BYTES = 28_000_000  # tiny has 20 MB, s 36 MB
_STEM = "backbone.backbone.stem.conv.conv.weight"
_CLASSES = "head.cls_preds.0.weight"


def load_yolox(
    checkpoint: Path | str,
    variant: str | None = None,
    size: tuple[int, int] | None = None,
    *,
    mode: Mode | None = None,
    config: YoloxConfig | None = None,
    engine: Engine = DEFAULT_ENGINE,
) -> YoloxDetector:
    """Load a YOLOX as its authors published it.

    Args:
        checkpoint: ``.pth``, ``.pth.tar``, ``.pt``, ``.safetensors`` or ``.onnx`` (undecoded output).
        variant: nano, tiny, s, m, l or x; read off the weights when None.
        size: Network input (height, width) in pixels, multiples of 32. None: ByteTrack's published size for
            its one-class networks; for others as ``config`` says.
        mode: Preprocessing. None: ByteTrack's for a checkpoint with one class, else YOLOX's.
        config: Thresholds; its ``size`` and ``mode`` yield to the arguments.
        engine: What it runs on.

    Raises:
        ModelFileError: The checkpoint is damaged, hostile, or of another network or variant.
        ConfigError: The variant or size is impossible.
        MissingExtraError: torch is not installed, and a torch checkpoint was given.
    """
    path, base = Path(checkpoint), config or YoloxConfig()
    if path.suffix == ".onnx":
        engine.check(path)  # now, not at the first frame
        is_small = path.stat().st_size < SMALL_ONNX_BYTES
        runtime: Runtime = SizedRuntime(
            lambda shape: engine.open_network(path, shapes=[shape], run_threads=_run_threads(is_small)),
            (1, 3, *(size or (-1, -1))),
        )
        return YoloxDetector(runtime, _with(base, size, mode or base.mode))
    state = read_state(path)
    found, classes = _read_variant(state, path.name)
    if variant not in (None, found):
        raise ConfigError(f"{path.name} holds YOLOX-{found}, not {variant}: leave the variant out")
    is_bytetrack = classes == 1
    size = size or (BYTETRACK_SIZES[found] if is_bytetrack else base.size)
    runtime = engine.load(
        path,
        ["yolox", found, size],
        lambda: _network(state, found, classes, path.name),
        shape=(-1, 3, *(size or (-1, -1))),
        example=(1, 3, *(size or (64, 64))),
        run_threads=_run_threads(found in SMALL),
    )
    return YoloxDetector(runtime, _with(base, size, mode or ("bytetrack" if is_bytetrack else "yolox")))


def _run_threads(is_small: bool) -> int | None:  # noqa: FBT001 - its only argument
    """Return the threads of one run: all, as frames are looked at one after the other, for heavy networks.

    With a small one the other stages have as much to do, and single threads get most done.
    """
    return 1 if is_small else None


def _with(config: YoloxConfig, size: tuple[int, int] | None, mode: Mode) -> YoloxConfig:
    return replace(config, size=size or config.size, mode=mode)


def _network(state: Mapping[str, torch.Tensor], variant: str, classes: int, name: str) -> Yolox:
    """Return the torch network with its weights."""
    from gaitway.models import build_yolox

    network = build_yolox(variant, classes)
    load_weights(network, state, name)
    return network


def _read_variant(state: Mapping[str, torch.Tensor], name: str) -> tuple[str, int]:
    """Read a checkpoint's variant and number of classes off its weights."""
    from gaitway.models.yolox import VARIANTS

    if _STEM not in state or _CLASSES not in state:
        raise ModelFileError(f"{name} is no YOLOX checkpoint: its weights have other names")
    width = state[_STEM].shape[0] / 64
    blocks = sum(
        key.startswith("backbone.backbone.dark3.1.m.") and key.endswith(".conv1.conv.weight") for key in state
    )
    for variant, (depth, its_width, _) in VARIANTS.items():
        if its_width == width and round(depth * 3) * 3 == blocks:
            return variant, int(state[_CLASSES].shape[0])
    raise ModelFileError(
        f"{name} is a YOLOX of width {width} and {blocks} blocks, wanted one of {', '.join(VARIANTS)}"
    )
