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
        self._has_unconfirmed = False
        self._frame = 0
        self._next_id = 1

    @property
    def counts(self) -> tuple[int, int]:
        """Numbers of tracked (also unconfirmed) and lost tracks."""
        return len(self._tracked), len(self._lost)

    def update(self, xyxy: np.ndarray, scores: np.ndarray) -> Tracks:
        """Take the detections of the next frame; see ``ByteTracker.update``."""
        size = check_detections(xyxy, scores)
        config, table = self._config, self._table
        self._frame += 1
        high = measure(xyxy, size, scores, scores > config.track_threshold)
        confirmed, unconfirmed = self._tracked, self._tracked[:0]
        if self._has_unconfirmed:
            is_confirmed = table.is_confirmed[self._tracked]
            confirmed, unconfirmed = self._tracked[is_confirmed], self._tracked[~is_confirmed]
        pool = np.concatenate([confirmed, self._lost]) if len(self._lost) else confirmed
        state = self._predict(pool, len(confirmed))
        boxes = kalman.xyah_to_xyxy(state[0])
        rows, columns = self._associate(boxes, high, config.match_threshold, fuse=not config.mot20)
        self._correct(pool[rows], state[:, :, rows], high, columns)
        refound = pool[rows[rows >= len(confirmed)]] if len(self._lost) else pool[:0]
        newly_lost = pool[:0]
        if len(rows) < len(pool):
            unmatched = np.ones(len(pool), bool)
            unmatched[rows] = False
            table.motion[:, :, pool[unmatched]] = state[:, :, unmatched]
            left = unmatched[: len(confirmed)].nonzero()[0]
            low = (scores > config.low_threshold) & (scores < config.track_threshold)
            newly_lost = self._rescue(pool[left], state[:, :, left], measure(xyxy, size, scores, low))
        dropped, born = unconfirmed, pool[:0]
        if len(columns) < len(high):
            is_open = np.ones(len(high), bool)
            is_open[columns] = False
            dropped = self._confirm(unconfirmed, high, is_open)
            born = self._start(high, is_open)
        self._settle(newly_lost, dropped, born, refound)
        return self._output()

    def _predict(self, pool: Slots, tracked: int) -> Float64[np.ndarray, "5 4 _"]:
        """Return the pool one frame on; those after the first ``tracked`` are lost and keep their height."""
        state = self._table.motion[:, :, pool]
        state[1, kalman.HEIGHT, tracked:] = 0
        return kalman.predict(state)

    def _associate(
        self, boxes: Float64[np.ndarray, "4 _"], found: Measurements, limit: float, *, fuse: bool
    ) -> tuple[Slots, Slots]:
        rows, columns, similarity = overlaps(boxes, found.xyxy, pixel=PIXEL, least=1 - limit)
        if fuse:
            similarity *= found.score[columns]
        gains = Pairs(rows, columns, limit - (1 - similarity))
        return assign(gains, (boxes.shape[1], len(found)))

    def _correct(
        self, slots: Slots, state: Float64[np.ndarray, "5 4 _"], found: Measurements, columns: Slots
    ) -> None:
        """Let tracks in ``state`` see their detections."""
        if not len(slots):
            return
        table = self._table
        table.motion[:, :, slots] = kalman.correct(state, found.xyah[:, columns])
        table.last_frame[slots] = self._frame
        table.score[slots] = found.score[columns]
        table.detection[slots] = found.row[columns]
        table.is_confirmed[slots] = True

    def _rescue(self, slots: Slots, state: Float64[np.ndarray, "5 4 _"], low: Measurements) -> Slots:
        """Match what is left of the tracked to low detections; return who is lost now."""
        boxes = kalman.xyah_to_xyxy(state[0])
        rows, columns = self._associate(boxes, low, self._config.second_threshold, fuse=False)
        self._correct(slots[rows], state[:, :, rows], low, columns)
        is_lost = np.ones(len(slots), bool)
        is_lost[rows] = False
        return slots[is_lost]

    def _confirm(self, slots: Slots, high: Measurements, is_open: Bool[np.ndarray, " _"]) -> Slots:
        """Match tracks seen once, where they were seen, to open high detections; return the others."""
        if not len(slots):
            return slots
        config = self._config
        index = is_open.nonzero()[0]
        rest = high.take(index)
        state = self._table.motion[:, :, slots]
        boxes = kalman.xyah_to_xyxy(state[0])
        rows, columns = self._associate(boxes, rest, config.unconfirmed_threshold, fuse=not config.mot20)
        self._correct(slots[rows], state[:, :, rows], rest, columns)
        is_open[index[columns]] = False
        is_dropped = np.ones(len(slots), bool)
        is_dropped[rows] = False
        return slots[is_dropped]

    def _start(self, high: Measurements, is_open: Bool[np.ndarray, " _"]) -> Slots:
        """Begin tracks at open detections that are sure enough."""
        index = is_open.nonzero()[0]
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
        self._has_unconfirmed = len(born) > 0 and self._frame > 1
        if not (len(self._lost) or len(newly_lost) or len(dropped) or len(born)):
            return
        table = self._table
        tracked = np.concatenate([table.without(self._tracked, newly_lost, dropped), born, refound])
        expired = self._lost[self._frame - table.last_frame[self._lost] > self._config.buffer_frames]
        lost = np.concatenate([table.without(self._lost, refound), newly_lost])
        lost = lost[~table.was_removed[lost]]
        table.was_removed[expired] = True  # after the line above: they stay for one more frame
        before = np.concatenate([self._tracked, self._lost, born])
        self._tracked, self._lost = self._without_duplicates(tracked, lost)
        if len(self._tracked) + len(self._lost) < len(before):
            table.give_back(table.without(before, self._tracked, self._lost))

    def _without_duplicates(self, tracked: Slots, lost: Slots) -> tuple[Slots, Slots]:
        """Where a tracked and a lost track lie on each other, keep the one with the longer life."""
        if not (len(tracked) and len(lost)):
            return tracked, lost
        table, limit = self._table, self._config.duplicate_threshold
        boxes = kalman.xyah_to_xyxy(table.motion[0][:, np.concatenate([tracked, lost])])
        pairs = overlaps(boxes[:, : len(tracked)], boxes[:, len(tracked) :], pixel=PIXEL, least=1 - limit)
        same = 1 - pairs.value < limit
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
        shown = self._tracked
        if self._has_unconfirmed:
            shown = shown[table.is_confirmed[shown]]
        boxes = kalman.xyah_to_xyxy(table.motion[0][:, shown])
        np.maximum(boxes[2:], boxes[:2], out=boxes[2:])
        return Tracks(
            boxes.T.astype(np.float32),
            table.score[shown].astype(np.float32),
            table.track_id[shown],
            table.detection[shown],
        )
