"""How well do tracks cover true people? For real videos whose truth the developers have."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gaitway.geometry import box_iou

MIN_IOU = 0.5


@dataclass(frozen=True)
class Coverage:
    """What a video's tracks are worth.

    Attributes:
        covered: Per true person, the share of its frames in which some track overlaps it.
        by_one: Per true person, the share of its frames covered by its longest single track.
        switches: Times a person's track changes to another.
        false_tracks: Tracks of more than a second that are nobody's in most of their frames.
        owner: Track -> the person it covers most, for tracks that cover one.
    """

    covered: dict[int, float]
    by_one: dict[int, float]
    switches: int
    false_tracks: list[int]
    owner: dict[int, int]


def read_rows(path: Path) -> np.ndarray:
    """Return a MOTChallenge text as rows."""
    rows = [[float(v) for v in line.split(",")] for line in path.read_text().splitlines()]
    return np.array(rows).reshape(len(rows), -1)


def measure(truth: np.ndarray, tracks: np.ndarray, frame_rate: float = 30.0) -> Coverage:
    """Compare MOTChallenge rows; truth with flag 0 is ignored, tracks lying on it too."""
    counted = truth[truth[:, 6] > 0]
    pairs: list[tuple[int, int, int]] = []  # frame, person, track
    touched: dict[int, list[bool]] = {}
    for frame in np.unique(np.concatenate([truth[:, 0], tracks[:, 0]])):
        everyone, own = truth[truth[:, 0] == frame], tracks[tracks[:, 0] == frame]
        if not len(own):
            continue
        iou = box_iou(_xyxy(everyone), _xyxy(own)) if len(everyone) else np.zeros((0, len(own)))
        for column, track in enumerate(own[:, 1].astype(int)):
            touched.setdefault(track, []).append(bool((iou[:, column] >= 0.3).any()))
        iou[everyone[:, 6] == 0] = -1
        while iou.size and iou.max() >= MIN_IOU:
            i, j = np.unravel_index(iou.argmax(), iou.shape)
            pairs.append((int(frame), int(everyone[i, 1]), int(own[j, 1])))
            iou[i, :] = iou[:, j] = -1
    return _summarise(counted, pairs, touched, frame_rate)


def _summarise(counted, pairs, touched, frame_rate) -> Coverage:
    covered, by_one, switches = {}, {}, 0
    votes: dict[int, dict[int, int]] = {}
    for person in np.unique(counted[:, 1]).astype(int):
        frames = int((counted[:, 1] == person).sum())
        of_person = [track for _, who, track in pairs if who == person]
        covered[int(person)] = len(of_person) / frames
        counts = {t: of_person.count(t) for t in set(of_person)}
        by_one[int(person)] = max(counts.values(), default=0) / frames
        switches += sum(a != b for a, b in itertools.pairwise(of_person))
        for track, count in counts.items():
            votes.setdefault(track, {})[int(person)] = count
    false = [t for t, seen in touched.items() if len(seen) > frame_rate and np.mean(seen) < 0.5]
    owner = {track: max(seen, key=seen.get) for track, seen in votes.items()}
    return Coverage(covered, by_one, switches, false, owner)


def _xyxy(rows: np.ndarray) -> np.ndarray:
    return np.concatenate([rows[:, 2:4], rows[:, 2:4] + rows[:, 4:6]], axis=1)
