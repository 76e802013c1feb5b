"""report.html: the run for people. One file, no script, no outside request; see templates/report.html.j2."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jinja2
import numpy as np
from jaxtyping import UInt8

from gaitway.drawing import UNKNOWN_COLOUR, identity_colours
from gaitway.files import write_text
from gaitway.reporting.charts import HeatMap, Span, css_colour, heat_map, time_of, visible_spans
from gaitway.reporting.pictures import energy_uri, poster_uri, strip_uris
from gaitway.reporting.results_json import matches_by_track, why_unknown
from gaitway.reporting.run_json import plain
from gaitway.reporting.text import encodable
from gaitway.results import IdentifyResult, TrackSummary, VideoResult
from gaitway.types import GaitSequence, Match


@dataclass(frozen=True, slots=True)
class ReportConfig:
    """How much a report shows; the limits keep a long run's report under 3 MB, and results.json has the rest.

    Attributes:
        strip: Silhouettes per track: about one gait cycle at 12.
        silhouettes: In the whole report; many tracks get shorter strips. A silhouette takes about 1 kB.
        tracks: Tracks with a card, gallery and probes together.
        candidates: Per track.
        matrix_rows: Probe tracks per distance matrix.
        matrix_columns: Gallery identities per distance matrix.
        timeline_rows: Tracks per timeline.
        settings: Lines per table of settings.
        posters: Videos with a picture before they play; one takes about 30 kB.
    """

    strip: int = 12
    silhouettes: int = 1200
    tracks: int = 200
    candidates: int = 5
    matrix_rows: int = 100
    matrix_columns: int = 50
    timeline_rows: int = 100
    settings: int = 200
    posters: int = 20


@dataclass(frozen=True, slots=True, eq=False)
class OutputVideo:
    """A video beside the report.

    Attributes:
        title: What it shows.
        file_name: Its name in the report's own folder.
        poster: A frame to show before it plays, RGB.
    """

    title: str
    file_name: str
    poster: UInt8[np.ndarray, "h w 3"] | None = None


@dataclass(frozen=True, slots=True)
class TrackView:
    """One track as the report shows it."""

    video: str
    track_id: int
    name: str | None
    colour: str
    score: float | None
    reason: str | None
    seen: str
    frames: int
    quality: float
    spans: tuple[Span, ...]
    candidates: tuple[tuple[str, float, float, str], ...]  # label, distance, score, colour
    hidden_candidates: int
    gei: str | None
    strip: tuple[str, ...]
    has_card: bool


@dataclass(frozen=True, slots=True)
class VideoView:
    """One video as the report shows it."""

    name: str
    role: str
    frame_count: int
    length: str
    tracks: tuple[TrackView, ...]
    heat: HeatMap | None
    warnings: tuple[str, ...]


class _Builder:
    """Turns results into views; counts the pictures it hands out."""

    def __init__(self, result: IdentifyResult, config: ReportConfig) -> None:
        self.config = config
        self.labels = tuple(dict.fromkeys(entry.label for entry in result.entries))
        self.colours = {k: css_colour(v) for k, v in identity_colours(self.labels).items()}
        self.names = {(entry.video, entry.track_id): entry.label for entry in result.entries}
        self.matches = matches_by_track(result)
        tracks = sum(len(video.walks) for video in (*result.gallery, *result.probes))
        self.strip = min(config.strip, config.silhouettes // max(1, min(tracks, config.tracks)))
        self.cards_left = config.tracks

    def _pictures(self, walk: GaitSequence | None) -> tuple[str | None, tuple[str, ...]]:
        if walk is None:
            return None, ()
        return energy_uri(walk), strip_uris(walk, self.strip)

    def _track(self, video: VideoResult, summary: TrackSummary, match: Match | None, role: str) -> TrackView:
        is_probe = role == "probe"
        name = match.label if match else None if is_probe else self.names.get((video.name, summary.track_id))
        has_card = self.cards_left > 0
        self.cards_left -= has_card
        gei, strip = self._pictures(video.walks.get(summary.track_id) if has_card else None)
        candidates = match.candidates if match else ()
        limit = self.config.candidates
        shown = [c for k, c in enumerate(candidates) if k < limit or c.label == name]
        first, last = time_of(video, summary.first_frame), time_of(video, summary.last_frame + 1)
        return TrackView(
            video=video.name,
            track_id=summary.track_id,
            name=name,
            colour=self.colour(name),
            score=match.score if match and match.candidates else None,
            reason=why_unknown(match, summary) if is_probe else summary.reason,
            seen=f"{first}–{last}",
            frames=summary.frames,
            quality=summary.quality,
            spans=visible_spans(video.tracks.track(summary.track_id), video.frame_count),
            candidates=tuple((c.label, c.distance, c.score, self.colour(c.label)) for c in shown),
            hidden_candidates=len(candidates) - len(shown),
            gei=gei,
            strip=strip,
            has_card=has_card,
        )

    def colour(self, name: str | None) -> str:
        """Return an identity's colour as CSS; grey for nobody."""
        return self.colours.get(name or "", css_colour(UNKNOWN_COLOUR))

    def video(self, video: VideoResult, role: str) -> VideoView:
        """Return one video's view."""
        keys = [(video.name, summary.track_id) for summary in video.summaries]
        matches = [self.matches[key] for key in keys if key in self.matches and role == "probe"]
        heat = heat_map(matches, self.labels, self.config.matrix_rows, self.config.matrix_columns)
        return VideoView(
            name=video.name,
            role=role,
            frame_count=video.frame_count,
            length=time_of(video, video.frame_count),
            tracks=tuple(
                self._track(video, s, self.matches.get(key) if role == "probe" else None, role)
                for key, s in zip(keys, video.summaries, strict=True)
            ),
            heat=heat if heat.rows else None,
            warnings=video.warnings,
        )


def _settings(run: Mapping[str, Any], limit: int) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the run's mapping as tables: one per key that holds a mapping, and one of the single values."""

    def lines(prefix: str, value: Any) -> list[tuple[str, str]]:
        if isinstance(value, dict) and value:
            return [
                line
                for key, item in value.items()
                for line in lines(f"{prefix}.{key}" if prefix else key, item)
            ]
        if isinstance(value, list):
            return [(prefix, ", ".join(map(str, value)) or "none")]
        return [(prefix, "none" if value in (None, {}) else str(value))]

    groups = {key: value for key, value in plain(run).items() if isinstance(value, dict) and value}
    single = {key: value for key, value in plain(run).items() if key not in groups}
    tables = [(key, lines("", value)) for key, value in groups.items()]
    if single:
        tables.insert(0, ("run", lines("", single)))
    return [(name, rows[:limit]) for name, rows in tables]


def _video_link(video: OutputVideo, *, has_poster: bool) -> tuple[str, str, str | None]:
    """Return a video's title, relative address and poster."""
    poster = poster_uri(video.poster) if has_poster and video.poster is not None else None
    return video.title, "./" + quote(encodable(video.file_name)), poster


@functools.cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("gaitway.reporting"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render_report(
    result: IdentifyResult,
    run: Mapping[str, Any],
    *,
    videos: Sequence[OutputVideo] = (),
    config: ReportConfig | None = None,
) -> str:
    """Return the report as one HTML page.

    Args:
        result: What ``identify`` answered.
        run: As in run.json; every key that holds a mapping becomes a table (models, versions, timings).
        videos: Annotated videos that lie beside the report.
        config: Limits; the defaults of ``ReportConfig`` if None.
    """
    config = config or ReportConfig()
    builder = _Builder(result, config)
    probes = [builder.video(video, "probe") for video in result.probes]
    gallery = [builder.video(video, "gallery") for video in result.gallery]
    page = (
        _environment()
        .get_template("report.html.j2")
        .render(
            config=config,
            probes=probes,
            gallery=gallery,
            identities=[(label, builder.colour(label)) for label in builder.labels],
            failures=dict(result.failures),
            videos=[_video_link(v, has_poster=k < config.posters) for k, v in enumerate(videos)],
            settings=_settings(run, config.settings),
        )
    )
    return encodable(page)


def write_report(
    path: Path,
    result: IdentifyResult,
    run: Mapping[str, Any],
    *,
    videos: Sequence[OutputVideo] = (),
    config: ReportConfig | None = None,
) -> None:
    """Write report.html whole or not at all; arguments as ``render_report``.

    Raises:
        StoreError: The file cannot be written.
    """
    write_text(path, render_report(result, run, videos=videos, config=config))
