"""The lasting gallery: people, their templates, what was seen and decided, and who did what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gaitway.adapters.gallery.records import (
    AuditLine,
    Candidate,
    Cluster,
    Decided,
    Erasure,
    GalleryStats,
    Imported,
    Problem,
    Purged,
    SearchResult,
    Sighting,
    Subject,
    Template,
    Walk,
)

if TYPE_CHECKING:
    from gaitway.adapters.gallery.gallery import Gallery

__all__ = [
    "AuditLine",
    "Candidate",
    "Cluster",
    "Decided",
    "Erasure",
    "Gallery",
    "GalleryStats",
    "Imported",
    "Problem",
    "Purged",
    "SearchResult",
    "Sighting",
    "Subject",
    "Template",
    "Walk",
]


def __getattr__(name: str) -> Any:
    if name == "Gallery":  # on first use: SQLAlchemy takes a while to load
        from gaitway.adapters.gallery.gallery import Gallery

        return Gallery
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
