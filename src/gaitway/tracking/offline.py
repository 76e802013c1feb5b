"""Tracks of a whole stream: ``track_detections`` from boxes, ``link_tracklets`` from any tracker's tracks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64

from gaitway.errors import ConfigError, InputError
from gaitway.results import TrackTable
from gaitway.tracking.cutting import CutConfig, cut_tracks
from gaitway.tracking.linking import Appearance, LinkConfig, Rows, link_pieces
from gaitway.tracking.nobody import NobodyConfig, Seen, is_somebody
from gaitway.tracking.online import OnlineConfig, OnlineTracker
from gaitway.tracking.tracklets import (
    Pieces,
    centred,
    farthest,
    fill_gaps,
    meetings,
    number_pieces,
    smooth_course,
)

Table = Float64[np.ndarray, "_ 8"]  # frame from 1, id, x, y, w, h, score, filled
FRAME, TRACK, BOX, SCORE, FILLED = 0, 1, slice(2, 6), 6, 7
Number = int | float


@dataclass(frozen=True, slots=True)
class OfflineConfig:
    """How tracks of a whole stream are made; see docs/decisions/0012-offline-linking.md.

    Attributes:
        buffer_s: How long the tracker itself looks for a lost track; longer gaps are for the linking.
        coast_s: Online: how long a lost track's predicted box is shown.
        cut: Where tracks are split before linking.
        double: A track that lies on a longer one with more than this IoU for more than half of its life is a
            double of it and dropped: two people do not share a place for long.
        least_rows: Tracks with fewer boxes are not linked to others.
        fill_s: Longest gap to fill.
        min_rows: Linked tracks with fewer boxes are dropped.
        belief: Where the presence is known, boxes believed less than this by the detector and by the network
            that cuts out take no part in the linking: both were trained to switch there.
        min_seen: Linked tracks seen in a smaller part of their time are dropped: chained false alarms.
        nobody: What else is dropped as a mistake, where the presence is known.
        smooth_s: Standard deviation of the smoothing of boxes, in seconds (0: none).
        link: Beliefs of the linking.
    """

    buffer_s: float = 2.0
    coast_s: float = 0.4
    cut: CutConfig = field(default_factory=CutConfig)
    double: float = 0.5
    least_rows: int = 3
    fill_s: float = 4.0
    min_rows: int = 6
    belief: float = 0.5
    min_seen: float = 0.3
    nobody: NobodyConfig = field(default_factory=NobodyConfig)
    smooth_s: float = 0.06
    link: LinkConfig = field(default_factory=LinkConfig)


class Hints(NamedTuple):
    """What is known of a video besides boxes; each can be missing.

    Attributes:
        against: Given rows of the table of two pieces, what speaks against their being one person, in nats
            (log odds); infinite is a veto, less than 0 speaks for it.
        changes: Rows with which somebody else begins, though the tracker went on.
        presence: How surely the network that cuts people out sees one in each box, in [0, 1].
        certainty: The same, and how decided its mask is, in [0, 1]; it counts where the presence is known.
        camera_xy: Per frame how far the camera's own motion has moved the picture since the first, in pixels.
    """

    against: Appearance | None = None
    changes: Rows = np.zeros(0, np.int64)
    presence: Float32[np.ndarray, " m"] | None = None
    certainty: Float32[np.ndarray, " m"] | None = None
    camera_xy: Float64[np.ndarray, "f 2"] | None = None


DEFAULT = OfflineConfig()
NO_HINTS = Hints()


def track_detections(
    frames: Iterable[tuple[np.ndarray, np.ndarray]],
    frame_rate: Number,
    mode: str = "online",
    image_size: tuple[int, int] | None = None,
    *,
    config: OfflineConfig = DEFAULT,
) -> Table:
    """Follow people by their boxes alone, without looking at a pixel.

    Args:
        frames: One (xyxy (N, 4), scores (N,)) per frame, in order; frames without anybody too.
        frame_rate: Frames a second.
        mode: "online" answers for every frame when it comes; "offline" sees the whole stream, links tracks
            over occlusions, fills gaps and smooths.
        image_size: Width and height in pixels; None: as far as the boxes reach.
        config: Settings.

    Returns:
        Rows frame (from 1), id, x, y, w, h, score, filled, ordered by frame and id; filled is 1 where nobody
        was seen and the box is predicted (online) or put in between (offline).

    Raises:
        ConfigError: Unknown ``mode``, or a frame rate of 0 or less.
        InputError: Detections that do not fit; see ``ByteTracker.update``.
    """
    if mode not in {"online", "offline"}:
        raise ConfigError(f"mode is {mode!r}, wanted 'online' or 'offline'")
    rate = float(frame_rate)
    if mode == "online":
        return _follow(frames, OnlineConfig(frame_rate=rate, coast_s=config.coast_s), image_size)
    online = OnlineConfig(frame_rate=rate, buffer_s=config.buffer_s, confirm_at_once=True)
    rows = _follow(frames, online, image_size)
    if not len(rows):
        return rows
    width, height = (rows[:, 2:4] + rows[:, 4:6]).max(axis=0).clip(1).astype(int).tolist()
    size = image_size or (width, height)
    rows = rows[np.lexsort((rows[:, FRAME], rows[:, TRACK]))]
    rows[:, TRACK] = _people(rows, rate, size, NO_HINTS, config, at_border=_at_border(rows, size))
    return _finish(rows, rate, config)


def link_tracklets(
    table: TrackTable,
    frame_rate: Number,
    image_size: tuple[int, int],
    *,
    hints: Hints = NO_HINTS,
    config: OfflineConfig = DEFAULT,
) -> TrackTable:
    """Join the tracks of one video over occlusions, part those that changed their owner, fill gaps.

    No box is moved; ``find_people`` says which track each row of ``table`` now belongs to. None is dropped
    unless its presence is known: then tracks in which nobody is seen, or seldom, and mere fragments, are.

    Args:
        table: Every box of the video, from any tracker.
        frame_rate: Frames a second.
        image_size: Width and height in pixels.
        hints: What else is known than boxes.
        config: Settings.

    Returns:
        The table with new ids from 1, in the order in which people appear, and the filled rows marked.
    """
    rows = _as_rows(table)
    rows[:, TRACK] = find_people(table, frame_rate, image_size, hints=hints, config=config)
    if hints.presence is not None:
        away = farthest(rows[:, TRACK].astype(np.int64), centred(_steadied(rows, hints.camera_xy)[:, BOX]))
        rows = _without_nobody(rows, away, hints, config)
    still = _steadied(rows, hints.camera_xy)
    filled = [_fill(mine, float(frame_rate), config) for mine in _by_track(still)]
    rows = np.concatenate([rows, *(_steadied(mine, hints.camera_xy, back=True) for mine in filled)])
    rows = rows[np.lexsort((rows[:, TRACK], rows[:, FRAME]))]
    xyxy = np.concatenate([rows[:, 2:4], rows[:, 2:4] + rows[:, 4:6]], axis=1)
    return TrackTable(
        rows[:, FRAME].astype(np.int64),
        rows[:, TRACK].astype(np.int64),
        xyxy.astype(np.float32),
        rows[:, SCORE].astype(np.float32),
        rows[:, FILLED] > 0,
    )


def find_people(
    table: TrackTable,
    frame_rate: Number,
    image_size: tuple[int, int],
    *,
    hints: Hints = NO_HINTS,
    config: OfflineConfig = DEFAULT,
) -> Rows:
    """Return for every row of ``table`` its linked track's id; see ``link_tracklets``."""
    rows = _as_rows(table)
    if not len(rows):
        return np.zeros(0, np.int64)
    order = np.lexsort((rows[:, FRAME], rows[:, TRACK]))
    if (np.diff(rows[order][:, :2], axis=0) == 0).all(axis=1).any():
        raise InputError("the table has a track twice in one frame: drop one of the two boxes")
    place = np.empty(len(rows), np.int64)
    place[order] = np.arange(len(rows))
    against = hints.against
    ordered = hints._replace(
        against=against and (lambda a, b: against(order[a], order[b])),
        changes=place[hints.changes],
        presence=None if hints.presence is None else hints.presence[order],
    )
    still = _steadied(rows[order], hints.camera_xy)
    people = np.empty(len(rows), np.int64)
    at_border = _at_border(rows[order], image_size)
    people[order] = _people(still, float(frame_rate), image_size, ordered, config, at_border=at_border)
    return people


def _without_nobody(
    rows: Table, away: Float64[np.ndarray, " n"], hints: Hints, config: OfflineConfig
) -> Table:
    """Drop fragments, chained false alarms and what follows nobody."""
    score, presence = rows[:, SCORE], hints.presence if hints.presence is not None else 0
    sure = np.maximum(score, presence if hints.certainty is None else hints.certainty)
    seen = Seen(rows[:, TRACK].astype(np.int64), rows[:, BOX], np.maximum(score, presence), sure)
    rows = rows[is_somebody(seen, away, config.nobody)]
    track = rows[:, TRACK].astype(np.int64)
    count = np.bincount(track)
    first, last = np.full(len(count), np.inf), np.full(len(count), -np.inf)
    np.minimum.at(first, track, rows[:, FRAME])
    np.maximum.at(last, track, rows[:, FRAME])
    rows = rows[((count >= config.min_rows) & (count >= config.min_seen * (last - first + 1)))[track]]
    if len(rows):
        rows[:, TRACK] = np.unique(rows[:, TRACK], return_inverse=True)[1] + 1
    return rows


def _steadied(rows: Table, camera_xy: Float64[np.ndarray, "f 2"] | None, *, back: bool = False) -> Table:
    """Return the boxes where they would be had the camera stood still, or ``back`` where they were."""
    if camera_xy is None:
        return rows
    moved = rows.copy()
    way = camera_xy[rows[:, FRAME].astype(np.int64)]
    moved[:, 2:4] += way if back else -way
    return moved


def _at_border(rows: Table, image_size: tuple[int, int]) -> Bool[np.ndarray, " m"]:
    """Tell which boxes reach the picture's border, to a pixel: there people come and go, cut off by it."""
    low, high = rows[:, 2:4], rows[:, 2:4] + rows[:, 4:6]
    reaches: np.ndarray = ((low <= 1) | (high >= np.array(image_size) - 1)).any(axis=1)
    return reaches


def _as_rows(table: TrackTable) -> Table:
    xyxy = table.xyxy.astype(np.float64)
    columns = (table.frame_index, table.track_id, xyxy[:, :2], xyxy[:, 2:] - xyxy[:, :2], table.confidence)
    return np.column_stack([*columns, table.filled]).astype(np.float64)


def _follow(
    frames: Iterable[tuple[np.ndarray, np.ndarray]], config: OnlineConfig, image_size: tuple[int, int] | None
) -> Table:
    """Run the online tracker; seen people keep their detection's box unless predicted boxes are shown too."""
    tracker = OnlineTracker(config)
    reach = np.array(image_size or (0, 0), np.float64)
    tables = [np.zeros((0, 8))]
    for number, (xyxy, scores) in enumerate(frames, 1):
        tracks = tracker.update(xyxy, scores)
        is_filled = tracks.detection_index < 0
        boxes = tracks.xyxy.astype(np.float64)
        if not config.coast_s:
            boxes = np.asarray(xyxy, np.float64)[tracks.detection_index]
        if len(xyxy):
            reach = np.maximum(reach, xyxy[:, 2:].max(axis=0))
        leaves = (boxes[:, :2] < 0).any(axis=1) | (boxes[:, 2:] > reach).any(axis=1)
        boxes[:, 2:] -= boxes[:, :2]
        columns = (np.full(len(tracks), number), tracks.track_id, boxes, tracks.confidence, is_filled)
        shown = ~(is_filled & leaves)
        tables.append(np.column_stack(columns)[shown][np.argsort(tracks.track_id[shown])])
    return np.concatenate(tables)


def _without_doubles(rows: Table, config: OfflineConfig) -> Table:
    """Drop tracks that follow the second boxes of people who have a track already."""
    track = rows[:, TRACK].astype(np.int64)
    length = np.bincount(track)
    seen = np.bincount(track, 1 - rows[:, FILLED])
    pairs = meetings(rows[:, FRAME].astype(np.int64), centred(rows[:, BOX]), config.double)
    a, b = track[pairs.rows], track[pairs.columns]
    shorter = (seen[a] < seen[b]) | ((seen[a] == seen[b]) & (a > b))
    both, shared = np.unique(np.stack([a[shorter], b[shorter]]), axis=1, return_counts=True)
    doubles = both[0][shared > 0.5 * length[both[0]]]
    return rows[~np.isin(track, doubles)]


def _people(
    rows: Table,
    frame_rate: float,
    image_size: tuple[int, int],
    hints: Hints,
    config: OfflineConfig,
    *,
    at_border: Bool[np.ndarray, " m"],
) -> Rows:
    """Return the person of every row, from 1 by first appearance; rows are ordered by track, then frame."""
    frame, track = rows[:, FRAME].astype(np.int64), rows[:, TRACK].astype(np.int64)
    xywh = centred(rows[:, BOX])
    own = number_pieces(track, np.zeros(len(track), bool))
    is_used = np.ones(len(rows), bool)
    if hints.presence is not None:
        is_used = np.maximum(rows[:, SCORE], hints.presence) >= config.belief
    is_used &= np.bincount(own, is_used)[own] >= config.least_rows
    used = np.flatnonzero(is_used)
    person = own + len(rows)  # tracks too short to link stay on their own
    if len(used):
        is_gap = np.diff(frame[used], prepend=frame[used[0]]) > config.buffer_s * frame_rate
        number = number_pieces(track[used], is_gap)
        whole = Pieces(number, frame[used], xywh[used], np.ones(len(used), bool), at_border[used])
        changes = _next_used(hints.changes, used, track)
        pieces, changed, motion = cut_tracks(whole, changes, frame_rate, config.cut, config.link)
        against = hints.against
        owner = link_pieces(
            pieces,
            track[used][pieces.bounds[0]],
            motion,
            changed=changed[pieces.bounds[0]],
            frame_rate=frame_rate,
            image_size=image_size,
            appearance=against and (lambda a, b: against(used[a], used[b])),
            config=config.link,
        )
        person[used] = owner[pieces.piece]
        _follow_the_believed(person, frame, track, is_used)
    return _renumber(person, frame)


def _next_used(changes: Rows, used: Rows, track: Rows) -> Rows:
    """Return the places in ``used``, which rises, of each change's row or the next of its track."""
    place = np.searchsorted(used, changes)
    place, changes = place[place < len(used)], changes[place < len(used)]
    return np.unique(place[track[used[place]] == track[changes]])


def _follow_the_believed(person: Rows, frame: Rows, track: Rows, is_used: Bool[np.ndarray, " m"]) -> None:
    """Give, in place, boxes in which nobody is believed to whom their track shows next to them.

    Not where that person is seen elsewhere in the same frame: then they stay the track's own.
    """
    used = np.flatnonzero(is_used)
    rest = np.flatnonzero(~is_used)
    if not len(used):
        return
    before = used[(np.searchsorted(used, rest) - 1).clip(0)]
    after = used[np.searchsorted(used, rest).clip(max=len(used) - 1)]
    far = np.iinfo(np.int64).max
    to_before = np.where(track[before] == track[rest], abs(frame[rest] - frame[before]), far)
    to_after = np.where(track[after] == track[rest], abs(frame[after] - frame[rest]), far)
    nearest = np.where(to_before <= to_after, before, after)
    is_theirs = np.minimum(to_before, to_after) < far
    taken = set(zip(person[used].tolist(), frame[used].tolist(), strict=True))
    for row, source in zip(rest[is_theirs].tolist(), nearest[is_theirs].tolist(), strict=True):
        place = (int(person[source]), int(frame[row]))
        if place not in taken:
            person[row] = person[source]
            taken.add(place)


def _renumber(person: Int64[np.ndarray, " m"], frame: Int64[np.ndarray, " m"]) -> Int64[np.ndarray, " m"]:
    """Number people from 1 in the order in which they appear."""
    names, index = np.unique(person, return_inverse=True)
    first = np.full(len(names), np.iinfo(np.int64).max)
    np.minimum.at(first, index, frame)
    rank = np.empty(len(names), np.int64)
    rank[np.argsort(first, kind="stable")] = np.arange(1, len(names) + 1)
    return rank[index]


def _by_track(rows: Table) -> list[Table]:
    """Return every track's own rows, by frame."""
    rows = rows[np.lexsort((rows[:, FRAME], rows[:, TRACK]))]
    return np.split(rows, np.flatnonzero(np.diff(rows[:, TRACK])) + 1) if len(rows) else []


def _fill(rows: Table, frame_rate: float, config: OfflineConfig) -> Table:
    """Return the rows missing in one track."""
    frame, values = fill_gaps(rows[:, FRAME].astype(np.int64), rows[:, 2:7], int(config.fill_s * frame_rate))
    return np.column_stack([frame, np.full(len(frame), rows[0, TRACK]), values, np.ones(len(frame))])


def _finish(rows: Table, frame_rate: float, config: OfflineConfig) -> Table:
    """Drop false tracks, smooth the others and fill their gaps."""
    tables = [np.zeros((0, 8))]
    for mine in _by_track(rows):
        span = mine[-1, FRAME] - mine[0, FRAME] + 1
        if len(mine) < config.min_rows or len(mine) < config.min_seen * span:
            continue
        mine[:, TRACK] = len(tables)
        if config.smooth_s:
            mine[:, BOX] = _smooth(mine, config.smooth_s * frame_rate)
        tables.append(np.concatenate([mine, _fill(mine, frame_rate, config)]))
    done = _without_doubles(np.concatenate(tables), config)
    done[:, TRACK] = np.unique(done[:, TRACK], return_inverse=True)[1] + 1
    return done[np.lexsort((done[:, TRACK], done[:, FRAME]))]


def _smooth(rows: Table, width: float) -> Float64[np.ndarray, "_ 4"]:
    """Smooth centre and size of one track's boxes."""
    xywh = smooth_course(rows[:, FRAME].astype(np.int64), centred(rows[:, BOX]), width)
    xywh[:, :2] -= xywh[:, 2:] / 2
    return xywh
