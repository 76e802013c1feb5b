"""The gallery's tables. Names, notes and consent stand apart from templates; ids of people are random."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

REVISION = "0001"  # the newest migration

# SQLite gives rowids to INTEGER keys only.
_Id = BigInteger().with_variant(Integer(), "sqlite")
_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = MetaData(naming_convention=_NAMES)


def _walk() -> tuple[Column[Any], ...]:
    """Return the columns of one walk: its embedding and where it comes from."""
    return (
        Column("model_id", _Id, ForeignKey("models.id"), nullable=False),
        Column("embedding", LargeBinary, nullable=False),  # (P, C) float16, little endian; sealed where asked
        Column("checksum", Text, nullable=False),  # SHA-256 of the stored bytes
        Column("video", Text, nullable=False),
        Column("video_sha256", Text, nullable=False),
        Column("track_id", Integer, nullable=False),
        Column("first_frame", Integer, nullable=False),
        Column("last_frame", Integer, nullable=False),
        Column("frames", Integer, nullable=False),
        Column("quality", Float(53), nullable=False),
        Column("view_deg", Float(53)),
        Column("created_s", Float(53), nullable=False),
    )


# Facts about the gallery itself: its id, the version of its templates, the head of the audit log, the seal.
facts = Table("facts", metadata, Column("key", Text, primary_key=True), Column("value", Text, nullable=False))

subjects = Table(
    "subjects",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=False),
    Column("created_s", Float(53), nullable=False),
)
persons = Table(
    "persons",
    metadata,
    Column("subject_id", _Id, ForeignKey("subjects.id", ondelete="CASCADE"), primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("notes", Text, nullable=False),
    Column("consent", Text, nullable=False),
)
models = Table(
    "models",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("name", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("parts", Integer, nullable=False),
    Column("channels", Integer, nullable=False),
    UniqueConstraint("name", "sha256"),
)
templates = Table(
    "templates",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("subject_id", _Id, ForeignKey("subjects.id", ondelete="CASCADE"), nullable=False, index=True),
    *_walk(),
    Index("ix_templates_model_id", "model_id"),
    sqlite_autoincrement=True,  # ids are never used twice, so a reader knows what is new
)
sightings = Table(
    "sightings",
    metadata,
    Column("id", _Id, primary_key=True),
    *_walk(),
    Column("frame_rate", Float(53), nullable=False),
    UniqueConstraint("video_sha256", "track_id", "model_id"),
    sqlite_autoincrement=True,
)
decisions = Table(
    "decisions",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("sighting_id", _Id, ForeignKey("sightings.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("subject_id", _Id, ForeignKey("subjects.id", ondelete="CASCADE"), index=True),
    Column("status", Text, nullable=False),
    Column("distance", Float(53)),
    Column("score", Float(53), nullable=False),
    Column("reason", Text),
    Column("created_s", Float(53), nullable=False),
    sqlite_autoincrement=True,
)
outputs = Table("outputs", metadata, Column("path", Text, primary_key=True))
audit = Table(
    "audit",
    metadata,
    Column("seq", _Id, primary_key=True, autoincrement=False),
    Column("at_s", Float(53), nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject_id", _Id),  # no foreign key: a line outlives its subject
    Column("details", Text, nullable=False),
    Column("hash", Text, nullable=False),
)
