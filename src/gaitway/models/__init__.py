"""The networks as torch modules: no files, no devices, no maths on arrays. Needs the extra ``torch``."""

from __future__ import annotations

from gaitway.errors import MissingExtraError

try:
    import torch as _torch  # noqa: F401 - asked for once, here
except ImportError as _error:
    raise MissingExtraError("torch", "torch", "building a network") from _error

from gaitway.models.decoding import decode
from gaitway.models.fuse import fuse_conv_bn
from gaitway.models.humanseg import build_humanseg
from gaitway.models.opengait.build import build_opengait
from gaitway.models.yolox import build_yolox

__all__ = ["build_humanseg", "build_opengait", "build_yolox", "decode", "fuse_conv_bn"]
