"""The first tables."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "facts",
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_facts"),
    )
    op.create_table(
        "subjects",
        sa.Column("id", _Id, autoincrement=False, nullable=False),
        sa.Column("created_s", sa.Float(53), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_subjects"),
    )
    op.create_table(
        "persons",
        sa.Column("subject_id", _Id, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("notes", sa.Text, nullable=False),
        sa.Column("consent", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("subject_id", name="pk_persons"),
        _reference("persons", "subject_id", "subjects"),
        sa.UniqueConstraint("name", name="uq_persons_name"),
    )
    op.create_table(
        "models",
        sa.Column("id", _Id, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("parts", sa.Integer, nullable=False),
        sa.Column("channels", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_models"),
        sa.UniqueConstraint("name", "sha256", name="uq_models_name_sha256"),
    )
    _walks()
    _records()


def _walks() -> None:
    op.create_table(
        "templates",
        sa.Column("id", _Id, nullable=False),
        sa.Column("subject_id", _Id, nullable=False),
        *_walk(),
        sa.PrimaryKeyConstraint("id", name="pk_templates"),
        _reference("templates", "subject_id", "subjects"),
        sa.ForeignKeyConstraint(["model_id"], ["models.id"], name="fk_templates_model_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_templates_subject_id", "templates", ["subject_id"])
    op.create_index("ix_templates_model_id", "templates", ["model_id"])
    op.create_table(
        "sightings",
        sa.Column("id", _Id, nullable=False),
        *_walk(),
        sa.Column("frame_rate", sa.Float(53), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sightings"),
        sa.ForeignKeyConstraint(["model_id"], ["models.id"], name="fk_sightings_model_id"),
        sa.UniqueConstraint(
            "video_sha256", "track_id", "model_id", name="uq_sightings_video_sha256_track_id_model_id"
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "decisions",
        sa.Column("id", _Id, nullable=False),
        sa.Column("sighting_id", _Id, nullable=False),
        sa.Column("subject_id", _Id),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("distance", sa.Float(53)),
        sa.Column("score", sa.Float(53), nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("created_s", sa.Float(53), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_decisions"),
        _reference("decisions", "sighting_id", "sightings"),
        _reference("decisions", "subject_id", "subjects"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_decisions_sighting_id", "decisions", ["sighting_id"])
    op.create_index("ix_decisions_subject_id", "decisions", ["subject_id"])


def _records() -> None:
    op.create_table(
        "outputs",
        sa.Column("path", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("path", name="pk_outputs"),
    )
    op.create_table(
        "audit",
        sa.Column("seq", _Id, autoincrement=False, nullable=False),
        sa.Column("at_s", sa.Float(53), nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("subject_id", _Id),
        sa.Column("details", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_audit"),
    )


def _reference(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{target}.id"], name=f"fk_{table}_{column}", ondelete="CASCADE"
    )


def _walk() -> list[sa.Column[Any]]:
    return [
        sa.Column("model_id", _Id, nullable=False),
        sa.Column("embedding", sa.LargeBinary, nullable=False),
        sa.Column("checksum", sa.Text, nullable=False),
        sa.Column("video", sa.Text, nullable=False),
        sa.Column("video_sha256", sa.Text, nullable=False),
        sa.Column("track_id", sa.Integer, nullable=False),
        sa.Column("first_frame", sa.Integer, nullable=False),
        sa.Column("last_frame", sa.Integer, nullable=False),
        sa.Column("frames", sa.Integer, nullable=False),
        sa.Column("quality", sa.Float(53), nullable=False),
        sa.Column("view_deg", sa.Float(53)),
        sa.Column("created_s", sa.Float(53), nullable=False),
    ]
