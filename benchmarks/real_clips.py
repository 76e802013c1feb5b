"""Walks of the same people in several real videos, from ``gaitway identify`` and true boxes."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float, Float32, UInt8

from gaitway.errors import InputError
from gaitway.geometry import box_iou
from gaitway.protocols import Encoder
from gaitway.recognition.centring import centre_scene
from gaitway.recognition.distance import distance_matrix
from gaitway.training.calibrate import pair_auc

Clips = dict[str, dict[int, UInt8[np.ndarray, "_ 64 64"]]]
FRAMES, DRAWS = 16, 8


@dataclass(frozen=True, slots=True)
class ClipScore:
    """What an encoder makes of the clips, a mean over draws.

    Attributes:
        right: Decisions that are right, over all ordered pairs of videos.
        decisions: How many there are.
        people: How many are in every video.
        by_pair: Right decisions by (gallery, probe).
        auc: Chance that two walks of one person are nearer than two of two people, any two videos.
    """

    right: float
    decisions: int
    people: int
    by_pair: dict[tuple[str, str], float]
    auc: float


def read_clips(out: Path, truth: Path) -> Clips:
    """Return every true person's longest track as silhouettes, by video."""
    clips: Clips = {}
    for folder in sorted((out / "GaitSilhouette").iterdir()):
        boxes, real = (_boxes(p / f"{folder.name}.txt") for p in (out / "OutputVideos" / "latest", truth))
        people = [
            (person, folder / f"{track:03d}") for track, person in _owners(boxes, real[real[:, 6] != 0])
        ]
        clips[folder.name] = {}
        for person, track in people:
            walk = _read_walk(track)
            if len(walk) > len(clips[folder.name].get(person, ())):
                clips[folder.name][person] = walk
    if len({tuple(sorted(walks)) for walks in clips.values()}) != 1:
        raise InputError("the videos do not show the same people: choose others")
    return clips


def _boxes(path: Path) -> Float[np.ndarray, "_ 7"]:
    return np.loadtxt(path, delimiter=",", ndmin=2, usecols=range(7))


def _xyxy(rows: np.ndarray) -> np.ndarray:
    return np.concatenate([rows[:, 2:4], rows[:, 2:4] + rows[:, 4:6]], axis=1)


def _owners(boxes: np.ndarray, real: np.ndarray) -> list[tuple[int, int]]:
    """Return (track, person) where a track overlaps one person most often, at IoU 0.5 or more."""
    votes: dict[int, list[int]] = {}
    for row in boxes:
        there = real[real[:, 0] == row[0]]
        overlap = box_iou(_xyxy(row[None]), _xyxy(there))[0]
        if len(there) and overlap.max() >= 0.5:
            votes.setdefault(int(row[1]), []).append(int(there[overlap.argmax(), 1]))
    return [(track, max(set(seen), key=seen.count)) for track, seen in votes.items()]


def _read_walk(folder: Path) -> UInt8[np.ndarray, "_ 64 64"]:
    pictures = [cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) for path in sorted(folder.glob("*.png"))]
    return np.stack(pictures) if pictures else np.zeros((0, 64, 64), np.uint8)


Drawn = list[dict[str, Float32[np.ndarray, "n p c"]]]


def embed_clips(encoder: Encoder, clips: Clips, draw: str = "stretch") -> Drawn:
    """Encode some of every person's walk, draw by draw, people in order, by video.

    Args:
        encoder: What to score.
        clips: See ``read_clips``.
        draw: ``stretch``: FRAMES frames in a row; ``scattered``: as many of the whole walk; ``whole``: all.
    """
    people = sorted(next(iter(clips.values())))
    rng = np.random.default_rng(0)
    return [
        {
            video: encoder.encode([DRAW[draw](clips[video][who], rng) for who in people])
            for video in sorted(clips)
        }
        for _ in range(DRAWS)
    ]


def score_clips(drawn: Drawn, *, centred: bool = False) -> ClipScore:
    """Compare all ordered pairs of videos.

    Args:
        drawn: See ``embed_clips``.
        centred: Take out what sets the two videos apart as a whole, as ``identify`` does.
    """
    people = len(next(iter(drawn[0].values())))
    right = dict.fromkeys(permutations(drawn[0], 2), 0.0)
    near: list[float] = []
    far: list[float] = []
    for parts in drawn:
        for gallery, probe in right:
            asked = centre_scene(parts[gallery], parts[probe]) if centred else parts[probe]
            distance = distance_matrix(asked, parts[gallery])
            right[gallery, probe] += float((distance.argmin(axis=1) == np.arange(people)).sum()) / len(drawn)
            same = np.eye(people, dtype=bool)
            near.extend(distance[same].tolist())
            far.extend(distance[~same].tolist())
    auc = pair_auc(-np.array(near), -np.array(far))
    return ClipScore(sum(right.values()), len(right) * people, people, right, auc)


def _stretch(walk: UInt8[np.ndarray, "t 64 64"], rng: np.random.Generator) -> UInt8[np.ndarray, "_ 64 64"]:
    start = int(rng.integers(max(len(walk) - FRAMES, 0) + 1))
    return walk[start : start + FRAMES]


def _scattered(walk: UInt8[np.ndarray, "t 64 64"], rng: np.random.Generator) -> UInt8[np.ndarray, "_ 64 64"]:
    return walk[np.sort(rng.permutation(len(walk))[:FRAMES])]


def _whole(walk: UInt8[np.ndarray, "t 64 64"], _rng: np.random.Generator) -> UInt8[np.ndarray, "_ 64 64"]:
    return walk


DRAW = {"stretch": _stretch, "scattered": _scattered, "whole": _whole}
