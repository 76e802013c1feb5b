"""What the gallery takes and gives: small frozen values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from jaxtyping import Float32

from gaitway.errors import InputError
from gaitway.types import Embedding

FLOAT16_MAX = 65504.0
STATUSES = ("certain", "review", "unknown", "named")


@dataclass(frozen=True, slots=True, eq=False)
class Walk:
    """One track's embedding and where it comes from: what is enrolled and searched.

    Attributes:
        parts: (P, C) float32; kept as float16.
        model_id: Which network and weights made it.
        model_sha256: Hash of the weights, where the model is a file.
        video: Name of the video.
        video_sha256: Hash of the video's bytes.
        track_id: Track in that video.
        first_frame: Of the track, from 0.
        last_frame: Of the track, from 0.
        frames: Silhouettes that went into it.
        quality: In [0, 1].
        frame_rate: Frames a second of the video.
        view_deg: Estimated direction of the walk to the camera, degrees, where known.
    """

    parts: Float32[np.ndarray, "p c"]
    model_id: str
    model_sha256: str = ""
    video: str = ""
    video_sha256: str = ""
    track_id: int = 0
    first_frame: int = 0
    last_frame: int = 0
    frames: int = 0
    quality: float = 1.0
    frame_rate: float = 30.0
    view_deg: float | None = None

    def __post_init__(self) -> None:
        if self.parts.ndim != 2 or not self.parts.size:
            raise InputError(f"a walk's embedding has shape {self.parts.shape}, wanted (P, C)")
        if not np.isfinite(self.parts).all() or np.abs(self.parts).max() > FLOAT16_MAX:
            raise InputError(
                f"an embedding of {self.model_id} does not fit float16: scale the model's output"
            )
        if not self.model_id:
            raise InputError(
                "a walk has no model_id, wanted the encoder's: embeddings of two models never meet"
            )

    @classmethod
    def of(cls, embedding: Embedding, **more: Any) -> Walk:
        """Return the walk of an embedding; ``more`` are the other attributes."""
        given: dict[str, Any] = {"video": embedding.video, "track_id": embedding.track_id}
        return cls(embedding.parts, embedding.model_id, **(given | more))


@dataclass(frozen=True, slots=True)
class Subject:
    """One person of the gallery.

    Attributes:
        id: Random, 16 hex digits; never reused.
        name: What people call them.
        notes: Free text.
        consent: What they agreed to, free text.
        created: When they were first enrolled.
        templates: How many walks are enrolled.
    """

    id: str
    name: str
    notes: str
    consent: str
    created: datetime
    templates: int


@dataclass(frozen=True, slots=True)
class Template:
    """One enrolled walk, without its embedding."""

    id: int
    subject_id: str
    model_id: str
    model_sha256: str
    video: str
    video_sha256: str
    track_id: int
    first_frame: int
    last_frame: int
    frames: int
    quality: float
    view_deg: float | None
    created: datetime


@dataclass(frozen=True, slots=True)
class Candidate:
    """One person as a possible answer: the nearest of their templates counts."""

    subject_id: str
    name: str
    distance: float
    template_id: int


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The nearest people of one probe, nearest first.

    Attributes:
        model_id: Whose embeddings were compared.
        searched: Templates gone through; 0 where none of this model is enrolled.
        subjects: People gone through.
        candidates: At most k people.
    """

    model_id: str
    searched: int
    subjects: int
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class Decided:
    """Who a seen track was decided to be.

    Attributes:
        status: "certain", "review", "unknown" or "named".
        subject_id: Who; None for nobody of the gallery.
        distance: To their nearest template.
        score: In [0, 1].
        reason: Why nobody was named, or None.
    """

    status: str
    subject_id: str | None = None
    distance: float | None = None
    score: float = 0.0
    reason: str | None = None

    def __post_init__(self) -> None:
        if self.status not in STATUSES:
            raise InputError(f"status is {self.status!r}, wanted one of {', '.join(STATUSES)}")


@dataclass(frozen=True, slots=True)
class Sighting:
    """A track seen in a processed video, and who it was decided to be.

    Attributes:
        id: Of the sighting.
        video: Name of the video.
        video_sha256: Hash of its bytes.
        track_id: Track in it.
        first_frame: From 0.
        last_frame: From 0.
        frame_rate: Frames a second.
        quality: In [0, 1].
        status: "certain", "review" (a human should look), "unknown", or "named" (by a human).
        subject_id: Who, or None.
        name: Their name, or None.
        distance: To the nearest template, where one was compared.
        score: In [0, 1].
        reason: Why nobody was named, or None.
        seen: When the video was processed.
    """

    id: int
    video: str
    video_sha256: str
    track_id: int
    first_frame: int
    last_frame: int
    frame_rate: float
    quality: float
    status: str
    subject_id: str | None
    name: str | None
    distance: float | None
    score: float
    reason: str | None
    seen: datetime


@dataclass(frozen=True, slots=True)
class Cluster:
    """Unknown tracks that seem to show one person."""

    sightings: tuple[int, ...]
    videos: tuple[str, ...]
    spread: float


@dataclass(frozen=True, slots=True)
class Erasure:
    """What ``forget`` erased, and the proof.

    Attributes:
        subject_id: Who was forgotten.
        templates: Templates erased.
        sightings: Tracks seen that were decided to be them, erased with their features.
        files: Files of silhouettes, features and stored walks erased.
        searched_bytes: Bytes of the gallery's files that were searched for what was erased.
        name_elsewhere: Times the name's bytes are still found, as in another person's longer name.
        proven: Whether the files were searched: so for SQLite; a database server's files are out of reach.
        exports: Archives written since they were enrolled; these still hold them, wherever they are.
        shared: Embeddings that stay, because the same track is enrolled as another person, too.
    """

    subject_id: str
    templates: int
    sightings: int
    files: int
    searched_bytes: int
    name_elsewhere: int
    proven: bool
    exports: int = 0
    shared: int = 0


@dataclass(frozen=True, slots=True)
class Purged:
    """What ``purge`` erased.

    Attributes:
        sightings: Tracks seen long ago.
        files: Their files, and those of tracks that nobody knows, in folders that the gallery knows of.
    """

    sightings: int
    files: int


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing ``verify`` found wrong."""

    where: str
    what: str


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One line of the audit log."""

    seq: int
    at: datetime
    actor: str
    action: str
    subject_id: str | None
    details: Mapping[str, Any]
    hash: str


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import brought in, how many people it left out as forgotten here, and who signed it."""

    subjects: int
    templates: int
    skipped: int
    forgotten: int
    signer: str


@dataclass(frozen=True, slots=True)
class GalleryStats:
    """The gallery in numbers.

    Attributes:
        subjects: People.
        templates: Enrolled walks.
        sightings: Tracks seen.
        unknown: Of these, without a name.
        models: Templates per model.
        audit_lines: Lines of the audit log.
        audit_head: Hash of its last line: noted elsewhere, it shows whether lines were removed later.
        size_bytes: Of the gallery's files; None for a database server.
        encrypted: Whether templates are encrypted.
        schema: Revision of the tables.
    """

    subjects: int
    templates: int
    sightings: int
    unknown: int
    models: Mapping[str, int] = field(default_factory=dict)
    audit_lines: int = 0
    audit_head: str = ""
    size_bytes: int | None = None
    encrypted: bool = False
    schema: str = ""


Walks = Walk | Embedding | Sequence[Walk | Embedding]


def listed(walks: Walks) -> list[Walk]:
    """Return walks, one or many, embeddings or not, as a list of walks."""
    given = [walks] if isinstance(walks, Walk | Embedding) else list(walks)
    return [Walk.of(walk) if isinstance(walk, Embedding) else walk for walk in given]
