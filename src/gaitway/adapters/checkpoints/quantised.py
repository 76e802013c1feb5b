"""The int8 forms of networks in the cache, each with the verdict on it, under the hash of what made it."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gaitway._version import __version__
from gaitway.adapters.checkpoints.export import NETWORK, cached_export, export_folder
from gaitway.adapters.modelstore.manifest import sha256_file
from gaitway.adapters.runtimes.int8 import quantiser
from gaitway.errors import NotQuantisedError

VERSION = 1  # of how networks are quantised, calibrated and judged: raise it when that changes
VERDICT = "int8.json"
_WEIGHTS = {".xml": ".bin", ".pdmodel": ".pdiparams"}  # what lies beside a graph without its weights


@dataclass(frozen=True, slots=True)
class Quantised:
    """What came of quantising a network.

    Attributes:
        path: Its int8 form; None where it stays in f32.
        note: How well the int8 form agrees with f32, or why the network stays in f32.
    """

    path: Path | None
    note: str


def find_quantised(network: Path, home: Path | None = None) -> Quantised:
    """Return a network's int8 form from the cache.

    Args:
        network: The network's file in floating point.
        home: The model cache; the user's own when None.

    Raises:
        NotQuantisedError: It was not quantised yet with this version of gaitway and of the quantiser.
        MissingExtraError: The quantiser is not installed.
    """
    folder = export_folder(network, _settings(network), home)
    if not folder.is_dir():
        raise NotQuantisedError(f"{network.name} has no int8 form in the model cache: run it in f32 or bf16")
    return _read(folder)


def keep_quantised(
    network: Path, int8_form: Path | None, note: str, home: Path | None = None, **facts: Any
) -> Quantised:
    """Put a network's int8 form, or the verdict that it stays in f32, into the cache for good.

    Args:
        network: The network's file in floating point.
        int8_form: The ``.xml`` of its int8 form; None: it stays in f32.
        note: How well it agrees with f32, or why it stays so.
        home: The model cache; the user's own when None.
        facts: What else is to stand beside it, as JSON values.

    Raises:
        StoreError: The cache cannot be written.
    """

    def fill(folder: Path) -> None:
        if int8_form is not None:
            shutil.copy(int8_form, folder / NETWORK)
            shutil.copy(int8_form.with_suffix(".bin"), (folder / NETWORK).with_suffix(".bin"))
        content = {"network": network.name, "quantiser": quantiser(), "note": note, **facts}
        (folder / VERDICT).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")

    return _read(cached_export(network, _settings(network), fill, home))


def _read(folder: Path) -> Quantised:
    note = str(json.loads((folder / VERDICT).read_text("utf-8"))["note"])
    return Quantised(folder / NETWORK if (folder / NETWORK).is_file() else None, note)


def _settings(network: Path) -> list[str]:
    """Return what the int8 form depends on besides the file itself."""
    weights = network.with_suffix(_WEIGHTS.get(network.suffix, network.suffix))
    return ["int8", str(VERSION), __version__, quantiser(), sha256_file(weights)]
