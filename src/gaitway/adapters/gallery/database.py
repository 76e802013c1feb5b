"""Connections and transactions: one write at a time, each whole or not at all, every error one line."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from gaitway.errors import ConfigError, MissingExtraError, StoreError

BUSY_TIMEOUT_S = 60.0
_LOCK = 0x6761697477617930  # "gaitway0": the advisory lock under which a gallery is written on a server
_PERSONAL = ("subjects", "persons", "templates", "sightings", "decisions", "facts")
_PRAGMAS = (
    f"PRAGMA busy_timeout = {int(BUSY_TIMEOUT_S * 1000)}",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # an acknowledged change survives a power cut
    "PRAGMA secure_delete = ON",
    "PRAGMA temp_store = MEMORY",  # no temporary file ever holds a template
    "PRAGMA foreign_keys = ON",
    "PRAGMA trusted_schema = OFF",
)
NOTHING_CHANGED = "; nothing was changed"
_REASONS = (
    ("database or disk is full", "the disk is full: free space" + NOTHING_CHANGED),
    ("disk i/o error", "the disk refused it: free space and check the disk" + NOTHING_CHANGED),
    ("no space left", "the disk is full: free space" + NOTHING_CHANGED),
    (
        "readonly database",
        "it may only be read: allow writing to the file and its folder" + NOTHING_CHANGED,
    ),
    ("read-only transaction", "it may only be read: ask for the right to write" + NOTHING_CHANGED),
    ("not a database", "it is no gallery (or damaged): name another file, or restore it from a backup"),
    ("malformed", "it is damaged: restore it from a backup, or save what 'gallery export' can still read"),
    ("unable to open database file", "it cannot be opened: check that its folder exists and the permissions"),
    ("database is locked", "another process keeps it locked: try again later" + NOTHING_CHANGED),
    ("connection refused", "no server answers: check the address and that it runs"),
    ("password authentication failed", "the server refused the password: correct it in the url"),
)


def parse_url(url: str | Path) -> URL:
    """Return the database's url: a plain path means an SQLite file.

    Raises:
        ConfigError: Neither a path nor a url.

    Examples:
        >>> parse_url("people.db").drivername
        'sqlite+pysqlite'
        >>> parse_url("postgresql://host/people").drivername
        'postgresql+psycopg'
    """
    given = str(url)
    if not re.match(r"^[a-z][a-z0-9+]*://", given):
        if not given or "\0" in given:
            raise ConfigError(f"the gallery is called {given!r}, wanted a file or a database url")
        return URL.create("sqlite+pysqlite", database=str(Path(given).resolve()))
    try:
        parsed = make_url(given)
    except (ArgumentError, ValueError) as error:
        raise ConfigError(f"the gallery's url cannot be read ({error}): wanted postgresql://...") from error
    kind = parsed.get_backend_name()
    if kind == "sqlite":
        if parsed.database in {None, "", ":memory:"} or parsed.query:
            raise ConfigError(
                f"the gallery's url {given!r} names no plain file: a gallery is a file that lasts"
            )
        return URL.create("sqlite+pysqlite", database=str(Path(parsed.database or "").resolve()))
    if kind in {"postgresql", "postgres"}:
        return parsed.set(drivername="postgresql+psycopg")
    raise ConfigError(f"a gallery cannot be kept in {kind!r}: name an SQLite file or a postgresql:// url")


class Database:
    """A gallery's database, open.

    Args:
        url: From ``parse_url``.

    Raises:
        MissingExtraError: The server's driver is not installed.
    """

    def __init__(self, url: URL) -> None:
        self.url = url
        self.is_sqlite = url.get_backend_name() == "sqlite"
        try:
            self.engine: Engine = create_engine(
                url, pool_size=8, max_overflow=24, pool_pre_ping=not self.is_sqlite
            )
        except ModuleNotFoundError as error:
            raise MissingExtraError("psycopg", "postgres", "a gallery on PostgreSQL") from error
        except (NoSuchModuleError, ArgumentError) as error:
            raise ConfigError(f"the gallery's url cannot be used ({error}): check it") from error
        if self.is_sqlite:
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)

    @property
    def path(self) -> Path | None:
        """The SQLite file, or None for a server."""
        return Path(self.url.database or "") if self.is_sqlite else None

    @property
    def files(self) -> list[Path]:
        """Every file SQLite keeps for this gallery."""
        if self.path is None:
            return []
        beside = [self.path.with_name(self.path.name + ending) for ending in ("", "-wal", "-shm", "-journal")]
        return [path for path in beside if path.is_file()]

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection that sees one state throughout.

        Raises:
            StoreError: The database cannot be read.
        """
        with self._translated("read"), self.engine.connect() as connection:
            if not self.is_sqlite:
                connection = connection.execution_options(isolation_level="REPEATABLE READ")  # noqa: PLW2901
            with connection.begin():
                yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give the one connection that may write now; its changes appear together, on leaving without error.

        Raises:
            StoreError: The database cannot be written; it is as before.
        """
        with self._translated("write"), self.engine.connect() as connection:
            connection = connection.execution_options(gaitway_write=True)  # noqa: PLW2901
            with connection.begin():
                if not self.is_sqlite:
                    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
                yield connection

    def flush_log(self) -> bool:
        """Move SQLite's write-ahead log into the file and empty it; whether that could be done."""
        if not self.is_sqlite:
            return True
        with self._translated("write"):
            blocked, _, _ = self._raw("PRAGMA wal_checkpoint(TRUNCATE)")
        return not blocked

    def rewrite(self) -> None:
        """Write the tables anew, without what lies between their live bytes."""
        with self._translated("write"):
            if self.is_sqlite:
                self._raw("VACUUM")
                return
            with self.engine.connect() as connection:
                server = connection.execution_options(isolation_level="AUTOCOMMIT")
                server.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": _LOCK + 1})  # one at a time
                for table in _PERSONAL:  # not all of the database: that would lock the server's own tables
                    server.exec_driver_sql(f"VACUUM FULL {table}")
                server.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": _LOCK + 1})

    def _raw(self, statement: str) -> Any:
        """Execute one statement outside any transaction, on SQLite; return its first row."""
        raw = self.engine.raw_connection()
        try:
            return raw.cursor().execute(statement).fetchone()
        finally:
            raw.close()

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    @contextmanager
    def _translated(self, action: str) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, OSError) as error:
            if isinstance(error, StoreError):
                raise
            raise StoreError(f"cannot {action} the gallery {shown(self.url)}: {reason_of(error)}") from error
        except Exception as error:
            if type(error).__module__.split(".")[0] not in {"sqlite3", "psycopg"}:
                raise
            raise StoreError(f"cannot {action} the gallery {shown(self.url)}: {reason_of(error)}") from error


def shown(url: URL) -> str:
    """Return a url as it may be printed: a file's path, or the address without the password."""
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    return url.render_as_string(hide_password=True)


def reason_of(error: BaseException) -> str:
    """Return in one line why a database refused, and what to do."""
    said = str(error.orig if isinstance(error, DBAPIError) else error)
    for words, reason in _REASONS:
        if words in said.lower():
            return reason
    return f"{' '.join(said.split())}: check the database"


def _prepare_sqlite(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # transactions begin where we say
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        _patiently(cursor, pragma)
    cursor.close()


def _patiently(cursor: Any, pragma: str) -> None:
    """Execute a pragma; turning the log on does not wait by itself while another process does the same."""
    until = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            cursor.execute(pragma)
        except Exception as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("gaitway_write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
