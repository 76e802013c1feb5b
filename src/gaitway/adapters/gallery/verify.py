"""Is everything in a gallery whole? The file, each template, the references, the audit log."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from sqlalchemy import Connection, select, text

from gaitway.adapters.gallery import audit, facts
from gaitway.adapters.gallery.records import Problem
from gaitway.adapters.gallery.schema import models, persons, sightings, subjects, templates
from gaitway.adapters.gallery.sealing import Seal
from gaitway.adapters.gallery.walks import context, unpack
from gaitway.errors import StoreError

_FETCH = 1024


def problems(connection: Connection, seal: Seal, *, is_sqlite: bool) -> Iterator[Problem]:
    """Yield what is wrong."""
    if is_sqlite:
        for (line,) in connection.execute(text("PRAGMA integrity_check")):
            if line != "ok":
                yield Problem("file", str(line))
        for row in connection.execute(text("PRAGMA foreign_key_check")):
            yield Problem(f"table {row[0]}", f"row {row[1]} refers to a row of {row[2]} that is not there")
    nameless = select(subjects.c.id).where(subjects.c.id.not_in(select(persons.c.subject_id)))
    for (key,) in connection.execute(nameless):
        yield Problem(f"person {key:016x}", "has no name")
    for table, what in ((templates, "template"), (sightings, "sighting")):
        query = select(
            table.c.id, table.c.embedding, table.c.checksum, models.c.name, models.c.sha256, models.c.parts,
            models.c.channels,
        ).join_from(table, models)  # fmt: skip
        for rows in connection.execution_options(yield_per=_FETCH).execute(query).partitions():
            for row in rows:
                yield from _walk(row, seal, what)
    yield from _interrupted(connection)
    yield from audit.check(connection)


def _interrupted(connection: Connection) -> Iterator[Problem]:
    for key in facts.starting(connection, "erase:"):
        yield Problem(
            f"erasure of {key.partition(':')[2]}", "was interrupted: it goes on when the gallery is opened"
        )
    for _ in facts.starting(connection, "purge:"):
        yield Problem("purge", "was interrupted: it goes on when the gallery is opened")


def _walk(row: Any, seal: Seal, what: str) -> Iterator[Problem]:
    if hashlib.sha256(row.embedding).hexdigest() != row.checksum:
        yield Problem(f"{what} {row.id}", "its bytes were changed")
        return
    try:
        parts = unpack(seal.unseal(row.embedding, context(row.name, row.sha256)), row.parts, row.channels)
    except StoreError as error:
        yield Problem(f"{what} {row.id}", str(error))
        return
    if not np.isfinite(parts).all():
        yield Problem(f"{what} {row.id}", "has values that are not finite")
