"""The gallery in numbers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Connection, Table, func, select

from gaitway.adapters.gallery import facts, seen
from gaitway.adapters.gallery.records import GalleryStats
from gaitway.adapters.gallery.schema import REVISION, audit, models, sightings, subjects, templates


def count(connection: Connection, files: Sequence[Path], *, encrypted: bool) -> GalleryStats:
    """Count everything in the gallery that ``files`` hold."""
    per_model = select(models.c.name, func.count(templates.c.id)).join_from(models, templates, isouter=True)
    _, _, head = (facts.get(connection, "audit_head") or "").partition(":")
    return GalleryStats(
        subjects=_rows(connection, subjects),
        templates=_rows(connection, templates),
        sightings=_rows(connection, sightings),
        unknown=sum(s.subject_id is None for s in seen.latest(connection)),
        models={row[0]: row[1] for row in connection.execute(per_model.group_by(models.c.name))},
        audit_lines=_rows(connection, audit),
        audit_head=head,
        size_bytes=sum(file.stat().st_size for file in files) if files else None,
        encrypted=encrypted,
        schema=REVISION,
    )


def _rows(connection: Connection, table: Table) -> int:
    return int(connection.execute(select(func.count()).select_from(table)).scalar_one())
