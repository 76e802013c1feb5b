"""The default tracker: ByteTrack's two rounds without its faults, and what helps after a gap.

Latency is none: every call answers for its own frame. Tracks live in slots of one table, as in reference.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float64

from gaitway.errors import ConfigError
from gaitway.tracking import kalman
from gaitway.tracking.association import Pairs, assign, overlaps
from gaitway.tracking.camera_motion import warp_boxes, warp_motion
from gaitway.tracking.measurements import Measurements, check_detections, measure
from gaitway.tracking.slots import Slots, SlotTable
from gaitway.types import Tracks


@dataclass(frozen=True, slots=True)
class OnlineConfig:
    """Thresholds of the default tracker.

    Attributes:
        frame_rate: Frames a second; every call of ``update`` is one frame.
        buffer_s: How long a lost track can be found again. ByteTrack: 1 s.
        high_threshold: Scores from here are high (ByteTrack; it drops a score equal to the threshold, we do
            not).
        low_threshold: Scores from here can continue a track (ByteTrack).
        new_threshold: Scores from here can begin a track (ByteTrack: high + 0.1).
        match_threshold: Greatest cost 1 - IoU x score of the first round (ByteTrack).
        second_threshold: Greatest cost 1 - IoU with low detections (ByteTrack).
        unconfirmed_threshold: Greatest cost for tracks seen once (ByteTrack).
        duplicate_overlap: No track begins with more than this IoU to a person seen. Detectors suppress boxes
            above 0.65-0.7 as doubles (YOLOX), so a pair above is one person or will part soon.
        use_score: Multiply the IoU by the score in the first rounds (ByteTrack; off in its MOT20 setting).
        use_last_seen: Third round of OC-SORT: compare with where the track was last seen, not predicted.
        reupdate: After a gap, filter again along the straight line through it (OC-SORT).
    """

    frame_rate: float = 30.0
    buffer_s: float = 1.0
    high_threshold: float = 0.5
    low_threshold: float = 0.1
    new_threshold: float = 0.6
    match_threshold: float = 0.8
    second_threshold: float = 0.5
    unconfirmed_threshold: float = 0.7
    duplicate_overlap: float = 0.7
    use_score: bool = True
    use_last_seen: bool = True
    reupdate: bool = True

    def __post_init__(self) -> None:
        if not (self.frame_rate > 0 and self.buffer_s >= 0):
            raise ConfigError(
                f"frame_rate is {self.frame_rate}, buffer_s {self.buffer_s}: wanted above 0 and 0 or more"
            )

    @property
    def buffer_frames(self) -> int:
        """How many frames a lost track is kept."""
        return max(1, round(self.buffer_s * self.frame_rate))


class OnlineTracker:
    """Follows people from frame to frame; ids count from 1 and belong to confirmed tracks only.

    Against ByteTrack: a track gets its id when it is confirmed; removed tracks are gone; frames without
    detections count; doubles of a seen person begin nothing; a track found again after a gap is filtered
    anew along the way it must have gone; who is not where predicted is looked for where last seen; the
    camera's own motion can be given.

    Source:
        ByteTrack (Zhang et al., ECCV 2022), OC-SORT (Cao et al., CVPR 2023), BoT-SORT (Aharon et al., 2022;
        camera motion). Differs: as above.
    """

    def __init__(self, config: OnlineConfig) -> None:
        self._config = config
        self._table = SlotTable()
        self._tracked: Slots = np.zeros(0, np.int64)
        self._lost: Slots = np.zeros(0, np.int64)
        self._frame = 0
        self._next_id = 1

    @property
    def counts(self) -> tuple[int, int]:
        """Numbers of tracked (also unconfirmed) and lost tracks."""
        return len(self._tracked), len(self._lost)

    def update(
        self,
        xyxy: Float[np.ndarray, "n 4"],
        scores: Float[np.ndarray, " n"],
        camera: Float[np.ndarray, "2 3"] | None = None,
    ) -> Tracks:
        """Take the detections of the next frame; see ``ByteTracker.update``."""
        check_detections(xyxy, scores)
        config, table = self._config, self._table
        self._frame += 1
        if camera is not None:
            self._move_camera(camera)
        found = measure(xyxy, scores)
        high = found.take((found.score >= config.high_threshold).nonzero()[0])
        confirmed = table.is_confirmed[self._tracked]
        unconfirmed = self._tracked[~confirmed]
        pool = np.concatenate([self._tracked[confirmed], self._lost])
        boxes = self._predict(pool)
        is_open = np.ones(len(high.row), bool)
        unmatched = np.ones(len(pool), bool)
        self._match(pool, boxes, high, is_open, unmatched=unmatched, least=1 - config.match_threshold)
        if unmatched.any():
            self._rescue(pool, boxes, found, unmatched)
            if config.use_last_seen and is_open.any():
                seen = kalman.xyah_to_xyxy(table.seen[:, pool])
                self._match(pool, seen, high, is_open, unmatched=unmatched, least=1 - config.match_threshold)
        still_new = np.ones(len(unconfirmed), bool)
        if len(unconfirmed):
            start = kalman.xyah_to_xyxy(table.seen[:, unconfirmed])
            self._match(
                unconfirmed, start, high, is_open, unmatched=still_new, least=1 - config.unconfirmed_threshold
            )
        tracked = np.concatenate([pool[~unmatched], unconfirmed[~still_new]])
        born = self._start(high, is_open, tracked)
        self._settle(np.concatenate([tracked, born]), pool[unmatched])
        return self._output()

    def _move_camera(self, camera: Float[np.ndarray, "2 3"]) -> None:
        """Carry everything known into the coordinates of the new frame."""
        table, live = self._table, np.concatenate([self._tracked, self._lost])
        table.motion[:, :, live] = warp_motion(table.motion[:, :, live], camera)
        table.anchor[:, :, live] = warp_motion(table.anchor[:, :, live], camera)
        table.seen[:, live] = warp_boxes(table.seen[:, live], camera)

    def _predict(self, pool: Slots) -> Float64[np.ndarray, "4 _"]:
        """Move the pool one frame on (who was not seen keeps the height) and return its boxes."""
        table = self._table
        state = table.motion[:, :, pool]
        state[1, kalman.HEIGHT] *= table.last_frame[pool] == self._frame - 1
        state = kalman.predict(state)
        table.motion[:, :, pool] = state
        return kalman.xyah_to_xyxy(state[0])

    def _match(
        self,
        slots: Slots,
        boxes: Float64[np.ndarray, "4 _"],
        found: Measurements,
        is_open: Bool[np.ndarray, " _"],
        *,
        unmatched: Bool[np.ndarray, " _"],
        least: float,
        fuse: bool | None = None,
    ) -> None:
        """Give open detections to unmatched tracks where IoU (x score) is above ``least``; cross both off."""
        index, rest = unmatched.nonzero()[0], is_open.nonzero()[0]
        rows, columns, similarity = overlaps(boxes[:, index], found.xyxy[:, rest])
        if self._config.use_score if fuse is None else fuse:
            similarity = similarity * found.score[rest[columns]]
        rows, columns = assign(Pairs(rows, columns, similarity - least), (len(index), len(rest)))
        rows, columns = index[rows], rest[columns]
        self._correct(slots[rows], found, columns)
        unmatched[rows] = False
        is_open[columns] = False

    def _rescue(
        self,
        pool: Slots,
        boxes: Float64[np.ndarray, "4 _"],
        found: Measurements,
        unmatched: Bool[np.ndarray, " _"],
    ) -> None:
        """Continue tracks seen a frame ago with low detections."""
        config = self._config
        was_seen = self._table.last_frame[pool] == self._frame - 1
        low = (found.score >= config.low_threshold) & (found.score < config.high_threshold)
        candidates = unmatched & was_seen
        left = candidates.copy()
        self._match(pool, boxes, found, low, unmatched=left, least=1 - config.second_threshold, fuse=False)
        unmatched[candidates & ~left] = False

    def _correct(self, slots: Slots, found: Measurements, columns: Slots) -> None:
        """Let tracks see their detections."""
        if not len(slots):
            return
        table, xyah = self._table, found.xyah[:, columns]
        state = table.motion[:, :, slots]
        gap = self._frame - table.last_frame[slots]
        if self._config.reupdate and (late := gap > 1).any():
            state[:, :, late] = kalman.bridge(
                table.anchor[:, :, slots[late]], table.seen[:, slots[late]], xyah[:, late], gap[late]
            )
        state = kalman.correct(state, xyah)
        table.motion[:, :, slots] = state
        table.anchor[:, :, slots] = state
        table.seen[:, slots] = xyah
        table.last_frame[slots] = self._frame
        table.score[slots] = found.score[columns]
        table.detection[slots] = found.row[columns]
        fresh = slots[~table.is_confirmed[slots]]
        if len(fresh):
            self._confirm(fresh)

    def _confirm(self, slots: Slots) -> None:
        self._table.is_confirmed[slots] = True
        self._table.track_id[slots] = np.arange(self._next_id, self._next_id + len(slots))
        self._next_id += len(slots)

    def _start(self, high: Measurements, is_open: Bool[np.ndarray, " _"], tracked: Slots) -> Slots:
        """Begin tracks at open detections that are sure enough and not doubles of a seen person."""
        index = (is_open & (high.score >= self._config.new_threshold)).nonzero()[0]
        if not len(index):
            return index
        table = self._table
        seen = kalman.xyah_to_xyxy(table.seen[:, tracked])
        boxes = np.concatenate([seen, high.xyxy[:, index]], axis=1)
        pairs = overlaps(high.xyxy[:, index], boxes)
        is_double = (pairs.value > self._config.duplicate_overlap) & (
            pairs.columns < len(tracked) + pairs.rows
        )
        index = np.delete(
            index, pairs.rows[is_double]
        )  # a box doubles a seen person or an earlier (surer) box
        slots = table.take(len(index))
        state = kalman.initiate(high.xyah[:, index])
        table.motion[:, :, slots] = state
        table.anchor[:, :, slots] = state
        table.seen[:, slots] = high.xyah[:, index]
        table.last_frame[slots] = self._frame
        table.score[slots] = high.score[index]
        table.detection[slots] = high.row[index]
        table.is_confirmed[slots] = False
        if self._frame == 1:
            self._confirm(slots)
        return slots

    def _settle(self, tracked: Slots, unseen: Slots) -> None:
        """Keep who was seen and, for the buffer's time, who was not; free the other slots."""
        table = self._table
        lost = unseen[self._frame - table.last_frame[unseen] <= self._config.buffer_frames]
        before = np.concatenate([self._tracked, self._lost])
        kept = np.concatenate([tracked, lost])
        if len(gone := np.setdiff1d(before, kept, assume_unique=True)):
            table.give_back(gone)
        self._tracked, self._lost = tracked, lost

    def _output(self) -> Tracks:
        table = self._table
        shown = self._tracked[table.is_confirmed[self._tracked]]
        boxes = kalman.xyah_to_xyxy(table.motion[0][:, shown])
        np.maximum(boxes[2:], boxes[:2], out=boxes[2:])
        return Tracks(
            boxes.T.astype(np.float32),
            table.score[shown].astype(np.float32),
            table.track_id[shown],
            table.detection[shown],
        )
