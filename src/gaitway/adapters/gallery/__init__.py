"""The lasting gallery: people, their templates, what was seen and decided, and who did what."""

from gaitway.adapters.gallery.gallery import Gallery
from gaitway.adapters.gallery.records import (
    AuditLine,
    Candidate,
    Cluster,
    Decided,
    Erasure,
    GalleryStats,
    Imported,
    Problem,
    SearchResult,
    Sighting,
    Subject,
    Template,
    Walk,
)

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
    "SearchResult",
    "Sighting",
    "Subject",
    "Template",
    "Walk",
]
