"""The templates of one model in memory, kept as fresh as the database."""

from __future__ import annotations

import threading

import numpy as np
from sqlalchemy import Connection, func, select

from gaitway.adapters.gallery import bfloat, facts
from gaitway.adapters.gallery.schema import templates
from gaitway.adapters.gallery.sealing import Seal
from gaitway.adapters.gallery.walks import context, unpack_all
from gaitway.adapters.runtimes.cores import usable_cores
from gaitway.recognition.search import TemplateIndex

_FETCH = 1024  # templates read at a time
LARGE = (
    16_384  # templates from which the first search may take half a second longer to make the others faster
)


class Matrix:
    """A search index of one model's templates that follows the database.

    The gallery counts its changes; while the count stands, nothing is read. New templates have ids above all
    earlier ones; only after templates went or changed owner are all ids compared.
    """

    def __init__(self, model: int, name: str, sha256: str, shape: tuple[int, int], metric: str) -> None:
        self._model = model
        self._context = context(name, sha256)
        self._shape = shape
        self._metric = metric
        self._index = TemplateIndex(*shape, metric, usable_cores())
        self._is_large = False
        self._version = self._reshuffled = -1
        self._newest = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._index)

    def fresh(self, connection: Connection, seal: Seal) -> TemplateIndex:
        """Return the index as of the connection's transaction."""
        version = int(facts.get(connection, "version") or 0)
        reshuffled = int(facts.get(connection, "reshuffled") or 0)
        with self._lock:
            if version <= self._version:
                return self._index
            if not self._is_large and count_of(connection, self._model) >= LARGE:
                self._enlarge()
            if reshuffled != self._reshuffled and self._newest:
                self._compare(connection)
            self._load(connection, seal)
            self._version, self._reshuffled = version, reshuffled
            return self._index

    def _enlarge(self) -> None:
        """Begin again with an index for many templates, where the processor has what it takes."""
        self._is_large = True
        kept = np.float16 if self._metric == "euc" else np.float32
        stage = bfloat.usable_stage(*self._shape, self._metric, kept)
        if stage is not None:
            self._index, self._newest = TemplateIndex(*self._shape, self._metric, usable_cores(), stage), 0

    def _compare(self, connection: Connection) -> None:
        query = select(templates.c.id, templates.c.subject_id).where(
            templates.c.model_id == self._model, templates.c.id <= self._newest
        )
        rows = connection.execute(query).all()
        kept = np.array([row[0] for row in rows], np.int64)
        gone = self._index.templates - set(kept.tolist())
        self._index.remove(np.array(sorted(gone), np.int64))
        self._index.assign(kept, np.array([row[1] for row in rows], np.int64))

    def _load(self, connection: Connection, seal: Seal) -> None:
        query = (
            select(templates.c.id, templates.c.subject_id, templates.c.embedding)
            .where(templates.c.model_id == self._model, templates.c.id > self._newest)
            .order_by(templates.c.id)
        )
        result = connection.execution_options(yield_per=_FETCH).execute(query)
        for rows in result.partitions():
            stored = [seal.unseal(row[2], self._context) for row in rows]
            ids = np.array([row[0] for row in rows], np.int64)
            owners = np.array([row[1] for row in rows], np.int64)
            self._index.add(ids, owners, unpack_all(stored, *self._shape))
            self._newest = int(ids[-1])


def count_of(connection: Connection, model: int) -> int:
    """Return how many templates of a model there are."""
    query = select(func.count()).select_from(templates).where(templates.c.model_id == model)
    return int(connection.execute(query).scalar_one())
