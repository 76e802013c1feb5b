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

    What is not from a paper was chosen on generated streams (docs/decisions/0011-online-tracking.md).

    Attributes:
        frame_rate: Frames a second; every call of ``update`` is one frame.
        buffer_s: How long a lost track can be found again (generated streams: 3 s; ByteTrack: 1 s).
        high_threshold: Scores from here are high (ByteTrack, which drops a score equal to it; we do not).
        low_threshold: Scores from here can continue a track (ByteTrack).
        new_threshold: Scores from here can begin a track (ByteTrack: high + 0.1).
        match_threshold: Greatest cost 1 - IoU x score of the first and third round (ByteTrack).
        second_threshold: Greatest cost 1 - IoU with low detections (ByteTrack).
        unconfirmed_threshold: Greatest cost for tracks seen once (ByteTrack).
        use_score: Multiply the IoU by the score in those rounds (ByteTrack; off in its MOT20 setting).
        rescue_s: Low detections continue tracks seen this recently (generated streams; ByteTrack: a frame
            ago).
        reach: In the third round boxes grow by this part of their size on every side (C-BIoU).
        use_last_seen: Look also where a track was last seen, not only where it is predicted (OC-SORT).
        reupdate: After a gap, filter again along the straight line through it (OC-SORT). Off: on generated
            streams it neither helps nor harms.
        use_common_motion: Correct unseen tracks by what all seen ones are corrected by: the camera moved.
        common_least: So many seen tracks make a common motion.
        common_sigmas: So far from 0, in its own standard errors, a common motion counts.
        duplicate_overlap: No track begins with more than this IoU to a person seen. Detectors suppress boxes
            above 0.65-0.7 as doubles (YOLOX) and boxes wobble; two people so near will part soon.
        coast_s: Show a lost track's predicted box for so long, and no longer than half its life (0: never).
        confirm_at_once: Trust a track from its first frame, for a second pass that can drop short ones.
        show_at_once: Show it from its first frame, but trust it from its second, as ever: the same tracks,
            each a frame longer, and some of a single frame.
    """

    frame_rate: float = 30.0
    buffer_s: float = 3.0
    high_threshold: float = 0.5
    low_threshold: float = 0.1
    new_threshold: float = 0.6
    match_threshold: float = 0.8
    second_threshold: float = 0.5
    unconfirmed_threshold: float = 0.7
    use_score: bool = True
    rescue_s: float = 0.5
    reach: float = 0.3
    use_last_seen: bool = True
    reupdate: bool = False
    use_common_motion: bool = True
    common_least: int = 5
    common_sigmas: float = 3.0
    duplicate_overlap: float = 0.6
    coast_s: float = 0.0
    confirm_at_once: bool = False
    show_at_once: bool = False

    def __post_init__(self) -> None:
        if not (self.frame_rate > 0 and self.buffer_s >= 0):
            raise ConfigError(
                f"frame_rate is {self.frame_rate}, buffer_s {self.buffer_s}: wanted above 0 and 0 or more"
            )

    @property
    def buffer_frames(self) -> int:
        """How many frames a lost track is kept."""
        return max(1, round(self.buffer_s * self.frame_rate))


def _median(values: Float64[np.ndarray, "*rest n"]) -> Float64[np.ndarray, "*rest"]:
    """Return the median along the last axis; np.median spends most of its time preparing."""
    ordered = np.sort(values, axis=-1)
    n = ordered.shape[-1]
    middle: np.ndarray = (ordered[..., (n - 1) // 2] + ordered[..., n // 2]) / 2
    return middle


def _grow(boxes: Float64[np.ndarray, "4 n"], by: float) -> Float64[np.ndarray, "4 n"]:
    """Make boxes larger by a part of their size on every side."""
    more = (boxes[2:] - boxes[:2]) * by
    return np.concatenate([boxes[:2] - more, boxes[2:] + more])


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
        self._has_unconfirmed = False
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
        size = check_detections(xyxy, scores)
        config, table = self._config, self._table
        self._frame += 1
        if camera is not None:
            self._move_camera(camera)
        found = measure(xyxy, size, scores, scores >= config.low_threshold)
        is_open = found.score >= config.high_threshold
        is_low = ~is_open
        confirmed, unconfirmed = self._tracked, self._tracked[:0]
        if self._has_unconfirmed:
            is_confirmed = table.is_confirmed[self._tracked]
            confirmed, unconfirmed = self._tracked[is_confirmed], self._tracked[~is_confirmed]
        pool = np.concatenate([confirmed, self._lost]) if len(self._lost) else confirmed
        state = self._predict(pool)
        unseen = self._follow(pool, kalman.xyah_to_xyxy(state[0]), found, is_open, is_low)
        if config.use_common_motion and unseen.any():
            self._share_motion(pool, state, unseen)
        still_new = np.ones(len(unconfirmed), bool)
        if len(unconfirmed):
            start = kalman.xyah_to_xyxy(table.seen[:, unconfirmed])
            least = 1 - config.unconfirmed_threshold
            self._match(unconfirmed, start, found, is_open, unmatched=still_new, least=least)
        tracked, lost = pool, pool[:0]
        if len(unconfirmed) or unseen.any():
            tracked, lost = np.concatenate([pool[~unseen], unconfirmed[~still_new]]), pool[unseen]
        if is_open.any():
            tracked = np.concatenate([tracked, self._start(found, is_open, tracked)])
        self._settle(tracked, lost)
        return self._output()

    def _move_camera(self, camera: Float[np.ndarray, "2 3"]) -> None:
        """Carry everything known into the coordinates of the new frame."""
        table, live = self._table, np.concatenate([self._tracked, self._lost])
        table.motion[:, :, live] = warp_motion(table.motion[:, :, live], camera)
        table.anchor[:, :, live] = warp_motion(table.anchor[:, :, live], camera)
        table.seen[:, live] = warp_boxes(table.seen[:, live], camera)

    def _predict(self, pool: Slots) -> Float64[np.ndarray, "5 4 _"]:
        """Move the pool one frame on; who was not seen keeps the height."""
        table = self._table
        state = table.motion[:, :, pool]
        state[1, kalman.HEIGHT] *= table.last_frame[pool] == self._frame - 1
        state = kalman.predict(state)
        table.motion[:, :, pool] = state
        return state

    def _follow(
        self,
        pool: Slots,
        boxes: Float64[np.ndarray, "4 _"],
        found: Measurements,
        is_open: Bool[np.ndarray, " _"],
        is_low: Bool[np.ndarray, " _"],
    ) -> Bool[np.ndarray, " _"]:
        """Give detections to known tracks in rounds, surest first; return who is still unseen."""
        config = self._config
        unseen = np.ones(len(pool), bool)
        least = 1 - config.match_threshold
        self._match(pool, boxes, found, is_open, unmatched=unseen, least=least)
        if not unseen.any():
            return unseen
        if is_low.any():
            self._rescue(pool, boxes, found, is_low, unseen)
        if config.reach and is_open.any():
            self._match(pool, boxes, found, is_open, unmatched=unseen, least=least, grow=config.reach)
        if config.use_last_seen and is_open.any():
            there = kalman.xyah_to_xyxy(self._table.seen[:, pool])
            self._match(pool, there, found, is_open, unmatched=unseen, least=least)
        return unseen

    def _match(
        self,
        slots: Slots,
        boxes: Float64[np.ndarray, "4 _"],
        found: Measurements,
        is_open: Bool[np.ndarray, " _"],
        *,
        unmatched: Bool[np.ndarray, " _"],
        least: float,
        grow: float = 0.0,
    ) -> None:
        """Give open detections to unmatched tracks where IoU x score is above ``least``; cross both off."""
        index, rest = unmatched.nonzero()[0], is_open.nonzero()[0]
        there, here = boxes[:, index], found.xyxy[:, rest]
        if grow:
            there, here = _grow(there, grow), _grow(here, grow)
        rows, columns, similarity = overlaps(there, here, least=least)
        if self._config.use_score:
            similarity *= found.score[rest[columns]]
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
        is_low: Bool[np.ndarray, " _"],
        unseen: Bool[np.ndarray, " _"],
    ) -> None:
        """Continue tracks seen lately with low detections, by IoU alone."""
        config = self._config
        least = 1 - config.second_threshold
        patience = 1 + round(config.rescue_s * config.frame_rate)
        index = (unseen & (self._table.last_frame[pool] >= self._frame - patience)).nonzero()[0]
        low = is_low.nonzero()[0]
        rows, columns, similarity = overlaps(boxes[:, index], found.xyxy[:, low], least=least)
        gains = Pairs(rows, columns, similarity - least)
        rows, columns = assign(gains, (len(index), len(low)))
        self._correct(pool[index[rows]], found, low[columns])
        unseen[index[rows]] = False

    def _share_motion(
        self, pool: Slots, predicted: Float64[np.ndarray, "5 4 _"], unseen: Bool[np.ndarray, " _"]
    ) -> None:
        """Correct unseen tracks by the median correction of those seen, where it is no accident."""
        table, config = self._table, self._config
        seen = (~unseen).nonzero()[0]
        if len(seen) < config.common_least:
            return
        change = table.motion[:2, :2, pool[seen]] - predicted[:2, :2, seen]
        common = _median(change)
        spread = 1.4826 * _median(np.abs(change[0] - common[0][:, None]))  # MAD to sigma
        common *= np.abs(common[0]) > config.common_sigmas * spread / np.sqrt(len(seen))
        table.motion[:2, :2, pool[unseen]] += common[:, :, None]

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
        if not self._config.show_at_once:
            self._name(slots)

    def _name(self, slots: Slots) -> None:
        self._table.track_id[slots] = np.arange(self._next_id, self._next_id + len(slots))
        self._next_id += len(slots)

    def _start(self, found: Measurements, is_open: Bool[np.ndarray, " _"], tracked: Slots) -> Slots:
        """Begin tracks at open detections that are sure enough and not doubles of a seen person."""
        index = (is_open & (found.score >= self._config.new_threshold)).nonzero()[0]
        if not len(index):
            return index
        table = self._table
        seen = kalman.xyah_to_xyxy(table.seen[:, tracked])
        boxes = np.concatenate([seen, found.xyxy[:, index]], axis=1)
        pairs = overlaps(found.xyxy[:, index], boxes)
        is_double = (pairs.value > self._config.duplicate_overlap) & (
            pairs.columns < len(tracked) + pairs.rows
        )
        index = np.delete(
            index, pairs.rows[is_double]
        )  # a box doubles a seen person or an earlier (surer) box
        slots = table.take(len(index))
        state = kalman.initiate(found.xyah[:, index])
        table.motion[:, :, slots] = state
        table.anchor[:, :, slots] = state
        table.seen[:, slots] = found.xyah[:, index]
        table.last_frame[slots] = self._frame
        table.score[slots] = found.score[index]
        table.detection[slots] = found.row[index]
        table.first_frame[slots] = self._frame
        table.is_confirmed[slots] = False
        if self._config.show_at_once:
            self._name(slots)
        if self._frame == 1 or self._config.confirm_at_once:
            self._confirm(slots)
        return slots

    def _settle(self, tracked: Slots, unseen: Slots) -> None:
        """Keep who was seen and, for the buffer's time, who was not; free the other slots."""
        table = self._table
        lost = unseen
        if len(unseen):
            lost = unseen[self._frame - table.last_frame[unseen] <= self._config.buffer_frames]
        if len(self._lost) or self._has_unconfirmed:
            before = np.concatenate([self._tracked, self._lost])
            table.give_back(table.without(before, tracked, lost))
        self._has_unconfirmed = len(tracked) > 0 and not table.is_confirmed[tracked].all()
        self._tracked, self._lost = tracked, lost

    def _coasting(self) -> Slots:
        """Return the lost tracks that are still shown where they are predicted."""
        table, config = self._table, self._config
        last = table.last_frame[self._lost]
        longest = np.minimum(config.coast_s * config.frame_rate, (last - table.first_frame[self._lost]) / 2)
        slots: Slots = self._lost[self._frame - last <= longest]
        table.detection[slots] = -1
        return slots

    def _output(self) -> Tracks:
        table = self._table
        shown = self._tracked
        if self._has_unconfirmed and not self._config.show_at_once:
            shown = shown[table.is_confirmed[shown]]
        if self._config.coast_s and len(self._lost):
            shown = np.concatenate([shown, self._coasting()])
        boxes = kalman.xyah_to_xyxy(table.motion[0][:, shown])
        np.maximum(boxes[2:], boxes[:2], out=boxes[2:])
        return Tracks(
            boxes.T.astype(np.float32),
            table.score[shown].astype(np.float32),
            table.track_id[shown],
            table.detection[shown],
        )
