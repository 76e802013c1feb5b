"""The networks as torch modules: no files, no devices, no maths on arrays. Needs the extra ``torch``."""

from __future__ import annotations

from gaitway.errors import MissingExtraError

try:
    import torch as _torch  # noqa: F401 - asked for once, here
except ImportError as _error:
    raise MissingExtraError("torch", "torch", "building a network") from _error

from gaitway.models.opengait.build import build_opengait

__all__ = ["build_opengait"]
