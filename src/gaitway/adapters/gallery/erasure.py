"""Forgetting a person: rows, files, then the bytes; resumed where it was interrupted.

What is left to do stands in the gallery, in the same transaction that deletes the person, and goes when all
is done: an erasure is never half forgotten itself.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from sqlalchemy import Connection, select

from gaitway.adapters.gallery import audit, facts, ondisk, people, seen, traces
from gaitway.adapters.gallery.bytesearch import occurrences
from gaitway.adapters.gallery.database import BUSY_TIMEOUT_S, NOTHING_CHANGED, Database
from gaitway.adapters.gallery.records import Erasure, Subject
from gaitway.adapters.gallery.schema import models, sightings, templates
from gaitway.adapters.gallery.sealing import Seal
from gaitway.adapters.gallery.walks import batches, context
from gaitway.errors import StoreError

REWRITE_BELOW = 256 << 20  # bytes: a file this small is rewritten at once, a larger one where bytes are found
_PIECE, _STRIDE = 24, 96  # bytes of a template looked for, and how far apart; a page holds thousands
_PIECES = 4000  # looked for at most, evenly spread over the templates
_ONLY_BYTES = "bytes"  # all that is left to do is to empty the log


def forget(database: Database, seal: Seal, actor: str, who: str, folders: Sequence[Path]) -> Erasure:
    """Erase a person everywhere; see ``Gallery.forget``."""
    with database.write() as connection:
        subject = people.get(connection, who)
        key = people.row_of(subject)
        seen_ids = seen.of_subject(connection, key)
        rows = list(_rows(connection, seal, key, seen_ids))
        left = [trace for trace, _ in rows]
        places = list(dict.fromkeys([*seen.output_folders(connection), *(f.absolute() for f in folders)]))
        seen.erase(connection, seen_ids)
        people.erase(connection, key)
        shared = seen.living(connection, {_checksum(contents) for _, contents in rows})
        facts.put(connection, _fact(key), traces.as_text(left, places))
        facts.bump(connection, reshuffled=True)
        exports = audit.count(connection, "export", subject.created.timestamp())
        counts = {"templates": len(rows) - len(seen_ids), "sightings": len(seen_ids)}
        audit.append(connection, actor, "forget", key, **counts)
    files = _finish(database, actor, key, left, places)
    gone = [contents for _, contents in rows if _checksum(contents) not in shared]
    needles = [piece for contents in gone for content in contents for piece in pieces(content)]
    searched, elsewhere = _prove(database, subject, needles[:: max(len(needles) // _PIECES, 1)])
    return Erasure(
        subject.id,
        counts["templates"],
        counts["sightings"],
        files,
        searched,
        elsewhere,
        searched > 0,
        exports,
        len(shared),
    )


def resume(database: Database, actor: str) -> None:
    """Go on with erasures that were interrupted."""
    with database.read() as connection:
        waiting = facts.starting(connection, "erase:")
    for name, text in waiting.items():
        key = int(name.partition(":")[2], 16)
        left, places = ([], []) if text == _ONLY_BYTES else traces.from_text(text)
        _finish(database, actor, key, left, places)


def pieces(content: bytes) -> Iterator[bytes]:
    """Yield short stretches of a template's bytes, enough to find any page that holds a part of it."""
    for start in range(0, max(len(content) - _PIECE, 0) + 1, _STRIDE):
        piece = content[start : start + _PIECE]
        if len(set(piece)) > _PIECE // 4:  # zeros and the like are found everywhere and say nothing
            yield piece


def _checksum(contents: tuple[bytes, ...]) -> str:
    """Return the checksum of what was stored, which comes last."""
    return hashlib.sha256(contents[-1]).hexdigest()


def _fact(key: int) -> str:
    return f"erase:{key:016x}"


def _rows(
    connection: Connection, seal: Seal, key: int, seen_ids: Sequence[int]
) -> Iterator[tuple[traces.Trace, tuple[bytes, ...]]]:
    """Yield per template and sighting its trace and the bytes to look for afterwards."""
    wanted = [(templates, templates.c.subject_id == key)]
    wanted += [(sightings, sightings.c.id.in_(some)) for some in batches(seen_ids)]
    for table, condition in wanted:
        columns = (table.c.video, table.c.track_id, table.c.embedding, models.c.name, models.c.sha256)
        for row in connection.execute(select(*columns).join_from(table, models).where(condition)):
            plain = seal.unseal(row.embedding, context(row.name, row.sha256))
            contents = (plain,) if plain == row.embedding else (plain, row.embedding)
            yield traces.Trace(row.video, row.track_id, traces.digest(plain), row.name), contents


def _finish(
    database: Database, actor: str, key: int, left: Sequence[traces.Trace], places: Sequence[Path]
) -> int:
    """Erase the files, the search index, then the bytes between the live ones and in the log."""
    files = traces.erase(left, places)
    ondisk.sweep(database)
    with database.write() as connection:
        facts.put(connection, _fact(key), _ONLY_BYTES)
    clean(database)
    with database.write() as connection:
        facts.drop(connection, _fact(key))
        audit.append(connection, actor, "erased", key, files=files)
    return files


def clean(database: Database) -> None:
    """Leave nothing of what was deleted in the database's files.

    Raises:
        StoreError: The disk is full, or another process kept reading the old state for too long.
    """
    size = sum(file.stat().st_size for file in database.files)
    try:
        if size < REWRITE_BELOW:
            database.rewrite()
    except StoreError as error:
        raise StoreError(
            "all is erased from the tables, but not yet from between the file's live bytes; then open the "
            f"gallery again: {str(error).removesuffix(NOTHING_CHANGED)}"
        ) from error
    until = time.monotonic() + BUSY_TIMEOUT_S
    while not database.flush_log():
        if time.monotonic() > until:
            raise StoreError(
                "the person is forgotten, but another process keeps reading an older state of the gallery, "
                "so its log cannot be emptied: close that process, then open the gallery again"
            )
        time.sleep(0.05)


def _prove(database: Database, subject: Subject, needles: Sequence[bytes]) -> tuple[int, int]:
    """Search the files for a person's bytes; return how much was searched and how often the name stands.

    Raises:
        StoreError: A template's bytes are still there.
    """
    if not database.is_sqlite:
        return 0, 0
    if _count(database, needles):
        database.rewrite()
        clean(database)
        if found := _count(database, needles):
            raise StoreError(
                f"the person is forgotten, but {found} stretches of their templates are still in the file: "
                "export the gallery, import it into a new one, and delete this one"
            )
    searched = sum(file.stat().st_size for file in database.files)
    return searched, _count(database, [subject.name.encode()])


def _count(database: Database, needles: Sequence[bytes]) -> int:
    return sum(occurrences(file, needles) for file in database.files)
