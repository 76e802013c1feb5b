"""Tracks seen and what was decided about them, as statements inside the caller's transaction."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Connection, delete, func, insert, select, update

from gaitway.adapters.gallery.nearness import near_enough
from gaitway.adapters.gallery.records import Cluster, Decided, Sighting, Walk
from gaitway.adapters.gallery.schema import (
    decisions,
    models,
    outputs,
    persons,
    sightings,
    subjects,
    templates,
)
from gaitway.adapters.gallery.sealing import Seal
from gaitway.adapters.gallery.walks import (
    batches,
    context,
    inserted,
    model_row,
    moment,
    shown_id,
    unpack,
    walk_values,
)
from gaitway.errors import InputError
from gaitway.recognition.distance import distance_matrix


def record(connection: Connection, seal: Seal, walk: Walk, decided: Decided) -> None:
    """Keep a seen track and the decision; a track seen before gets a further decision."""
    model = model_row(connection, walk)
    known = connection.execute(
        select(sightings.c.id).where(
            sightings.c.video_sha256 == walk.video_sha256,
            sightings.c.track_id == walk.track_id,
            sightings.c.model_id == model,
        )
    ).scalar_one_or_none()
    values = walk_values(walk, model, seal) | {"frame_rate": walk.frame_rate}
    if known is None:
        key = inserted(connection, sightings, values)
    else:
        key = int(known)
        connection.execute(update(sightings).where(sightings.c.id == key).values(values))
    _decide(connection, key, decided)


def _decide(connection: Connection, sighting: int, decided: Decided) -> None:
    subject = None if decided.subject_id is None else int(decided.subject_id, 16)
    if (
        subject is not None
        and not connection.execute(select(subjects.c.id).where(subjects.c.id == subject)).scalar_one_or_none()
    ):
        raise InputError(f"{decided.subject_id} is not in the gallery (any more): search again")
    connection.execute(
        insert(decisions).values(
            sighting_id=sighting,
            subject_id=subject,
            status=decided.status,
            distance=decided.distance,
            score=float(decided.score),
            reason=decided.reason,
            created_s=time.time(),
        )
    )


def decide(connection: Connection, ids: Sequence[int], subject: int) -> None:
    """Note that a human said who seen tracks are."""
    for key in ids:
        _decide(connection, key, Decided("named", shown_id(subject), score=1.0))


def latest(connection: Connection) -> tuple[Sighting, ...]:
    """Return every track seen with the latest decision about it, by video, then first frame."""
    newest = select(func.max(decisions.c.id).label("id")).group_by(decisions.c.sighting_id).subquery("newest")
    query = (
        select(
            sightings,
            decisions.c.subject_id,
            decisions.c.status,
            decisions.c.distance,
            decisions.c.score,
            decisions.c.reason,
            persons.c.name,
        )
        .select_from(sightings)
        .join(decisions, decisions.c.sighting_id == sightings.c.id)
        .join(newest, newest.c.id == decisions.c.id)
        .outerjoin(persons, persons.c.subject_id == decisions.c.subject_id)
        .order_by(sightings.c.video, sightings.c.first_frame, sightings.c.id)
    )
    return tuple(_sighting(row) for row in connection.execute(query))


def _sighting(row: Any) -> Sighting:
    return Sighting(
        id=row.id,
        video=row.video,
        video_sha256=row.video_sha256,
        track_id=row.track_id,
        first_frame=row.first_frame,
        last_frame=row.last_frame,
        frame_rate=row.frame_rate,
        quality=row.quality,
        status=row.status,
        subject_id=None if row.subject_id is None else shown_id(row.subject_id),
        name=row.name,
        distance=row.distance,
        score=row.score,
        reason=row.reason,
        seen=moment(row.created_s),
    )


def history(connection: Connection, sighting: int) -> tuple[tuple[datetime, Decided], ...]:
    """Return every decision about a track with its time, oldest first."""
    query = select(decisions).where(decisions.c.sighting_id == sighting).order_by(decisions.c.id)
    return tuple(
        (
            moment(row.created_s),
            Decided(
                row.status,
                None if row.subject_id is None else shown_id(row.subject_id),
                row.distance,
                row.score,
                row.reason,
            ),
        )
        for row in connection.execute(query)
    )


def of_subject(connection: Connection, key: int) -> list[int]:
    """Return the sightings that were ever decided to be a person, or are tracks they were enrolled from."""
    query = select(decisions.c.sighting_id).where(decisions.c.subject_id == key).distinct()
    ids = {int(row[0]) for row in connection.execute(query)}
    same_track = (sightings.c.track_id == templates.c.track_id) & (
        (sightings.c.checksum == templates.c.checksum)
        | ((sightings.c.video_sha256 == templates.c.video_sha256) & (templates.c.video_sha256 != ""))
    )
    enrolled = select(sightings.c.id).join_from(sightings, templates, same_track)
    ids |= {int(row[0]) for row in connection.execute(enrolled.where(templates.c.subject_id == key))}
    return sorted(ids)


def of_templates(connection: Connection, ids: Sequence[int]) -> list[int]:
    """Return the sightings that are the very tracks of templates."""
    same = (
        (sightings.c.video_sha256 == templates.c.video_sha256)
        & (sightings.c.track_id == templates.c.track_id)
        & (sightings.c.model_id == templates.c.model_id)
    )
    query = select(sightings.c.id).join_from(sightings, templates, same).where(templates.c.id.in_(ids))
    return [int(row[0]) for row in connection.execute(query)]


def living(connection: Connection, checksums: Collection[str]) -> set[str]:
    """Return which stored embeddings, by checksum, are still in the gallery."""
    found: set[str] = set()
    for table in (templates, sightings):
        for some in batches(sorted(checksums)):
            query = select(table.c.checksum).where(table.c.checksum.in_(some))
            found |= {row[0] for row in connection.execute(query)}
    return found


def move(connection: Connection, source: int, target: int) -> None:
    """Turn decisions for one person into decisions for another."""
    connection.execute(update(decisions).where(decisions.c.subject_id == source).values(subject_id=target))


def erase(connection: Connection, ids: Sequence[int]) -> None:
    """Delete sightings and the decisions about them."""
    for some in batches(ids):
        connection.execute(delete(decisions).where(decisions.c.sighting_id.in_(some)))
        connection.execute(delete(sightings).where(sightings.c.id.in_(some)))


def purge(connection: Connection, before_s: float) -> list[tuple[str, int]]:
    """Delete sightings from before a time; return the video and track of each."""
    old = select(sightings.c.id, sightings.c.video, sightings.c.track_id)
    rows = connection.execute(old.where(sightings.c.created_s < before_s)).all()
    erase(connection, [row.id for row in rows])
    return [(row.video, row.track_id) for row in rows]


def walks_of(connection: Connection, seal: Seal, ids: Sequence[int]) -> list[Walk]:
    """Return the walks of seen tracks.

    Raises:
        InputError: There is no such sighting.
    """
    query = (
        select(sightings, models.c.name, models.c.sha256, models.c.parts, models.c.channels)
        .join_from(sightings, models)
        .order_by(sightings.c.id)
    )
    rows = [
        row
        for some in batches(sorted(set(ids)))
        for row in connection.execute(query.where(sightings.c.id.in_(some)))
    ]
    missing = set(ids) - {row.id for row in rows}
    if missing or not ids:
        raise InputError(f"there is no sighting {sorted(missing) or 'given'}: see 'gaitway gallery unknown'")
    return [
        Walk(
            unpack(seal.unseal(row.embedding, context(row.name, row.sha256)), row.parts, row.channels).astype(
                np.float32
            ),
            row.name,
            row.sha256,
            row.video,
            row.video_sha256,
            row.track_id,
            row.first_frame,
            row.last_frame,
            row.frames,
            row.quality,
            row.frame_rate,
            row.view_deg,
        )
        for row in rows
    ]


def clusters(
    connection: Connection, seal: Seal, max_distance: float | None, smallest: int, metric: str
) -> tuple[Cluster, ...]:
    """Group the tracks without a name by average linkage; two seen at once in one video stay apart."""
    unknown = [s for s in latest(connection) if s.subject_id is None]
    by_id = {s.id: s for s in unknown}
    walks = walks_of(connection, seal, sorted(by_id)) if unknown else []
    order = sorted(by_id)
    groups: dict[tuple[str, str], list[int]] = {}
    for position, walk in enumerate(walks):
        groups.setdefault((walk.model_id, walk.model_sha256), []).append(position)
    found: list[Cluster] = []
    for (model, _), positions in groups.items():
        limit = near_enough(connection, model) if max_distance is None else max_distance
        parts = np.stack([walks[i].parts for i in positions])
        distances = distance_matrix(parts, parts, metric).astype(np.float64)
        members = [by_id[order[i]] for i in positions]
        for a, one in enumerate(members):
            for b, other in enumerate(members):
                if a != b and _at_once(one, other):
                    distances[a, b] = np.inf
        for group in _average_linkage(distances, limit):
            inner = distances[np.ix_(group, group)]
            spread = float(inner.sum() / max(len(group) * (len(group) - 1), 1))
            videos = tuple(dict.fromkeys(members[i].video for i in group))
            found.append(Cluster(tuple(members[i].id for i in group), videos, spread))
    kept = [cluster for cluster in found if len(cluster.sightings) >= smallest]
    return tuple(sorted(kept, key=lambda c: (-len(c.sightings), c.sightings)))


def _at_once(one: Sighting, other: Sighting) -> bool:
    shared = min(one.last_frame, other.last_frame) - max(one.first_frame, other.first_frame)
    return one.video_sha256 == other.video_sha256 and shared >= 0


def _average_linkage(distances: np.ndarray, limit: float) -> list[list[int]]:
    """Join the two nearest groups, by the mean distance between their members, while within ``limit``."""
    joined = distances.copy()
    np.fill_diagonal(joined, np.inf)
    groups: dict[int, list[int]] = {i: [i] for i in range(len(distances))}
    while len(groups) > 1:
        a, b = sorted(divmod(int(joined.argmin()), len(joined)))
        if joined[a, b] > limit:
            break
        mixed = (joined[a] * len(groups[a]) + joined[b] * len(groups[b])) / (len(groups[a]) + len(groups[b]))
        joined[a], joined[:, a] = mixed, mixed
        joined[a, a] = np.inf
        joined[b], joined[:, b] = np.inf, np.inf
        groups[a] = sorted(groups[a] + groups.pop(b))
    return list(groups.values())


def embeddings(
    connection: Connection, seal: Seal, model_id: str, model_sha256: str
) -> tuple[tuple[str, ...], np.ndarray]:
    """Return the names and embeddings of a model's templates, oldest first."""
    query = (
        select(persons.c.name, templates.c.embedding, models.c.parts, models.c.channels)
        .select_from(templates)
        .join(models, models.c.id == templates.c.model_id)
        .join(persons, persons.c.subject_id == templates.c.subject_id)
        .where(models.c.name == model_id, models.c.sha256 == model_sha256)
        .order_by(templates.c.id)
    )
    bound = context(model_id, model_sha256)
    rows = connection.execute(query).all()
    if not rows:
        return (), np.zeros((0, 0, 0), np.float16)
    walks = [unpack(seal.unseal(row.embedding, bound), row.parts, row.channels) for row in rows]
    return tuple(row.name for row in rows), np.stack(walks)


def remember_output(connection: Connection, folder: Path) -> None:
    """Note a folder where silhouettes and features were written."""
    path = str(folder.absolute())
    if not connection.execute(select(outputs).where(outputs.c.path == path)).first():
        connection.execute(insert(outputs).values(path=path))


def output_folders(connection: Connection) -> list[Path]:
    """Return the noted folders."""
    return [Path(row[0]) for row in connection.execute(select(outputs.c.path).order_by(outputs.c.path))]
