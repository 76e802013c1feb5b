"""gaitway: people in video found, followed, cut out and recognised by how they walk.

    >>> import gaitway
    >>> gaitway.__version__.count(".")
    2

The public names below load on first use, so that importing gaitway stays cheap and never imports torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from gaitway._version import __version__

if TYPE_CHECKING:
    from gaitway import evaluation, models, silhouettes, synthetic
    from gaitway.adapters.datasets import open_dataset
    from gaitway.adapters.gallery import Gallery
    from gaitway.tracking.bytetrack import ByteTracker
    from gaitway.tracking.offline import track_detections
    from gaitway.wiring import identify, load_detector, load_encoder, load_segmenter, track

_HOME = {
    "ByteTracker": "gaitway.tracking.bytetrack",
    "Gallery": "gaitway.adapters.gallery",
    "track_detections": "gaitway.tracking.offline",
    "identify": "gaitway.wiring",
    "load_detector": "gaitway.wiring",
    "load_encoder": "gaitway.wiring",
    "load_segmenter": "gaitway.wiring",
    "open_dataset": "gaitway.adapters.datasets",
    "track": "gaitway.wiring",
}
_MODULES = ("evaluation", "models", "silhouettes", "synthetic")

__all__ = [
    "ByteTracker",
    "Gallery",
    "__version__",
    "evaluation",
    "identify",
    "load_detector",
    "load_encoder",
    "load_segmenter",
    "models",
    "open_dataset",
    "silhouettes",
    "synthetic",
    "track",
    "track_detections",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    if name in _MODULES:
        return import_module(f"gaitway.{name}")
    raise AttributeError(f"module 'gaitway' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
