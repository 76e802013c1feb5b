"""Where a model's search index is kept: in memory, or from half a million templates on the disk."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from gaitway.adapters.gallery import shelf
from gaitway.adapters.gallery.matrix import Matrix, count_of
from gaitway.adapters.gallery.ondisk import DiskMatrix
from gaitway.adapters.gallery.sealing import Seal
from gaitway.errors import ConfigError

_LOG = logging.getLogger(__name__)

KINDS = ("auto", "memory", "lance")
LANCE_FROM = 500_000  # templates: 8.3 GB in memory (decision 0078)
_BYTES = 4  # in memory per channel: float16 and bfloat16, or float32


class Indexes:
    """Picks an index for each model.

    Args:
        seal: Of the gallery.
        metric: ``euc`` or ``cos``.
        gallery: The SQLite file; None for a server.
        kind: ``memory``, ``lance`` (files beside the gallery), or ``auto``: the latter from ``LANCE_FROM``
            templates on, where it can be had.

    Raises:
        ConfigError: Not one of these, or ``lance`` for an encrypted gallery or one on a server.
        MissingExtraError: ``lance``, and it is not installed.
    """

    def __init__(self, seal: Seal, metric: str, gallery: Path | None, kind: str) -> None:
        if kind not in KINDS:
            raise ConfigError(f"the search index is called {kind!r}, wanted one of {', '.join(KINDS)}")
        self._seal, self._metric, self._gallery, self._kind = seal, metric, gallery, kind
        if kind == "lance":
            if reason := self._why_never():
                raise ConfigError(f"{reason}: use index 'memory'")
            shelf.need_lance()
        self._in_use: dict[int, Matrix | DiskMatrix] = {}

    def of(self, connection: Connection, row: Any) -> Matrix | DiskMatrix:
        """Return a model's index; call it from one thread at a time."""
        known = self._in_use.get(row.id)
        if isinstance(known, DiskMatrix):
            return known
        if self._kind == "lance" or (self._kind == "auto" and self._is_large(connection, row, known)):
            files = shelf.Shelf(self._gallery or Path())
            shape = (row.parts, row.channels)
            known = DiskMatrix(row.id, (row.name, row.sha256), shape, self._metric, files)
        elif known is None:
            known = Matrix(row.id, row.name, row.sha256, (row.parts, row.channels), self._metric)
        self._in_use[row.id] = known
        return known

    def _is_large(self, connection: Connection, row: Any, known: Matrix | None) -> bool:
        """Return whether a model's templates go on the disk; say so where they should and cannot."""
        if known is not None and len(known) < LANCE_FROM:
            return False
        count = count_of(connection, row.id)
        if count < LANCE_FROM:
            return False
        reason = self._why_never()
        if reason is None and shelf.is_installed():
            return True
        if known is None:
            size = count * row.parts * row.channels * _BYTES / 1e9
            why = reason or 'pip install "gaitway[lance]" keeps them on the disk'
            _LOG.warning("%d templates of %s are searched in memory, %.1f GB: %s", count, row.name, size, why)
        return False

    def _why_never(self) -> str | None:
        """Return why templates of this gallery may not lie in files beside it."""
        if self._seal.name != "none":
            return (
                "the search index on the disk would hold the templates of an encrypted gallery in the clear"
            )
        if self._gallery is None:
            return "a gallery on a server has no place beside it that forgetting reaches from everywhere"
        return None
