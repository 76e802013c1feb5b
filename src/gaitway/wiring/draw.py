"""Annotated videos: the source's frames with everybody's box, name and score, drawn from what is stored."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from functools import partial
from pathlib import Path

import numpy as np

from gaitway.adapters.video.container import ReaderConfig
from gaitway.adapters.video.sink import VideoWriter, WriterConfig
from gaitway.adapters.video.source import open_video
from gaitway.drawing import (
    UNKNOWN_COLOUR,
    Colour,
    DrawStyle,
    MaskPiece,
    aligned_piece,
    draw_people,
    label_text,
)
from gaitway.pipeline import PipelineConfig, prefetch
from gaitway.progress import Progress, Report
from gaitway.results import Column, VideoResult, walk_blocks, walk_column
from gaitway.types import GaitSequence

REPORT_EVERY = 25  # frames
READ_AHEAD = 32  # silhouettes of each person; 130 kB
_NO_KEYPOINTS = np.full((33, 3), np.nan, np.float32)
Names = Mapping[int, tuple[str | None, float | None]]  # track -> name (None: unknown) and score


class Annotator:
    """Draws the people of one video frame by frame.

    Args:
        result: The video's tracks and walks.
        names: Of its tracks.
        colours: Per identity; who has none is drawn grey.
        style: What is drawn.
    """

    def __init__(
        self, result: VideoResult, names: Names, colours: Mapping[str, Colour], style: DrawStyle
    ) -> None:
        table = result.tracks
        order = np.argsort(table.frame_index, kind="stable")
        self._table = table.select(order)
        self._starts = np.searchsorted(self._table.frame_index, np.arange(result.frame_count + 1))
        people = np.diff(self._starts)
        self.fullest_frame = int(people.argmax()) if len(people) else 0
        self._text: dict[int, str] = {}
        self._colour: dict[int, Colour] = {}
        for track_id in np.unique(table.track_id).tolist():
            name, score = names.get(track_id, (None, None))
            self._text[track_id] = label_text(name, track_id, score)
            self._colour[track_id] = colours.get(name, UNKNOWN_COLOUR) if name is not None else UNKNOWN_COLOUR
        self._style = style
        tracks = {} if style.mode == "none" else result.walks
        column: Column = "keypoints" if style.mode == "keypoints" else "silhouettes"
        self._seen = {track_id: _Seen(tracks, track_id, column) for track_id in tracks}

    def draw(self, image_rgb: np.ndarray, frame_index: int) -> np.ndarray:
        """Return the frame with its people drawn."""
        if frame_index + 1 >= len(self._starts):
            return image_rgb
        rows = slice(self._starts[frame_index], self._starts[frame_index + 1])
        ids = self._table.track_id[rows].tolist()
        boxes = self._table.xyxy[rows]
        seen = [self._seen[i].at(frame_index) if i in self._seen else None for i in ids]
        return draw_people(
            image_rgb,
            boxes,
            [self._text[i] for i in ids],
            [self._colour[i] for i in ids],
            filled=self._table.filled[rows],
            pieces=self._pieces(seen, boxes, (image_rgb.shape[1], image_rgb.shape[0])),
            keypoints=self._keypoints(seen),
            style=self._style,
        )

    def _pieces(
        self, seen: list[np.ndarray | None], boxes: np.ndarray, size_wh: tuple[int, int]
    ) -> list[MaskPiece | None] | None:
        if self._style.mode != "silhouette":
            return None
        return [
            None if silhouette is None else aligned_piece(silhouette, box, size_wh)
            for silhouette, box in zip(seen, boxes, strict=True)
        ]

    def _keypoints(self, seen: list[np.ndarray | None]) -> np.ndarray | None:
        if self._style.mode != "keypoints" or not seen:
            return None
        return np.stack([_NO_KEYPOINTS if points is None else points for points in seen])


class _Seen:
    """What one track's walk shows frame by frame, read along with the video, a piece at a time."""

    def __init__(self, walks: Mapping[int, GaitSequence], track_id: int, column: Column) -> None:
        self._read = partial(walk_blocks, walks, track_id, column, READ_AHEAD)
        self._frames = walk_column(walks, track_id, "frame_index")
        self._begin()

    def _begin(self) -> None:
        self._first, self._held, self._ahead = 0, np.empty(0), self._read()

    def at(self, frame_index: int) -> np.ndarray | None:
        """Return what is seen in a frame, or None; frames in rising order are read once."""
        row = int(np.searchsorted(self._frames, frame_index))
        if row == len(self._frames) or self._frames[row] != frame_index:
            return None
        if row < self._first:
            self._begin()
        while row >= self._first + len(self._held):
            self._first += len(self._held)
            self._held = next(self._ahead)
        look: np.ndarray = self._held[row - self._first]
        return look


def draw_video(
    source: str, path: Path, annotator: Annotator, *, name: str, reader: ReaderConfig, report: Report
) -> np.ndarray | None:
    """Read ``source`` once more and write it annotated, with its frame count, times and orientation.

    Returns:
        The drawn frame with the most people, for a poster; None of an empty video.

    Raises:
        VideoError: The source cannot be read any more, or the output cannot be written.
    """
    count, poster = 0, None
    with open_video(source, config=reader) as video:
        frames = prefetch(video, PipelineConfig().depth(video.size_wh))
        config = WriterConfig(threads=reader.threads)
        with closing(frames), VideoWriter(path, video.size_wh, video.frame_rate, config=config) as writer:
            for frame in frames:
                drawn = annotator.draw(frame.image, frame.index)
                writer.write(drawn, frame.time_s)
                if frame.index == annotator.fullest_frame:
                    poster = drawn
                count += 1
                if count % REPORT_EVERY == 0:
                    report(Progress("draw", name, count, video.frame_count))
    report(Progress("draw", name, count, count, is_last=True))
    return poster
