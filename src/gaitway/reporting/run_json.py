"""run.json: how a run was made, so that it can be repeated."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from gaitway.errors import InputError
from gaitway.files import write_text
from gaitway.reporting.text import encodable

RUN_SCHEMA_VERSION = 1


def plain(value: Any) -> Any:
    """Return ``value`` as JSON types.

    Dataclasses become objects, paths text, sets sorted lists, fractions and numpy numbers plain numbers;
    a number that is not finite becomes None.

    Raises:
        InputError: There is a value of another kind, named in the message.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {encodable(str(key)): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted(plain(item) for item in value)
    return _plain_scalar(value)


def _plain_scalar(value: Any) -> str | int | float | bool | None:
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return encodable(value)
    if isinstance(value, float | Fraction):
        number = float(value)
        return number if np.isfinite(number) else None
    if isinstance(value, PurePath):
        return _plain_scalar(str(value))
    raise InputError(
        f"run.json got a {type(value).__name__}, wanted numbers, text, lists and mappings: convert it first"
    )


def run_document(run: Mapping[str, Any]) -> dict[str, Any]:
    """Return run.json's content: ``run`` as JSON types under its schema number.

    Raises:
        InputError: There is a value that JSON cannot hold.
    """
    return {"schema": RUN_SCHEMA_VERSION, **plain(run)}


def write_run_json(path: Path, run: Mapping[str, Any]) -> None:
    """Write run.json whole or not at all.

    Args:
        path: Where.
        run: Resolved config, versions, model hashes, timings, warnings, failures; values as for ``plain``.

    Raises:
        StoreError: The file cannot be written.
        InputError: There is a value that JSON cannot hold.
    """
    write_text(path, json.dumps(run_document(run), ensure_ascii=False, indent=1, allow_nan=False) + "\n")
