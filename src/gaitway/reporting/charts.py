"""What the report's charts show: distance matrices and timelines, as numbers ready to be drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gaitway.drawing import ink_on
from gaitway.drawing.colours import Colour
from gaitway.results import TrackTable, VideoResult
from gaitway.types import Match

# Near is dark, far is light: the ends of ColorBrewer's "Blues" (Apache-2.0), one hue for colour-blind eyes.
_NEAR = np.array([8, 48, 107], dtype=np.float64)
_FAR = np.array([222, 235, 247], dtype=np.float64)
_SMALLEST_GAP = 1 / 500  # of the video: a shorter gap is thinner than a pixel in the timeline


def css_colour(colour: Colour) -> str:
    """Return ``#rrggbb``."""
    return "#{:02x}{:02x}{:02x}".format(*colour)


def distance_text(distance: float) -> str:
    """Return a distance with three decimals, or one from 10 on.

    Examples:
        >>> distance_text(0.41), distance_text(12.345)
        ('0.410', '12.3')
    """
    return f"{distance:.3f}" if abs(distance) < 10 else f"{distance:.1f}"


@dataclass(frozen=True, slots=True)
class HeatCell:
    """One distance: its text, colours and whether it is the decision."""

    text: str
    background: str
    ink: str
    is_decision: bool


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Distances of one probe video: a row per probe track, a column per gallery identity."""

    columns: tuple[str, ...]
    rows: tuple[tuple[int, tuple[HeatCell | None, ...]], ...]
    hidden_rows: int
    hidden_columns: int


def _shade(nearness: float) -> Colour:
    red, green, blue = (round(v) for v in (_FAR + (_NEAR - _FAR) * nearness).tolist())
    return red, green, blue


def heat_map(matches: Sequence[Match], labels: Sequence[str], max_rows: int, max_columns: int) -> HeatMap:
    """Lay out the distances of one video's matches.

    Args:
        matches: Of one probe video.
        labels: Gallery identities, one column each.
        max_rows: Rows shown; the rest are counted.
        max_columns: Columns shown; the rest are counted.
    """
    compared = [match for match in matches if match.candidates]
    columns = tuple(labels[:max_columns])
    distances = [c.distance for match in compared for c in match.candidates]
    low, high = (min(distances), max(distances)) if distances else (0.0, 1.0)

    def cell(match: Match, distance: float | None, label: str) -> HeatCell | None:
        if distance is None:
            return None
        colour = _shade((high - distance) / (high - low) if high > low else 0.5)
        ink = css_colour(ink_on(colour))
        return HeatCell(distance_text(distance), css_colour(colour), ink, label == match.label)

    rows = []
    for match in compared[:max_rows]:
        by_label = {c.label: c.distance for c in match.candidates}
        rows.append((match.track_id, tuple(cell(match, by_label.get(label), label) for label in columns)))
    return HeatMap(columns, tuple(rows), len(compared) - len(rows), len(labels) - len(columns))


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of frames, from 0, end exclusive."""

    start: int
    end: int

    @property
    def length(self) -> int:
        """Frames in it."""
        return self.end - self.start


def visible_spans(track: TrackTable, frame_count: int) -> tuple[Span, ...]:
    """Return when one track is visible; gaps too short to be seen in a timeline are closed."""
    frames = np.unique(track.frame_index)
    if not len(frames):
        return ()
    breaks = np.flatnonzero(np.diff(frames) > max(1.0, frame_count * _SMALLEST_GAP))
    starts = frames[np.concatenate([[0], breaks + 1])].tolist()
    ends = (frames[np.concatenate([breaks, [len(frames) - 1]])] + 1).tolist()
    return tuple(Span(start, end) for start, end in zip(starts, ends, strict=True))


def clock(seconds: float) -> str:
    """Return a time as minutes and seconds.

    Examples:
        >>> clock(75.25)
        '1:15.2'
    """
    tenths = round(seconds * 10)
    return f"{tenths // 600}:{tenths // 10 % 60:02d}.{tenths % 10}"


def time_of(video: VideoResult, frame: int) -> str:
    """Return when a frame (from 0) is shown, by the video's mean frame rate."""
    return clock(frame / video.frame_rate if video.frame_rate > 0 else 0.0)
