"""Brings a gallery's tables to this version's, in one transaction, or says why not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from gaitway.adapters.gallery.database import Database, shown
from gaitway.adapters.gallery.schema import REVISION
from gaitway.errors import StoreError

if TYPE_CHECKING:
    from alembic.script import ScriptDirectory

FOLDER = Path(__file__).parent / "migrations"


def migrate(database: Database, folder: Path = FOLDER, newest: str = REVISION) -> None:
    """Make the tables those of the newest revision; an older gallery is migrated, a new one made.

    Raises:
        StoreError: The database is something else, or of a newer gaitway, or cannot be written.
    """
    with database.read() as connection:
        found = revision(connection, database)
    if found == newest:
        return
    with database.write() as connection:
        found = revision(connection, database)  # another process may have been faster
        if found != newest:
            _upgrade(connection, found, folder, database)


def revision(connection: Connection, database: Database) -> str | None:
    """Return the revision of the tables, None where there are none.

    Raises:
        StoreError: There are tables, and not a gallery's.
    """
    names = inspect(connection).get_table_names()
    if "alembic_version" in names:
        row = connection.execute(text("SELECT version_num FROM alembic_version")).first()
        return str(row[0]) if row else None
    if names and database.is_sqlite:
        raise StoreError(
            f"{shown(database.url)} is a database of something else (it has a table {min(names)!r}): "
            "name another file for the gallery"
        )
    return None


def _upgrade(connection: Connection, found: str | None, folder: Path, database: Database) -> None:
    from alembic.migration import MigrationContext
    from alembic.operations import Operations
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory(str(folder))
    if found is not None and found not in {script.revision for script in scripts.walk_revisions()}:
        raise StoreError(
            f"the gallery {shown(database.url)} has the schema {found}, this gaitway knows up to "
            f"{_head(scripts)}: open it with the newer gaitway that made it"
        )
    context = MigrationContext.configure(connection)
    with Operations.context(context):
        for script in reversed(list(scripts.iterate_revisions("head", found or "base"))):
            script.module.upgrade()
    context.stamp(scripts, "head")


def _head(scripts: ScriptDirectory) -> str:
    return scripts.get_current_head() or "nothing"
