"""Finds the nearest people of walks, model by model, over indexes kept fresh."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Connection, select

from gaitway.adapters.gallery.indexes import Indexes
from gaitway.adapters.gallery.matrix import Matrix
from gaitway.adapters.gallery.ondisk import DiskMatrix
from gaitway.adapters.gallery.records import Candidate, SearchResult, Walk
from gaitway.adapters.gallery.schema import models, persons
from gaitway.adapters.gallery.sealing import Seal
from gaitway.adapters.gallery.walks import find_model, shown_id
from gaitway.errors import IncompatibleModelsError


class Finder:
    """Searches a gallery; safe to use from several threads.

    Args:
        seal: Opens the templates.
        metric: ``euc`` or ``cos``.
        gallery: The SQLite file; None for a server.
        index: ``auto``, ``memory`` or ``lance``; see ``Indexes``.

    Raises: as ``Indexes``.
    """

    def __init__(self, seal: Seal, metric: str, gallery: Path | None = None, index: str = "auto") -> None:
        self.metric = metric
        self._seal = seal
        self._indexes = Indexes(seal, metric, gallery, index)
        self._lock = threading.Lock()

    def search(self, connection: Connection, walks: Sequence[Walk], k: int) -> tuple[SearchResult, ...]:
        """Return the k nearest people of each walk, among templates of its own model.

        Raises:
            IncompatibleModelsError: The model's embeddings have another shape in the gallery.
        """
        results: dict[int, SearchResult] = {}
        groups: dict[tuple[str, str], list[int]] = {}
        for position, walk in enumerate(walks):
            groups.setdefault((walk.model_id, walk.model_sha256), []).append(position)
        for (name, sha256), positions in groups.items():
            probes = [walks[i].parts for i in positions]
            found = self._of_one_model(connection, name, sha256, probes, k)
            results.update(zip(positions, found, strict=True))
        return tuple(results[i] for i in range(len(walks)))

    def preload(self, connection: Connection) -> int:
        """Make all indexes ready; return the number of templates."""
        rows = connection.execute(select(models)).all()
        return sum(len(self._matrix(connection, row).fresh(connection, self._seal)) for row in rows)

    def _of_one_model(
        self, connection: Connection, name: str, sha256: str, probes: Sequence[np.ndarray], k: int
    ) -> Iterator[SearchResult]:
        row = find_model(connection, name, sha256)
        if row is None:
            yield from (SearchResult(name, 0, 0, ()) for _ in probes)
            return
        if any(probe.shape != (row.parts, row.channels) for probe in probes):
            raise IncompatibleModelsError(
                f"embeddings of {name} have shape ({row.parts}, {row.channels}) here, got another: "
                "encode with the model the gallery was made with"
            )
        index = self._matrix(connection, row).fresh(connection, self._seal)
        ranked = index.search(np.stack(probes), k)
        owners = sorted(set(ranked.owner[ranked.owner >= 0].tolist()))
        query = select(persons.c.subject_id, persons.c.name).where(persons.c.subject_id.in_(owners))
        names = {row.subject_id: row.name for row in connection.execute(query)}
        subjects = index.owners
        for owner, template, distance in zip(ranked.owner, ranked.template, ranked.distance, strict=True):
            found = zip(owner.tolist(), template.tolist(), distance.tolist(), strict=True)
            candidates = tuple(Candidate(shown_id(o), names[o], d, t) for o, t, d in found if o in names)
            yield SearchResult(name, len(index), subjects, candidates)

    def _matrix(self, connection: Connection, row: Any) -> Matrix | DiskMatrix:
        with self._lock:
            return self._indexes.of(connection, row)
