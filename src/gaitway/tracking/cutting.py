"""Cuts tracks where their owner may have changed, for the linking to join again what belongs together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int64

from gaitway.tracking.linking import LinkConfig, Motion, Rows, measure_motion
from gaitway.tracking.tracklets import Pieces, fill_gaps, meetings, number_pieces


@dataclass(frozen=True, slots=True)
class CutConfig:
    """Where tracks are cut; see docs/decisions/0012-offline-linking.md and 0014-looks.md.

    Attributes:
        contested: A box with more than this IoU to another track's is not trusted to be its owner's.
        trust: Tracks are cut at contested boxes where the video's motion surprises at most so much.
        lost_s: Who is out of sight for so long beside somebody else may come back as that one: about half a
            stride. Tracks are cut there too.
        passing_s: Who reaches the border for no longer passes it: those boxes are cut off and their centres
            stay behind the person. It takes half a second at walking pace.
        doubt_s: Boxes so near to a change of owner are not trusted to be either's. Nor is a box that holds
            the place of somebody missing for no longer.
        held: Such a box has so much of that place in it: a neighbour's own box has less.
    """

    contested: float = 0.4
    trust: float = 2.0
    lost_s: float = 0.2
    passing_s: float = 1.0
    doubt_s: float = 0.5
    held: float = 0.9


class _Covered(NamedTuple):
    """Boxes that lie where somebody else, out of sight, must be.

    Attributes:
        rows: The boxes, (k,).
        after: The rows with which those out of sight come back, (k,).
        missing: For how many frames they were, (k,).
        held: How much of their place is in the box, (k,).
    """

    rows: Rows
    after: Rows
    missing: Rows
    held: Float64[np.ndarray, " k"]


def cut_tracks(
    whole: Pieces, changes: Rows, frame_rate: float, config: CutConfig, link: LinkConfig
) -> tuple[Pieces, Bool[np.ndarray, " m"], Motion]:
    """Cut tracks where they meet others, come back beside them or, by looks, change their owner.

    Args:
        whole: The tracks; its ``is_clear`` is not read.
        changes: Rows with which, by looks, somebody else begins.
        frame_rate: Frames a second.
        config: Where to cut.
        link: Beliefs about motion.

    Returns:
        The pieces; for every row whether somebody else begins with it; how people of this video move.
    """
    track, frame = whole.piece, whole.frame
    meeting = meetings(frame, whole.xywh, 0.0)
    is_clear, is_alone = np.ones((2, len(frame)), bool)
    is_clear[meeting.rows[meeting.value > config.contested]] = False
    is_alone[meeting.rows] = False
    hidden = _out_of_sight(whole, config.contested)
    is_brief = hidden.missing <= config.doubt_s * frame_rate
    is_single = np.ones(len(frame), bool)
    is_single[hidden.rows[is_brief & (hidden.held >= config.held)]] = False
    is_passing = _brief(track, whole.at_border, config.passing_s * frame_rate)
    motion = measure_motion(whole._replace(is_clear=is_clear & is_single & ~is_passing), frame_rate, link)
    cut = np.zeros(len(frame), bool)
    if motion.surprise <= config.trust:
        cut |= _middles(track, is_clear) | _middles(track, is_single)
        lost = config.lost_s * frame_rate
        cut |= _returns(track, frame, is_alone & ~whole.at_border, lost)
        cut[hidden.after[hidden.missing > lost]] = True
    changed = _place_changes(track, cut, is_clear, changes)
    is_clear &= is_single & ~(is_passing | _around(changed, round(config.doubt_s * frame_rate)))
    number = number_pieces(track, cut | changed)
    return whole._replace(piece=number, is_clear=is_clear), changed, motion


def _middles(track: Int64[np.ndarray, " m"], is_clear: Bool[np.ndarray, " m"]) -> Bool[np.ndarray, " m"]:
    """Mark the middle of every run of contested boxes: there the owner may have changed."""
    runs = np.flatnonzero(np.diff(track * 2 + is_clear, prepend=-1))
    stops = np.append(runs[1:], len(track))
    middle = np.zeros(len(track), bool)
    contested = ~is_clear[runs]
    middle[(runs[contested] + stops[contested]) // 2] = True
    return middle


def _returns(
    track: Rows, frame: Rows, is_alone: Bool[np.ndarray, " m"], longest: float
) -> Bool[np.ndarray, " m"]:
    """Mark where a track comes back after more than ``longest`` frames, on another's box before or after."""
    returns = np.zeros(len(track), bool)
    is_gap = (np.diff(frame) > longest) & (track[1:] == track[:-1])
    returns[1:] = is_gap & ~(is_alone[1:] & is_alone[:-1])
    return returns


def _out_of_sight(whole: Pieces, contested: float) -> _Covered:
    """Return whom tracks in their gaps, put in between, lie on by more than ``contested`` IoU."""
    track, frame = whole.piece, whole.frame
    parts = zip(*whole.bounds, strict=True)
    gaps = [fill_gaps(frame[a : b + 1], whole.xywh[a : b + 1], int(frame[b] - frame[a])) for a, b in parts]
    missing = np.concatenate([frame[:0], *(frames for frames, _ in gaps)])
    place = np.concatenate([whole.xywh[:0], *(boxes for _, boxes in gaps)])
    owner = np.repeat(np.arange(whole.total), [len(frames) for frames, _ in gaps])
    found = meetings(np.concatenate([frame, missing]), np.concatenate([whole.xywh, place]), contested)
    is_found = (found.rows < len(frame)) & (found.columns >= len(frame))
    rows, gap = found.rows[is_found], found.columns[is_found] - len(frame)
    span = int(frame.max(initial=0)) + 1  # so that track, then frame, is one rising number
    after = np.searchsorted(track * span + frame, owner[gap] * span + missing[gap])
    held = _share_within(place[gap], whole.xywh[rows])
    return _Covered(rows, after, frame[after] - frame[after - 1] - 1, held)


def _share_within(
    inner: Float64[np.ndarray, "k 4"], outer: Float64[np.ndarray, "k 4"]
) -> Float64[np.ndarray, " k"]:
    """Return which share of every inner box's area lies in its outer one; both by centre and size."""
    low = np.maximum(inner[:, :2] - inner[:, 2:] / 2, outer[:, :2] - outer[:, 2:] / 2)
    high = np.minimum(inner[:, :2] + inner[:, 2:] / 2, outer[:, :2] + outer[:, 2:] / 2)
    share: np.ndarray = (high - low).clip(0).prod(axis=1) / inner[:, 2:].prod(axis=1)
    return share


def _place_changes(
    track: Rows, cut: Bool[np.ndarray, " m"], is_clear: Bool[np.ndarray, " m"], changes: Rows
) -> Bool[np.ndarray, " m"]:
    """Mark where the owner changed: in a run of contested boxes at the cut there is, else at the row."""
    changed = np.zeros(len(cut), bool)
    run = np.cumsum(is_clear)
    for row in changes:
        same = np.flatnonzero(cut & (run == run[row]) & (track == track[row]))
        changed[row] = not len(same)
    return changed


def _brief(track: Rows, marks: Bool[np.ndarray, " m"], longest: float) -> Bool[np.ndarray, " m"]:
    """Keep the marks of runs, within a track, that are no longer than ``longest`` rows."""
    runs = np.flatnonzero(np.diff(track * 2 + marks, prepend=-1))
    length = np.diff(np.append(runs, len(track)))
    brief: np.ndarray = marks & np.repeat(length <= longest, length)
    return brief


def _around(marks: Bool[np.ndarray, " m"], reach: int) -> Bool[np.ndarray, " m"]:
    """Mark the rows up to ``reach`` before and after every mark too."""
    wide: np.ndarray = np.convolve(marks, np.ones(2 * reach + 1), mode="full")[reach : reach + len(marks)] > 0
    return wide
