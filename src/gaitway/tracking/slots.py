"""Where the tracks of a tracker live: one slot (column) each, so that every step works on arrays."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int64

Slots = Int64[np.ndarray, " _"]  # any number of them


class SlotTable:
    """What is known of every track, one slot (column) each; slots are used again."""

    def __init__(self, capacity: int = 64) -> None:
        self.motion = np.zeros((5, 4, capacity))
        self.anchor = np.zeros((5, 4, capacity))  # motion when last seen
        self.seen = np.zeros((4, capacity))  # the detection's centre, aspect, height when last seen
        self.track_id = np.zeros(capacity, np.int64)
        self.first_frame = np.zeros(capacity, np.int64)
        self.last_frame = np.zeros(capacity, np.int64)
        self.score = np.zeros(capacity)
        self.detection = np.zeros(capacity, np.int64)
        self.is_confirmed = np.zeros(capacity, bool)
        self.was_removed = np.zeros(capacity, bool)
        self._scratch = np.zeros(capacity, bool)
        self._free = list(range(capacity))

    def take(self, count: int) -> Slots:
        """Return ``count`` free slots, growing the table if need be."""
        while len(self._free) < count:
            self._grow()
        slots = self._free[:count]
        del self._free[:count]
        return np.array(slots, np.int64)

    def without(self, slots: Slots, *gone: Slots) -> Slots:
        """Return ``slots``, in their order, less those that are ``gone``."""
        self._scratch[slots] = True
        for some in gone:
            self._scratch[some] = False
        kept: Slots = slots[self._scratch[slots]]
        self._scratch[slots] = False
        return kept

    def give_back(self, slots: Slots) -> None:
        """Free slots of tracks that no list holds any more."""
        self._free.extend(slots.tolist())

    def _grow(self) -> None:
        capacity = len(self.track_id)
        for name, column in vars(self).items():
            if isinstance(column, np.ndarray):
                setattr(self, name, np.concatenate([column, np.zeros_like(column)], axis=-1))
        self._free.extend(range(capacity, 2 * capacity))
