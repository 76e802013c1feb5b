"""What one run knows at its end: per video the tracks and walks, per probe track the answer.

Stored once per video; identity, metrics, drawing and reports read them. Nothing is tracked twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float32, Int64, Shaped

from gaitway.errors import InputError
from gaitway.types import Embedding, GaitSequence, Match

Column = Literal["silhouettes", "frame_index", "quality", "keypoints"]  # of a GaitSequence
BLOCK = 512  # rows; 2 MB of silhouettes


@dataclass(frozen=True, slots=True, eq=False)
class TrackTable:
    """Every box of a video, ordered by frame, then track.

    Attributes:
        frame_index: From 0, (M,) int64.
        track_id: From 1, (M,) int64.
        xyxy: The detection's box, (M, 4) float32; the filled one where ``filled``.
        confidence: (M,) float32 in [0, 1].
        filled: Box put in by interpolation, not seen, (M,) bool.
    """

    frame_index: Int64[np.ndarray, " m"]
    track_id: Int64[np.ndarray, " m"]
    xyxy: Float32[np.ndarray, "m 4"]
    confidence: Float32[np.ndarray, " m"]
    filled: Bool[np.ndarray, " m"]

    def __post_init__(self) -> None:
        lengths = {len(getattr(self, name)) for name in self.__dataclass_fields__}
        if len(lengths) > 1:
            raise InputError(f"TrackTable's columns have lengths {sorted(lengths)}, wanted one length")

    def __len__(self) -> int:
        return len(self.track_id)

    def track(self, track_id: int) -> TrackTable:
        """Return the rows of one track."""
        return self.select(self.track_id == track_id)

    def select(self, index: Bool[np.ndarray, " m"] | Int64[np.ndarray, " k"]) -> TrackTable:
        """Return the rows at ``index``."""
        return TrackTable(
            self.frame_index[index],
            self.track_id[index],
            self.xyxy[index],
            self.confidence[index],
            self.filled[index],
        )


@dataclass(frozen=True, slots=True)
class TrackSummary:
    """One track in a few numbers.

    Attributes:
        track_id: From 1.
        first_frame: Of the track's boxes, from 0.
        last_frame: Of the track's boxes, from 0.
        frames: Usable silhouettes.
        quality: In [0, 1].
        reason: Why the track cannot be recognised ("too few frames", ...), or None.
    """

    track_id: int
    first_frame: int
    last_frame: int
    frames: int
    quality: float
    reason: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class VideoResult:
    """Everything kept of one video.

    Attributes:
        name: Unique in the run, safe as a folder name.
        source: Where it was read from, as the user gave it.
        frame_rate: Frames a second.
        frame_count: Frames really decoded.
        size_wh: Width and height in pixels, upright.
        tracks: Every box.
        summaries: Every track, by rising id.
        walks: Aligned silhouettes per track id; a track without usable silhouettes is absent.
        embeddings: Per track id, of the tracks that have a walk and were encoded.
        warnings: Corrupt packets, an early end, and the like.
    """

    name: str
    source: str
    frame_rate: float
    frame_count: int
    size_wh: tuple[int, int]
    tracks: TrackTable
    summaries: tuple[TrackSummary, ...]
    walks: Mapping[int, GaitSequence] = field(default_factory=dict)
    embeddings: Mapping[int, Embedding] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def summary(self, track_id: int) -> TrackSummary:
        """Return one track's summary.

        Raises:
            InputError: There is no such track.
        """
        for summary in self.summaries:
            if summary.track_id == track_id:
                return summary
        raise InputError(
            f"{self.name} has no track {track_id}: it has {[s.track_id for s in self.summaries]}"
        )


@runtime_checkable
class StreamedWalks(Protocol):
    """Walks that can be read piece by piece: an hour's walk would take 400 MB."""

    def stream(self, track_id: int, column: Column, rows: int) -> Iterator[Shaped[np.ndarray, "_ ..."]]:
        """Yield one column of a walk in time order, ``rows`` rows at a time; at the end fewer."""
        ...


def walk_blocks(
    walks: Mapping[int, GaitSequence], track_id: int, column: Column, rows: int = BLOCK
) -> Iterator[Shaped[np.ndarray, "_ ..."]]:
    """Yield one column of a walk, ``rows`` rows at a time; no more are held where walks can be streamed."""
    if isinstance(walks, StreamedWalks):
        yield from walks.stream(track_id, column, rows)
        return
    whole = getattr(walks[track_id], column)
    for first in range(0, len(whole), rows):
        yield whole[first : first + rows]


def walk_column(
    walks: Mapping[int, GaitSequence], track_id: int, column: Column
) -> Shaped[np.ndarray, "t ..."]:
    """Return one whole column of a walk: for frame numbers and quality, which are small."""
    return np.concatenate(list(walk_blocks(walks, track_id, column)))


@dataclass(frozen=True, slots=True)
class WalkRecord:
    """One walk of a dataset, without its pixels.

    Attributes:
        subject: Who walks.
        condition: How: nm-01, bg-02, clothes, a camera's recording, as the dataset names it.
        view: Where the camera stood, as the dataset names it (CASIA-B: 000 to 180 degrees).
        frames: Silhouettes in the walk.
    """

    subject: str
    condition: str
    view: str
    frames: int


@dataclass(frozen=True, slots=True)
class GalleryEntry:
    """One identity of the gallery: a track of a gallery video under its label."""

    label: str
    video: str
    track_id: int


@dataclass(frozen=True, slots=True, eq=False)
class IdentifyResult:
    """What ``identify`` answers.

    Attributes:
        gallery: The gallery videos.
        probes: The probe videos.
        entries: The gallery's identities, in label order.
        matches: One per probe track, ordered by video and track.
        failures: Input as the user gave it -> one line saying what was wrong.
    """

    gallery: tuple[VideoResult, ...]
    probes: tuple[VideoResult, ...]
    entries: tuple[GalleryEntry, ...]
    matches: tuple[Match, ...]
    failures: Mapping[str, str] = field(default_factory=dict)

    def identity(self, video: str, track_id: int) -> str | None:
        """Return the name a track carries: its gallery label, its match, or None for unknown."""
        for entry in self.entries:
            if (entry.video, entry.track_id) == (video, track_id):
                return entry.label
        for match in self.matches:
            if (match.video, match.track_id) == (video, track_id):
                return match.label
        return None
