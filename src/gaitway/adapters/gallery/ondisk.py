"""The templates of one model searched from the disk in bounded memory, with the same answers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import numpy as np
from jaxtyping import Float, Int64
from sqlalchemy import Connection, Select, select

from gaitway.adapters.gallery import bfloat, facts, shelf
from gaitway.adapters.gallery.database import Database
from gaitway.adapters.gallery.schema import audit, templates
from gaitway.adapters.gallery.sealing import Seal
from gaitway.adapters.gallery.shelf import Label, Shelf
from gaitway.adapters.gallery.walks import batches, context, unpack_all
from gaitway.adapters.runtimes.cores import usable_cores
from gaitway.errors import StoreError
from gaitway.recognition.firststage import BLOCK, FirstStage, Float32Stage
from gaitway.recognition.search import Ranked, scaled
from gaitway.recognition.streaming import Block, search_blocks

_FETCH = 4096  # rows read at a time
_PIECE = 128  # templates written at a time: they stay in a core's cache
_TAIL_PIECES = 12  # blocks of the tail, each from a change, before they are joined
_RETRIES = 5  # searches begun again because somebody was forgotten meanwhile


@dataclass(frozen=True, slots=True, eq=False)
class _State:
    """What is searched, as of one transaction.

    Attributes:
        template: Ids of the model, rising, (N,).
        owner: Whose they are, (N,).
        spans: Spans of ids that lie in files, rising.
        tail: Later templates, in memory: blocks of the first stage and their ids.
    """

    template: Int64[np.ndarray, " n"]
    owner: Int64[np.ndarray, " n"]
    spans: tuple[int, ...] = ()
    tail: tuple[tuple[Any, Int64[np.ndarray, " b"]], ...] = ()

    def owners_of(self, ids: np.ndarray) -> np.ndarray:
        """Return whose templates are; -1 for ids that are not there."""
        if not len(self.template):
            return np.full(len(ids), -1, np.int64)
        place = np.minimum(np.searchsorted(self.template, ids), len(self.template) - 1)
        owners: np.ndarray = np.where(self.template[place] == ids, self.owner[place], -1)
        return owners


class DiskMatrix:
    """A model's search index in files beside the gallery, of which one block at a time is in memory.

    A span of ids lies in a file once later ids are there, for then it gains none; the last span is kept in
    memory. Files hold what the first stage measures; the few templates measured exactly, and whose they are,
    come from the gallery.

    Args:
        model: Row of the model.
        identity: Its name and hash.
        shape: Parts and channels.
        metric: ``euc`` or ``cos``.
        files: Where the files lie.
    """

    def __init__(
        self, model: int, identity: tuple[str, str], shape: tuple[int, int], metric: str, files: Shelf
    ) -> None:
        self._model, self._context, self._shape, self._metric = model, context(*identity), shape, metric
        self._files = files
        self._stage: FirstStage = bfloat.usable_stage(*shape, metric) or Float32Stage(*shape, metric)
        form = "b" if isinstance(self._stage, bfloat.BFloatStage) else "f"
        self._kind = f"{model:08d}-{metric}-{form}{shape[0]}x{shape[1]}"
        self._state = _State(np.zeros(0, np.int64), np.zeros(0, np.int64))
        self._version = -1
        self._heads: set[tuple[int, str]] = set()  # known to be this gallery's
        self._lock = threading.Lock()

    def fresh(self, connection: Connection, seal: Seal) -> DiskSearch:
        """Return what searches the gallery as of the connection's transaction; missing files are made.

        Raises:
            StoreError: The folder cannot be written, or the disk is full.
        """
        version = int(facts.get(connection, "version") or 0)
        with self._lock:
            if version > self._version:
                state = self._listed(connection)
                tail = self._tail(connection, seal, state)
                self._state, self._version = replace(state, tail=tail), version
            for span in self._state.spans:
                if not self._holds(connection, span):
                    self._build(connection, seal, span)
            return DiskSearch(self, connection, seal, self._state)

    def blocks(self, state: _State) -> Iterator[Block]:
        """Yield every template once.

        Raises:
            FileNotFoundError: A file was deleted meanwhile.
        """
        for span in state.spans:
            path = self._files.path(self._kind, span)
            label = self._files.label(path)
            if label is None:
                raise FileNotFoundError(str(path))
            for number, content in enumerate(self._files.read(path)):
                ids = _filled(label.template[number * BLOCK : (number + 1) * BLOCK])
                yield Block(self._stage.unpacked(content), ids, state.owners_of(ids))
        for content, ids in state.tail:
            yield Block(content, ids, state.owners_of(ids))

    def search(self, connection: Connection, seal: Seal, state: _State, probes: np.ndarray, k: int) -> Ranked:
        """Return the ``k`` nearest owners of each probe.

        Raises:
            FileNotFoundError: A file was deleted meanwhile.
        """
        return search_blocks(
            self.blocks(state),
            probes,
            k,
            stage=self._stage,
            fetch=lambda ids: self._embeddings(connection, seal, ids),
            metric=self._metric,
            threads=usable_cores(),
        )

    def _listed(self, connection: Connection) -> _State:
        """Return the model's templates and their owners, from the tables' indexes alone."""
        mine = select(templates.c.id).where(templates.c.model_id == self._model).order_by(templates.c.id)
        (ids,) = _columns(connection, mine, 1)
        everyone, owners = _columns(connection, select(templates.c.id, templates.c.subject_id), 2)
        order = np.argsort(everyone)
        owner = owners[order[np.searchsorted(everyone[order], ids)]]
        spans = np.unique(ids // shelf.SPAN)[:-1].tolist()
        return _State(ids, owner, tuple(spans))

    def _holds(self, connection: Connection, span: int) -> bool:
        """Return whether a span's file is there, this gallery's, and has all of the span's templates."""
        label = self._files.label(self._files.path(self._kind, span))
        if label is None or not self._is_ours(connection, label):
            return False
        ids = self._state.template
        wanted = ids[slice(*np.searchsorted(ids, [span * shelf.SPAN, (span + 1) * shelf.SPAN]).tolist())]
        self._stage.widen(*label.bounds)
        return bool(np.isin(wanted, label.template, assume_unique=True).all())

    def _is_ours(self, connection: Connection, label: Label) -> bool:
        if label.head not in self._heads and is_ours(connection, label):
            self._heads.add(label.head)
        return label.head in self._heads

    def _build(self, connection: Connection, seal: Seal, span: int) -> None:
        """Write a span's file from the gallery as it is once nobody else may write or erase files."""
        with self._files.locked():
            if self._holds(connection, span):
                return  # another process was first
            with connection.engine.connect() as now, now.begin():
                written, ids = self._written(now, seal, span)
                seq, line = (facts.get(now, "audit_head") or "0:").split(":")
            label = Label((int(seq), line), self._stage.bounds(), ids)
            path = self._files.path(self._kind, span)
            self._files.write(path, label, (self._stage.packed(block) for block in written))

    def _written(
        self, connection: Connection, seal: Seal, span: int, after: int = -1
    ) -> tuple[list[Any], np.ndarray]:
        """Return blocks of a span's templates and their ids, those above ``after``."""
        query = select(templates.c.id, templates.c.embedding).where(
            templates.c.model_id == self._model,
            templates.c.id >= max(span * shelf.SPAN, after + 1),
            templates.c.id < (span + 1) * shelf.SPAN,
        )
        result = connection.execution_options(yield_per=BLOCK).execute(query.order_by(templates.c.id))
        blocks: list[Any] = []
        ids: list[int] = []
        for rows in result.partitions():
            block = self._stage.block()
            values = unpack_all([seal.unseal(row[1], self._context) for row in rows], *self._shape)
            for start in range(0, len(rows), _PIECE):
                self._stage.write(block, start, scaled(values[start : start + _PIECE], self._metric))
            blocks.append(self._stage.unpacked(self._stage.packed(block)))
            ids += [row[0] for row in rows]
        return blocks, np.array(ids, np.int64)

    def _tail(self, connection: Connection, seal: Seal, state: _State) -> tuple[tuple[Any, np.ndarray], ...]:
        """Return the last span's blocks; those of before are kept while none of their templates went."""
        if not len(state.template):
            return ()
        last = int(state.template[-1]) // shelf.SPAN
        before = [] if state.spans != self._state.spans else list(self._state.tail)
        known = np.concatenate([np.zeros(0, np.int64), *(ids[ids >= 0] for _, ids in before)])
        if len(before) > _TAIL_PIECES or not np.isin(known, state.template, assume_unique=True).all():
            before, known = [], known[:0]
        blocks, ids = self._written(connection, seal, last, int(known.max(initial=-1)))
        pieces = [_filled(ids[i * BLOCK : (i + 1) * BLOCK]) for i in range(len(blocks))]
        return (*before, *zip(blocks, pieces, strict=True))

    def _embeddings(
        self, connection: Connection, seal: Seal, ids: Int64[np.ndarray, " n"]
    ) -> Float[np.ndarray, "n p c"]:
        """Return templates as the gallery keeps them."""
        found: dict[int, bytes] = {}
        for some in batches(ids.tolist()):
            query = select(templates.c.id, templates.c.embedding).where(templates.c.id.in_(some))
            found.update((row[0], row[1]) for row in connection.execute(query))
        return unpack_all([seal.unseal(found[i], self._context) for i in ids.tolist()], *self._shape)


class DiskSearch:
    """A model's templates as of one transaction, to be searched while it lasts."""

    def __init__(self, matrix: DiskMatrix, connection: Connection, seal: Seal, state: _State) -> None:
        self._matrix, self._connection, self._seal, self._state = matrix, connection, seal, state

    def __len__(self) -> int:
        return len(self._state.template)

    @property
    def owners(self) -> int:
        """How many owners the templates have."""
        return len(np.unique(self._state.owner))

    def search(self, probes: Float[np.ndarray, "n p c"], k: int = 10) -> Ranked:
        """Return the ``k`` nearest owners of each probe, as ``TemplateIndex.search``.

        Raises:
            StoreError: The index is deleted again and again by another process.
        """
        for _ in range(_RETRIES):
            try:
                return self._matrix.search(self._connection, self._seal, self._state, probes, k)
            except FileNotFoundError:  # another process forgets somebody
                self._matrix.fresh(self._connection, self._seal)
        raise StoreError(
            "the search index was deleted while it was read, again and again: search once nobody is being "
            "forgotten"
        )


def sweep(database: Database) -> None:
    """Delete the index files that hold a template which is gone from the gallery, or may.

    Raises:
        StoreError: One cannot be deleted, or another process keeps the folder locked.
    """
    if database.path is None or not Shelf(database.path).root.is_dir():
        return
    files = Shelf(database.path)
    with files.locked(), database.read() as connection:
        for path in files.files:
            if path.suffix != shelf.ENDING:
                continue
            label = files.label(path) if shelf.is_installed() else None
            if label is None or not is_ours(connection, label) or _has_gone(connection, label):
                files.drop(path)


def is_ours(connection: Connection, label: Label) -> bool:
    """Return whether a file was made from this gallery: its audit log has the line that the file notes."""
    seq, line = label.head
    return connection.execute(select(audit.c.hash).where(audit.c.seq == seq)).scalar_one_or_none() == line


def _has_gone(connection: Connection, label: Label) -> bool:
    if not len(label.template):
        return False
    first, last = int(label.template[0]), int(label.template[-1])
    (ids,) = _columns(connection, select(templates.c.id).where(templates.c.id.between(first, last)), 1)
    return not np.isin(label.template, ids, assume_unique=True).all()


def _columns(connection: Connection, query: Select[Any], count: int) -> list[np.ndarray]:
    """Return whole columns of a query, (N,) int64 each."""
    result = connection.execution_options(yield_per=_FETCH).execute(query)
    parts = [np.fromiter(chain.from_iterable(rows), np.int64) for rows in result.partitions()]
    table = np.concatenate([np.zeros(0, np.int64), *parts]).reshape(-1, count)
    return [table[:, i].copy() for i in range(count)]


def _filled(ids: Int64[np.ndarray, " n"]) -> Int64[np.ndarray, " b"]:
    """Return a block's ids; -1 for empty rows."""
    filled = np.full(BLOCK, -1, np.int64)
    filled[: len(ids)] = ids
    return filled
