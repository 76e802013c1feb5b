"""People and their templates, as statements inside the caller's transaction."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from gaitway.adapters.gallery.records import Subject, Template, Walk
from gaitway.adapters.gallery.schema import models, persons, subjects, templates
from gaitway.adapters.gallery.sealing import Seal
from gaitway.adapters.gallery.walks import batches, model_row, moment, shown_id, walk_values
from gaitway.errors import InputError

_NAME_LIMIT = 200
_SUBJECT = (
    select(
        subjects.c.id,
        persons.c.name,
        persons.c.notes,
        persons.c.consent,
        subjects.c.created_s,
        select(func.count())
        .select_from(templates)
        .where(templates.c.subject_id == subjects.c.id)
        .scalar_subquery()
        .label("templates"),
    )
    .join_from(subjects, persons)
    .order_by(persons.c.name)
)


def checked_name(name: str) -> str:
    """Return a name without blanks around it.

    Raises:
        InputError: It is empty, too long, or has control characters.
    """
    name = name.strip()
    if not name or len(name) > _NAME_LIMIT or not name.isprintable():
        raise InputError(
            f"the name {name[:40]!r} does not do: wanted 1 to {_NAME_LIMIT} printable characters"
        )
    return name


def every(connection: Connection) -> tuple[Subject, ...]:
    """Return everybody, by name."""
    return tuple(_subject(row) for row in connection.execute(_SUBJECT))


def find(connection: Connection, who: str) -> Subject | None:
    """Return the person of a name or an id, or None."""
    row = connection.execute(_SUBJECT.where(persons.c.name == who.strip())).one_or_none()
    if row is None and (key := _row_of(who)) is not None:
        row = connection.execute(_SUBJECT.where(subjects.c.id == key)).one_or_none()
    return None if row is None else _subject(row)


def get(connection: Connection, who: str) -> Subject:
    """Return the person of a name or an id.

    Raises:
        InputError: Nobody is called that.
    """
    found = find(connection, who)
    if found is None:
        raise InputError(f"nobody in the gallery is called {who!r}: see 'gaitway gallery list'")
    return found


def make(
    connection: Connection, name: str, notes: str = "", consent: str = "", key: int | None = None
) -> int:
    """Add a person and return their row."""
    key = key if key is not None else random_key()
    connection.execute(insert(subjects).values(id=key, created_s=time.time()))
    connection.execute(insert(persons).values(subject_id=key, name=name, notes=notes, consent=consent))
    return key


def rows_for(connection: Connection, names: Sequence[str]) -> dict[str, int]:
    """Return the row of each name; people who are new are added."""
    found: dict[str, int] = {}
    for some in batches(names):
        query = select(persons.c.name, persons.c.subject_id).where(persons.c.name.in_(some))
        found.update((row.name, int(row.subject_id)) for row in connection.execute(query))
    fresh = {name: random_key() for name in names if name not in found}
    if fresh:
        now = time.time()
        connection.execute(insert(subjects), [{"id": key, "created_s": now} for key in fresh.values()])
        blank = {"notes": "", "consent": ""}
        rows = [{"subject_id": key, "name": name, **blank} for name, key in fresh.items()]
        connection.execute(insert(persons), rows)
    return found | fresh


def random_key() -> int:
    """Return a random row: 16 hex digits, none of them leading zeros."""
    return secrets.randbits(61) | 1 << 61


def describe(connection: Connection, key: int, **values: str) -> None:
    """Change a person's name, notes or consent."""
    if values:
        connection.execute(update(persons).where(persons.c.subject_id == key).values(**values))


def add_templates(connection: Connection, walks: Mapping[int, Sequence[Walk]], seal: Seal) -> None:
    """Enrol walks, by the row of the person."""
    rows: dict[tuple[str, str, tuple[int, ...]], int] = {}
    values = []
    for key, theirs in walks.items():
        for walk in theirs:
            model = (walk.model_id, walk.model_sha256, walk.parts.shape)
            if model not in rows:
                rows[model] = model_row(connection, walk)
            values.append({"subject_id": key, **walk_values(walk, rows[model], seal)})
    if values:
        connection.execute(insert(templates), values)


def templates_of(connection: Connection, key: int) -> tuple[Template, ...]:
    """Return a person's templates, oldest first."""
    query = (
        select(templates, models.c.name, models.c.sha256)
        .join_from(templates, models)
        .where(templates.c.subject_id == key)
        .order_by(templates.c.id)
    )
    return tuple(
        Template(
            row.id,
            shown_id(row.subject_id),
            row.name,
            row.sha256,
            row.video,
            row.video_sha256,
            row.track_id,
            row.first_frame,
            row.last_frame,
            row.frames,
            row.quality,
            row.view_deg,
            moment(row.created_s),
        )
        for row in connection.execute(query)
    )


def move_templates(
    connection: Connection, source: int, target: int, ids: Sequence[int] | None = None
) -> None:
    """Give a person's templates, or only those of ``ids``, to another."""
    query = update(templates).where(templates.c.subject_id == source).values(subject_id=target)
    connection.execute(query if ids is None else query.where(templates.c.id.in_(ids)))


def erase(connection: Connection, key: int) -> None:
    """Delete a person, their name and templates."""
    connection.execute(delete(templates).where(templates.c.subject_id == key))
    connection.execute(delete(persons).where(persons.c.subject_id == key))
    connection.execute(delete(subjects).where(subjects.c.id == key))


def row_of(subject: Subject) -> int:
    """Return a person's row."""
    return int(subject.id, 16)


def _row_of(who: str) -> int | None:
    try:
        return int(who, 16) if len(who) == 16 else None
    except ValueError:
        return None


def _subject(row: Any) -> Subject:
    return Subject(
        shown_id(row.id), row.name, row.notes, row.consent, moment(row.created_s), int(row.templates)
    )
