"""Single stages by name or file, for use from Python."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gaitway.protocols import Detector, Encoder, Segmenter
from gaitway.wiring.stages import Networks, make_detector, make_encoder, make_segmenter


def load_detector(
    name: str | Path, variant: str | None = None, size: tuple[int, int] | None = None
) -> Detector:
    """Load a detector.

    Args:
        name: A detector's name, or the file of a YOLOX network (.onnx, .pth, .pth.tar).
        variant: nano, tiny, s, m, l or x, where a checkpoint does not say; found out when None.
        size: Network input (height, width) in pixels, multiples of 32; by the picture when None.

    Raises:
        ConfigError: An unknown name.
        ModelError: The file cannot be had or is none.
    """
    return make_detector(str(name), Networks(), variant=variant, size=size)


def load_segmenter(name: str | Path) -> Segmenter:
    """Load a segmenter by name, or from the folder or zip of a PP-HumanSeg release.

    Raises:
        ConfigError: An unknown name.
        ModelError: The files cannot be had or are none.
    """
    return make_segmenter(str(name), Networks())


def load_encoder(name: str | Path, config: str | Path | Mapping[str, Any] | None = None) -> Encoder:
    """Load a gait encoder by name, or from a checkpoint.

    Args:
        name: An encoder's name, or the file of an OpenGait checkpoint (.pt, .zip).
        config: The checkpoint's OpenGait yaml, or its ``model_cfg``.

    Raises:
        ConfigError: An unknown name.
        ModelError: The file cannot be had or does not fit its config.
    """
    return make_encoder(str(name), Networks(), config=config)
