"""The audit log: who did what and when, each line carrying the hash of the one before.

A changed or removed line breaks the chain; lines cut off at the end show against the head kept with the
gallery, and against one noted elsewhere (``gallery stats`` prints it). No names, only subjects' random ids.
"""

from __future__ import annotations

import getpass
import hashlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select

from gaitway.adapters.gallery import facts
from gaitway.adapters.gallery.records import AuditLine, Problem
from gaitway.adapters.gallery.schema import audit

GENESIS = "0" * 64


def who() -> str:
    """Return who works here, by the operating system; "unknown" where it does not say."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "unknown"


def append(
    connection: Connection, actor: str, action: str, subject_id: int | None = None, **details: Any
) -> None:
    """Add a line, in the transaction of what it tells about."""
    extend(connection, actor, action, [(subject_id, details)])


def extend(
    connection: Connection,
    actor: str,
    action: str,
    done: Sequence[tuple[int | None, Mapping[str, Any]]],
) -> None:
    """Add a line per subject and its details."""
    if not done:
        return
    seq, head = _head(connection)
    rows = []
    for subject_id, details in done:
        seq += 1
        line = {
            "seq": seq,
            "at_s": round(time.time(), 3),
            "actor": actor,
            "action": action,
            "subject_id": subject_id,
            "details": json.dumps(details, sort_keys=True),
        }
        head = _hash(head, line)
        rows.append({**line, "hash": head})
    connection.execute(insert(audit), rows)
    facts.put(connection, "audit_head", f"{seq}:{head}")


def count(connection: Connection, action: str, since_s: float) -> int:
    """Return how often something was done since a time."""
    query = select(func.count()).select_from(audit).where(audit.c.action == action, audit.c.at_s >= since_s)
    return int(connection.execute(query).scalar_one())


def lines(connection: Connection, last: int | None = None) -> tuple[AuditLine, ...]:
    """Return the log, oldest first; only its ``last`` lines where given."""
    query = select(audit).order_by(audit.c.seq.desc())
    rows = connection.execute(query.limit(last) if last is not None else query).all()
    return tuple(
        AuditLine(
            row.seq,
            datetime.fromtimestamp(row.at_s, UTC),
            row.actor,
            row.action,
            None if row.subject_id is None else f"{row.subject_id:016x}",
            json.loads(row.details),
            row.hash,
        )
        for row in reversed(rows)
    )


def subjects(connection: Connection, action: str) -> set[int]:
    """Return whom an act was done to."""
    query = select(audit.c.subject_id).where(audit.c.action == action)
    return {int(row.subject_id) for row in connection.execute(query) if row.subject_id is not None}


def check(connection: Connection) -> Iterator[Problem]:
    """Yield what is wrong with the chain."""
    wanted, head = 1, GENESIS
    for row in connection.execute(select(audit).order_by(audit.c.seq)):
        line = {
            name: getattr(row, name) for name in ("seq", "at_s", "actor", "action", "subject_id", "details")
        }
        if row.seq != wanted:
            yield Problem(f"audit line {wanted}", f"missing: the next line there is {row.seq}")
        elif row.hash != _hash(head, line):
            yield Problem(f"audit line {row.seq}", "changed, or a line before it was removed")
        wanted, head = row.seq + 1, row.hash
    kept = _head(connection)
    if kept != (wanted - 1, head):
        yield Problem("audit log", f"ends at line {wanted - 1}, wanted line {kept[0]}: its end was changed")


def _head(connection: Connection) -> tuple[int, str]:
    seq, _, digest = (facts.get(connection, "audit_head") or f"0:{GENESIS}").partition(":")
    return int(seq), digest


def _hash(previous: str, line: Mapping[str, Any]) -> str:
    text = json.dumps([previous, *(line[key] for key in sorted(line))])
    return hashlib.sha256(text.encode()).hexdigest()
