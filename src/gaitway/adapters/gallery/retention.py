"""Erasing what was seen long ago: rows, files and bytes, resumed where it was interrupted."""

from __future__ import annotations

import json
import time

from sqlalchemy import Connection, select

from gaitway.adapters.gallery import audit, erasure, facts, people, seen, traces
from gaitway.adapters.gallery.database import Database
from gaitway.adapters.gallery.records import Purged
from gaitway.adapters.gallery.schema import sightings, templates
from gaitway.adapters.results.folder import OutputFolder

_FACT = "purge:"


def purge(database: Database, actor: str, keep_s: float) -> Purged:
    """Erase what was seen longer ago than ``keep_s``; see ``Gallery.purge``."""
    before_s = time.time() - keep_s
    with database.write() as connection:
        gone = seen.purge(connection, before_s)
        fact = f"{_FACT}{people.random_key():016x}"
        facts.put(connection, fact, json.dumps({"tracks": gone, "before_s": before_s}))
        audit.append(connection, actor, "purge", None, sightings=len(gone), keep_s=keep_s)
    return Purged(len(gone), _finish(database, fact))


def resume(database: Database) -> None:
    """Go on with purges that were interrupted."""
    with database.read() as connection:
        waiting = facts.starting(connection, _FACT)
    for fact in waiting:
        _finish(database, fact)


def _finish(database: Database, fact: str) -> int:
    """Erase the files, then the bytes between the live ones and in the log; return how many files."""
    with database.read() as connection:
        content = json.loads(facts.get(connection, fact) or "{}")
        kept, folders = _known(connection), seen.output_folders(connection)
    gone = {(str(video), int(track)) for video, track in content.get("tracks", ())} - kept
    files = sum(_sweep(folder, gone, kept, content.get("before_s", 0.0)) for folder in traces.opened(folders))
    with database.write() as connection:
        facts.put(connection, fact, "{}")  # all that is left to do is to empty the log
    erasure.clean(database)
    with database.write() as connection:
        facts.drop(connection, fact)
    return files


def _sweep(folder: OutputFolder, gone: set[traces.Track], kept: set[traces.Track], before_s: float) -> int:
    """Erase the purged tracks, and old ones that nobody knows, as those too short to be recognised."""
    found = traces.tracks_on_disk(folder.root)
    old = {track for track, written_s in found.items() if written_s < before_s}
    return traces.erase_tracks(folder, ((old - kept) | gone) & found.keys())


def _known(connection: Connection) -> set[traces.Track]:
    """Return the tracks of enrolled people and of what is still remembered."""
    tables = (templates, sightings)
    rows = [row for t in tables for row in connection.execute(select(t.c.video, t.c.track_id))]
    return {(row.video, row.track_id) for row in rows}
