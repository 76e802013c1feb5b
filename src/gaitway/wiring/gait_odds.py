"""Tells by their walks whether two pieces of tracks of one video are one person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Int64, UInt8

from gaitway.protocols import Encoder
from gaitway.recognition.calibration import calibration_for
from gaitway.recognition.distance import distance_matrix
from gaitway.results import TrackTable

Rows = Int64[np.ndarray, " _"]
Walk = Callable[[int, Rows], UInt8[np.ndarray, "t 64 64"]]


@dataclass(frozen=True, slots=True)
class GaitOddsConfig:
    """What a walk is worth beside position and looks; figures in docs/decisions/0015.

    Attributes:
        least_s: Shorter walks say nothing: a step cycle takes about a second.
        most_s: So much of a piece, next to the other one, is compared.
        others: Compare with so many people seen beside the piece, at most: what they share (view, light, the
            masks' faults) says nothing about who it is.
        favour: Walking alike speaks for one person by at most so much, in nats: one camera sees all alike.
        against: Walking differently speaks against it by at most so much: walks are short, masks are rough.
    """

    least_s: float = 1.0
    most_s: float = 4.0
    others: int = 4
    favour: float = 0.5
    against: float = 3.0


DEFAULT = GaitOddsConfig()


class GaitOdds:
    """Compares walks with an encoder, loaded only when two pieces are there to compare.

    Args:
        table: Every box of the video.
        walk: Given a track and frames, its usable silhouettes.
        encoder: Builds the encoder.
        frame_rate: Frames a second.
        config: What a walk is worth.
    """

    def __init__(
        self,
        table: TrackTable,
        walk: Walk,
        encoder: Callable[[], Encoder],
        frame_rate: float,
        config: GaitOddsConfig = DEFAULT,
    ) -> None:
        self._table = table
        self._walk = walk
        self._make_encoder = encoder
        self._frame_rate = frame_rate
        self._config = config
        self._known: dict[tuple[int, int, int], np.ndarray | None] = {}

    @cached_property
    def _encoder(self) -> Encoder:
        return self._make_encoder()

    def against(self, a: Rows, b: Rows) -> float:
        """Return what the walks in boxes ``a`` and, later, ``b`` speak against one person, in nats."""
        longest = self._config.most_s * self._frame_rate
        frame = self._table.frame_index
        a, b = a[frame[a] > frame[a].max() - longest], b[frame[b] < frame[b].min() + longest]
        ours, theirs = self._embed(a), self._embed(b)
        calibration = calibration_for(self._encoder.model_id) if ours is not None else None
        if ours is None or theirs is None or calibration is None:
            return 0.0
        compared = np.stack([theirs, *self._others(a, b)])
        nats = -float(calibration.log_odds(distance_matrix(ours[None], compared))[0, 0])
        return min(max(nats, -self._config.favour), self._config.against)

    def _others(self, a: Rows, b: Rows) -> list[np.ndarray]:
        """Return embeddings of those seen together with ``a``: they are somebody else."""
        frame, track = self._table.frame_index, self._table.track_id
        beside = np.flatnonzero(np.isin(frame, frame[a]) & (track != track[a[0]]) & (track != track[b[0]]))
        names, count = np.unique(track[beside], return_counts=True)
        often = names[np.argsort(-count, kind="stable")][: self._config.others]
        found = [self._embed(beside[track[beside] == name]) for name in often]
        return [one for one in found if one is not None]

    def _embed(self, rows: Rows) -> np.ndarray | None:
        """Return the embedding of one track's walk in these boxes, None where it is too short."""
        track, frame = int(self._table.track_id[rows[0]]), self._table.frame_index[rows]
        key = (track, int(frame.min()), int(frame.max()))
        if key not in self._known:
            silhouettes = self._walk(track, frame)
            is_long = len(silhouettes) >= self._config.least_s * self._frame_rate
            self._known[key] = self._encoder.encode([silhouettes])[0] if is_long else None
        return self._known[key]
