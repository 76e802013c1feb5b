"""Facts about the gallery itself, by key."""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, select, update

from gaitway.adapters.gallery.schema import facts


def get(connection: Connection, key: str) -> str | None:
    """Return a fact, or None."""
    return connection.execute(select(facts.c.value).where(facts.c.key == key)).scalar_one_or_none()


def put(connection: Connection, key: str, value: str) -> None:
    """Set a fact."""
    if not connection.execute(update(facts).where(facts.c.key == key).values(value=value)).rowcount:
        connection.execute(insert(facts).values(key=key, value=value))


def drop(connection: Connection, key: str) -> None:
    """Remove a fact."""
    connection.execute(delete(facts).where(facts.c.key == key))


def starting(connection: Connection, prefix: str) -> dict[str, str]:
    """Return all facts whose key starts with ``prefix``."""
    rows = connection.execute(select(facts).where(facts.c.key.startswith(prefix, autoescape=True)))
    return {row.key: row.value for row in rows}


def bump(connection: Connection, *, reshuffled: bool) -> None:
    """Count a change of the templates; ``reshuffled``: some went or moved, not only came."""
    for key in ("version", "reshuffled") if reshuffled else ("version",):
        put(connection, key, str(int(get(connection, key) or 0) + 1))
