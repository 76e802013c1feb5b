"""ByteTrack as published, to the digit and with its quirks: the ``compat=True`` side of ``ByteTracker``.

Tracks live in slots of one table; the lists "tracked" and "lost" are arrays of slots, in the reference's
order. Every step works on all tracks at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64

from gaitway.tracking import kalman
from gaitway.tracking.association import Pairs, assign, overlaps
from gaitway.tracking.measurements import Measurements, check_detections, measure
from gaitway.tracking.slots import Slots, SlotTable
from gaitway.types import Tracks

PIXEL = 1.0  # inclusive corners: x2 - x1 + 1


@dataclass(frozen=True, slots=True)
class ReferenceConfig:
    """Thresholds of ByteTrack; the defaults are the published ones.

    Attributes:
        track_threshold: Scores above are high; a score equal to it belongs to neither group.
        track_buffer: Frames a lost track is kept, at 30 frames a second.
        match_threshold: Greatest cost 1 - IoU x score of the first association.
        frame_rate: Scales ``track_buffer``.
        mot20: Leave the score out of the cost.
        low_threshold: Scores above are low, below nothing.
        new_margin: A new track needs a score of ``track_threshold`` plus this.
        second_threshold: Greatest cost 1 - IoU with low detections.
        unconfirmed_threshold: Greatest cost for tracks seen once.
        duplicate_threshold: Two tracks nearer than this cost are one.
    """

    track_threshold: float = 0.5
    track_buffer: float = 30.0
    match_threshold: float = 0.8
    frame_rate: float = 30.0
    mot20: bool = False
    low_threshold: float = 0.1
    new_margin: float = 0.1
    second_threshold: float = 0.5
    unconfirmed_threshold: float = 0.7
    duplicate_threshold: float = 0.15

    @property
    def buffer_frames(self) -> int:
        """How many frames a lost track is kept."""
        return int(self.frame_rate / 30.0 * self.track_buffer)


class ReferenceByteTrack:
    """ByteTrack's association, equal to the published code in ids, boxes and order.

    Kept on purpose: a track removed by age stays in the lost list for one more frame and may be found again
    there, and is then dropped at once when it is next lost; the clock counts calls; every new track takes an
    id, also one that is never shown.

    Source:
        ByteTrack (Zhang et al., ECCV 2022) and its code (ifzhang/ByteTrack, MIT). Differs: vectorised; ids
        count from 1 per instance instead of per process; boxes without area are ignored.
    """

    def __init__(self, config: ReferenceConfig) -> None:
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

    def update(self, xyxy: np.ndarray, scores: np.ndarray) -> Tracks:
        """Take the detections of the next frame; see ``ByteTracker.update``."""
        check_detections(xyxy, scores)
        config, table = self._config, self._table
        self._frame += 1
        found = measure(xyxy, scores)
        high = found.take((found.score > config.track_threshold).nonzero()[0])
        confirmed = table.is_confirmed[self._tracked]
        unconfirmed = self._tracked[~confirmed]
        pool = np.concatenate([self._tracked[confirmed], self._lost])
        pool_is_tracked = np.arange(len(pool)) < len(pool) - len(self._lost)
        boxes = self._predict(pool, pool_is_tracked)
        rows, columns = self._associate(boxes, high, config.match_threshold, fuse=not config.mot20)
        self._correct(pool[rows], high, columns)
        unmatched = np.ones(len(pool), bool)
        unmatched[rows] = False
        refound = pool[~(unmatched | pool_is_tracked)]
        left = (unmatched & pool_is_tracked).nonzero()[0]
        newly_lost = self._rescue(pool[left], boxes[:, left], found) if len(left) else pool[left]
        is_open = np.ones(len(high.row), bool)
        is_open[columns] = False
        dropped = self._confirm(unconfirmed, high, is_open) if len(unconfirmed) else unconfirmed
        born = self._start(high, is_open)
        self._settle(newly_lost, dropped, born, refound)
        return self._output()

    def _predict(self, pool: Slots, is_tracked: Bool[np.ndarray, " _"]) -> Float64[np.ndarray, "4 _"]:
        """Move the pool one frame on (lost tracks keep their height) and return its boxes."""
        state = self._table.motion[:, :, pool]
        state[1, kalman.HEIGHT] *= is_tracked
        state = kalman.predict(state)
        self._table.motion[:, :, pool] = state
        return kalman.xyah_to_xyxy(state[0])

    def _associate(
        self, boxes: Float64[np.ndarray, "4 _"], found: Measurements, limit: float, *, fuse: bool
    ) -> tuple[Slots, Slots]:
        rows, columns, similarity = overlaps(boxes, found.xyxy, pixel=PIXEL)
        if fuse:
            similarity = similarity * found.score[columns]
        gains = Pairs(rows, columns, limit - (1 - similarity))
        return assign(gains, (boxes.shape[1], len(found.row)))

    def _correct(self, slots: Slots, found: Measurements, columns: Slots) -> None:
        """Let tracks see their detections."""
        table = self._table
        table.motion[:, :, slots] = kalman.correct(table.motion[:, :, slots], found.xyah[:, columns])
        table.last_frame[slots] = self._frame
        table.score[slots] = found.score[columns]
        table.detection[slots] = found.row[columns]
        table.is_confirmed[slots] = True

    def _rescue(self, slots: Slots, boxes: Float64[np.ndarray, "4 _"], found: Measurements) -> Slots:
        """Match what is left of the tracked to low detections; return who is lost now."""
        config = self._config
        score = found.score
        low = found.take(((score > config.low_threshold) & (score < config.track_threshold)).nonzero()[0])
        rows, columns = self._associate(boxes, low, config.second_threshold, fuse=False)
        self._correct(slots[rows], low, columns)
        is_lost = np.ones(len(slots), bool)
        is_lost[rows] = False
        return slots[is_lost]

    def _confirm(self, slots: Slots, high: Measurements, is_open: Bool[np.ndarray, " _"]) -> Slots:
        """Match tracks seen once, where they were seen, to open high detections; return the others."""
        config = self._config
        index = is_open.nonzero()[0]
        rest = high.take(index)
        boxes = kalman.xyah_to_xyxy(self._table.motion[0][:, slots])
        rows, columns = self._associate(boxes, rest, config.unconfirmed_threshold, fuse=not config.mot20)
        self._correct(slots[rows], rest, columns)
        is_open[index[columns]] = False
        is_dropped = np.ones(len(slots), bool)
        is_dropped[rows] = False
        return slots[is_dropped]

    def _start(self, high: Measurements, is_open: Bool[np.ndarray, " _"]) -> Slots:
        """Begin tracks at open detections that are sure enough."""
        index = is_open.nonzero()[0]
        if not len(index):
            return index
        index = index[high.score[index] >= self._config.track_threshold + self._config.new_margin]
        table = self._table
        slots = table.take(len(index))
        table.motion[:, :, slots] = kalman.initiate(high.xyah[:, index])
        table.track_id[slots] = np.arange(self._next_id, self._next_id + len(slots))
        self._next_id += len(slots)
        table.first_frame[slots] = self._frame
        table.last_frame[slots] = self._frame
        table.score[slots] = high.score[index]
        table.detection[slots] = high.row[index]
        table.is_confirmed[slots] = self._frame == 1
        table.was_removed[slots] = False
        return slots

    def _settle(self, newly_lost: Slots, dropped: Slots, born: Slots, refound: Slots) -> None:
        """Bring both lists up to date and free the slots of tracks that leave them."""
        if not (len(self._lost) or len(newly_lost) or len(dropped) or len(born)):
            return
        table = self._table
        before = np.concatenate([self._tracked, self._lost, born])
        tracked = self._tracked
        if len(newly_lost) or len(dropped):
            tracked = tracked[~np.isin(tracked, np.concatenate([newly_lost, dropped]))]
        tracked = np.concatenate([tracked, born, refound])
        expired = self._lost[self._frame - table.last_frame[self._lost] > self._config.buffer_frames]
        lost = np.concatenate([self._lost[~np.isin(self._lost, refound)], newly_lost])
        lost = lost[~table.was_removed[lost]]
        table.was_removed[expired] = True  # after the line above: they stay for one more frame
        self._tracked, self._lost = self._without_duplicates(tracked, lost)
        kept = np.concatenate([self._tracked, self._lost])
        if len(kept) < len(before):
            table.give_back(np.setdiff1d(before, kept))

    def _without_duplicates(self, tracked: Slots, lost: Slots) -> tuple[Slots, Slots]:
        """Where a tracked and a lost track lie on each other, keep the one with the longer life."""
        if not (len(tracked) and len(lost)):
            return tracked, lost
        table = self._table
        boxes = kalman.xyah_to_xyxy(table.motion[0][:, np.concatenate([tracked, lost])])
        pairs = overlaps(boxes[:, : len(tracked)], boxes[:, len(tracked) :], pixel=PIXEL)
        same = 1 - pairs.value < self._config.duplicate_threshold
        if not same.any():
            return tracked, lost
        rows, columns = pairs.rows[same], pairs.columns[same]
        life = table.last_frame - table.first_frame
        is_longer = life[tracked[rows]] > life[lost[columns]]
        keep_tracked, keep_lost = np.ones(len(tracked), bool), np.ones(len(lost), bool)
        keep_lost[columns[is_longer]] = False
        keep_tracked[rows[~is_longer]] = False
        return tracked[keep_tracked], lost[keep_lost]

    def _output(self) -> Tracks:
        """Return the confirmed tracks with their filtered boxes, in the order of the list."""
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
