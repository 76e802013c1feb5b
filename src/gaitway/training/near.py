"""Unknown names are errors that say which known ones are near."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from gaitway.errors import ConfigError


def unknown_key(what: str, name: str, known: Iterable[str]) -> ConfigError:
    """Return the error for an unknown name."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5) or names
    return ConfigError(f"unknown {what}: did you mean {', '.join(near)}?")


def check_keys(values: Mapping[str, Any], known: Iterable[str], where: str) -> None:
    """Raise for the first key of ``values`` that is not known.

    Raises:
        ConfigError: There is one.
    """
    names = set(known)
    for key in values:
        if key not in names:
            raise unknown_key(f"key {where}.{key}" if where else f"key {key}", str(key), names)
