"""What the report shows, in the template's terms: one view per video, track and candidate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gaitway.drawing import UNKNOWN_COLOUR, identity_colours
from gaitway.reporting.charts import (
    HeatMap,
    Span,
    css_colour,
    distance_text,
    heat_map,
    time_of,
    visible_spans,
)
from gaitway.reporting.pictures import walk_uris
from gaitway.reporting.results_json import matches_by_track, why_unknown
from gaitway.results import IdentifyResult, TrackSummary, VideoResult
from gaitway.types import Match

_GREY = css_colour(UNKNOWN_COLOUR)


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


@dataclass(frozen=True, slots=True)
class CandidateView:
    """One candidate of a track."""

    label: str
    distance: str
    score: float
    colour: str


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
    candidates: tuple[CandidateView, ...]
    hidden_candidates: int
    gei: str | None
    strip: tuple[str, ...]
    has_card: bool


@dataclass(frozen=True, slots=True)
class VideoView:
    """One video as the report shows it."""

    name: str
    frame_count: int
    length: str
    tracks: tuple[TrackView, ...]
    heat: HeatMap | None
    warnings: tuple[str, ...]


class ViewBuilder:
    """Turns results into views; the first tracks get cards with pictures, the others only their line.

    Args:
        result: What ``identify`` answered.
        config: Limits.
    """

    def __init__(self, result: IdentifyResult, config: ReportConfig) -> None:
        self.config = config
        self.labels = tuple(dict.fromkeys(entry.label for entry in result.entries))
        self._colours = {k: css_colour(v) for k, v in identity_colours(self.labels).items()}
        self._enrolled = {(entry.video, entry.track_id): entry.label for entry in result.entries}
        self._matches = matches_by_track(result)
        walks = sum(len(video.walks) for video in (*result.gallery, *result.probes))
        self._strip = min(config.strip, config.silhouettes // max(1, min(walks, config.tracks)))
        self._cards_left = config.tracks

    def colour(self, name: str | None) -> str:
        """Return an identity's colour as CSS; grey for nobody."""
        return self._colours.get(name, _GREY) if name is not None else _GREY

    def probe(self, video: VideoResult) -> VideoView:
        """Return a probe video's view."""
        matches = [self._matches.get((video.name, summary.track_id)) for summary in video.summaries]
        heat = heat_map(
            [match for match in matches if match],
            self.labels,
            self.config.matrix_rows,
            self.config.matrix_columns,
        )
        tracks = [
            replace(
                self._track(video, summary, row, match.label if match else None, match),
                reason=why_unknown(match, summary),
            )
            for row, (summary, match) in enumerate(zip(video.summaries, matches, strict=True))
        ]
        return self._video(video, tracks, heat if heat.rows else None)

    def gallery(self, video: VideoResult) -> VideoView:
        """Return a gallery video's view."""
        names = [self._enrolled.get((video.name, summary.track_id)) for summary in video.summaries]
        tracks = [
            self._track(video, summary, row, name, None)
            for row, (summary, name) in enumerate(zip(video.summaries, names, strict=True))
        ]
        return self._video(video, tracks, None)

    def _video(self, video: VideoResult, tracks: Sequence[TrackView], heat: HeatMap | None) -> VideoView:
        length = time_of(video, video.frame_count)
        return VideoView(video.name, video.frame_count, length, tuple(tracks), heat, video.warnings)

    def _candidates(self, match: Match | None) -> tuple[CandidateView, ...]:
        """Return the nearest candidates, and the decision wherever it stands."""
        return tuple(
            CandidateView(c.label, distance_text(c.distance), c.score, self.colour(c.label))
            for place, c in enumerate(match.candidates if match else ())
            if place < self.config.candidates or (match and c.label == match.label)
        )

    def _track(
        self, video: VideoResult, summary: TrackSummary, row: int, name: str | None, match: Match | None
    ) -> TrackView:
        has_card = self._cards_left > 0
        self._cards_left -= has_card
        is_shown = has_card and summary.track_id in video.walks
        gei, strip = walk_uris(video.walks, summary.track_id, self._strip) if is_shown else (None, ())
        boxes = video.tracks.track(summary.track_id) if row < self.config.timeline_rows else None
        candidates = self._candidates(match)
        first, last = time_of(video, summary.first_frame), time_of(video, summary.last_frame + 1)
        return TrackView(
            video=video.name,
            track_id=summary.track_id,
            name=name,
            colour=self.colour(name),
            score=match.score if match and match.candidates else None,
            reason=summary.reason,
            seen=f"{first}–{last}",
            frames=summary.frames,
            quality=summary.quality,
            spans=visible_spans(boxes, video.frame_count) if boxes else (),
            candidates=candidates,
            hidden_candidates=len(match.candidates) - len(candidates) if match else 0,
            gei=gei,
            strip=strip,
            has_card=has_card,
        )
