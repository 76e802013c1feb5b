"""The field's ``.pt``, ``.pth`` and ``.pth.tar``: tensors only, never code."""

from __future__ import annotations

import pickle
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gaitway.errors import MissingExtraError, ModelFileError, ModelNotFoundError

if TYPE_CHECKING:
    import torch

SUFFIXES = (".pt", ".pth", ".tar", ".safetensors")
_HOLDERS = ("model", "state_dict", "model_state_dict")  # OpenGait and YOLOX; Lightning; others
_WRAPPER = "module."  # what DistributedDataParallel puts before every key


def read_state(path: Path) -> dict[str, torch.Tensor]:
    """Read a checkpoint's weights, whatever training state lies beside them.

    Args:
        path: A torch checkpoint or a ``.safetensors`` file.

    Returns:
        Tensors on the CPU by their published names.

    Raises:
        ModelNotFoundError: There is no such file.
        ModelFileError: It is damaged, holds more than tensors and plain values (such a file could run code,
            and is never unpickled), or holds no weights.
        MissingExtraError: torch is not installed.
    """
    if not path.is_file():
        raise ModelNotFoundError(f"no checkpoint at {path}: check the path")
    loaded = _read_safetensors(path) if path.suffix == ".safetensors" else _read_torch(path)
    for holder in _HOLDERS:
        if isinstance(loaded, Mapping) and isinstance(loaded.get(holder), Mapping):
            loaded = loaded[holder]
    return _only_tensors(loaded, path.name)


def _read_torch(path: Path) -> Any:
    try:
        import torch
    except ImportError as error:
        raise MissingExtraError("torch", "torch", f"reading {path.name}") from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about pickles of other protocols: unsafe ones are refused
            return torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except pickle.UnpicklingError as error:
        raise ModelFileError(
            f"{path.name} is refused: it is damaged or holds more than tensors and could run code: get it "
            "from its publisher, or save its state_dict alone"
        ) from error
    except (RuntimeError, ValueError, EOFError, KeyError, OSError, AttributeError, TypeError) as error:
        raise ModelFileError(f"{path.name} is no whole torch checkpoint: fetch it again") from error


def _read_safetensors(path: Path) -> dict[str, torch.Tensor]:
    try:
        from safetensors.torch import load_file
    except ImportError as error:
        raise MissingExtraError("torch", "torch", f"reading {path.name}") from error
    from safetensors import SafetensorError

    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise ModelFileError(f"{path.name} is no whole safetensors file: fetch it again") from error


def _only_tensors(loaded: Any, name: str) -> dict[str, torch.Tensor]:
    """Check that what was loaded is names and tensors, and drop the wrapper's prefix."""
    import torch

    if (
        not isinstance(loaded, Mapping)
        or not loaded
        or not all(isinstance(k, str) and isinstance(v, torch.Tensor) for k, v in loaded.items())
    ):
        raise ModelFileError(
            f"{name} holds no weights: wanted a state_dict, alone or under {' or '.join(_HOLDERS)}"
        )
    return {str(key).removeprefix(_WRAPPER): tensor for key, tensor in loaded.items()}


def load_weights(
    network: torch.nn.Module, state: Mapping[str, torch.Tensor], name: str, *, optional: tuple[str, ...] = ()
) -> None:
    """Put weights into a network; every name and shape must fit.

    Args:
        network: Gets the weights.
        state: Tensors by name.
        name: The file's name, for messages.
        optional: Keys that need not be in ``state`` (or in the network), such as a classifier that is not
            needed to compare walks.

    Raises:
        ModelFileError: A weight is missing, unknown, or of another shape.
    """
    own = network.state_dict()
    missing = [k for k in own if k not in state and k not in optional]
    unknown = [k for k in state if k not in own and k not in optional]
    if missing or unknown:
        kind, keys = ("lacks", missing) if missing else ("has the unknown", unknown)
        raise ModelFileError(
            f"{name} {kind} weight {keys[0]!r} (and {len(keys) - 1} more): it belongs to another network: "
            "check the variant or the config"
        )
    for key, tensor in state.items():
        if key in own and tensor.shape != own[key].shape:
            raise ModelFileError(
                f"{name} has {key!r} of shape {tuple(tensor.shape)}, wanted {tuple(own[key].shape)}: check "
                "the variant or the config"
            )
    network.load_state_dict({k: v for k, v in state.items() if k in own}, strict=False)
