"""results.json: who was recognised, for programs. Frames count from 1 there, as in MOTChallenge text.

Its JSON Schema ships beside this module (``schema/results-1.json``); a change that breaks readers raises
``SCHEMA_VERSION``.
"""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

from gaitway.errors import StoreError
from gaitway.files import translated, write_text
from gaitway.reporting.text import encodable
from gaitway.results import GalleryEntry, IdentifyResult, TrackSummary, VideoResult
from gaitway.types import Match

SCHEMA_VERSION = 1
_DIGITS = 6  # of distances and scores: finer than any network repeats
_NOT_COMPARED = "not compared"


def results_schema() -> dict[str, Any]:
    """Return the JSON Schema of results.json."""
    text = (
        resources.files("gaitway.reporting")
        .joinpath(f"schema/results-{SCHEMA_VERSION}.json")
        .read_text("utf-8")
    )
    schema: dict[str, Any] = json.loads(text)
    return schema


def _span(summary: TrackSummary) -> dict[str, Any]:
    """Return what gallery and probe entries share; frames from 1."""
    return {
        "first_frame": summary.first_frame + 1,
        "last_frame": summary.last_frame + 1,
        "frames": summary.frames,
        "quality": round(float(summary.quality), _DIGITS),
    }


def _gallery_entry(entry: GalleryEntry, videos: dict[str, VideoResult]) -> dict[str, Any]:
    summary = videos[entry.video].summary(entry.track_id)
    return {"id": entry.label, "video": entry.video, "track": entry.track_id, **_span(summary)}


def why_unknown(match: Match | None, summary: TrackSummary) -> str | None:
    """Return why a probe track has no name, in words; None where it has one."""
    if match is not None and match.label is not None:
        return None
    return (match.reason if match else None) or summary.reason or _NOT_COMPARED


def _probe_entry(video: str, summary: TrackSummary, match: Match | None) -> dict[str, Any]:
    candidates = match.candidates if match else ()
    return {
        "video": video,
        "track": summary.track_id,
        "identity": match.label if match else None,
        "score": round(float(match.score), _DIGITS) if match else 0.0,
        "candidates": [
            {
                "id": c.label,
                "distance": round(float(c.distance), _DIGITS),
                "score": round(float(c.score), _DIGITS),
            }
            for c in candidates
        ],
        **_span(summary),
        "reason": why_unknown(match, summary),
    }


def matches_by_track(result: IdentifyResult) -> dict[tuple[str, int], Match]:
    """Return the matches by video and track."""
    return {(match.video, match.track_id): match for match in result.matches}


def results_document(result: IdentifyResult) -> dict[str, Any]:
    """Return results.json's content: every gallery identity and every probe track, compared or not.

    Args:
        result: What ``identify`` answered.
    """
    videos = {video.name: video for video in result.gallery}
    matches = matches_by_track(result)
    return {
        "schema": SCHEMA_VERSION,
        "gallery": [_gallery_entry(entry, videos) for entry in result.entries],
        "probes": [
            _probe_entry(video.name, summary, matches.get((video.name, summary.track_id)))
            for video in result.probes
            for summary in video.summaries
        ],
        "warnings": [
            {"video": video.name, "message": message}
            for video in (*result.gallery, *result.probes)
            for message in video.warnings
        ],
        "failures": [{"input": name, "message": message} for name, message in result.failures.items()],
    }


def write_results_json(path: Path, result: IdentifyResult) -> None:
    """Write results.json whole or not at all.

    Raises:
        StoreError: The file cannot be written, or a distance or score is not finite.
    """
    document = results_document(result)
    try:
        text = json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False)
    except ValueError as error:
        raise StoreError(
            f"cannot write {path}: a distance or score is not finite: check the encoder's weights"
        ) from error
    write_text(path, encodable(text) + "\n")


def read_results_json(path: Path) -> dict[str, Any]:
    """Read a results.json back.

    Raises:
        StoreError: The file cannot be read, is not JSON, or has another schema version.
    """
    with translated("read", path):
        content = path.read_bytes()
    try:
        document = json.loads(content)
    except ValueError as error:
        raise StoreError(
            f"cannot read {path}: it is not JSON ({error}): give a results.json of gaitway"
        ) from error
    version = document.get("schema") if isinstance(document, dict) else None
    if version != SCHEMA_VERSION:
        raise StoreError(
            f"cannot read {path}: its schema is {version!r}, wanted {SCHEMA_VERSION}: "
            "read it with the gaitway version that wrote it"
        )
    checked: dict[str, Any] = document
    return checked
