"""What a video shows of its people, box by box: a few numbers in memory, many pictures packed on disk."""

from __future__ import annotations

import tempfile
import weakref
import zlib
from array import array
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float32, Int64, UInt8

from gaitway.files import translated
from gaitway.silhouettes.quality import FrameQuality
from gaitway.types import KEYPOINTS

SIDE = 64
IN_MEMORY = 1 << 20  # bytes: half a minute of three people; what comes after goes to a temporary file
_POINTS = KEYPOINTS * 3 * 4  # bytes of one person's keypoints


class LookSpool:
    """Boxes in the order of ``add``; a row is one person in one frame.

    A row holds 53 bytes of memory. Its keypoints and its silhouette, compressed from 4 kB to about 0.3, lie
    in memory too until they are more than ``in_memory`` bytes (IN_MEMORY where None), and then in a temporary
    file without a name, which is gone with this object, or with the process.

    Raises:
        StoreError: The temporary file cannot be written.
    """

    def __init__(self, in_memory: int | None = None) -> None:
        limit = IN_MEMORY if in_memory is None else in_memory
        self._file = tempfile.SpooledTemporaryFile(max_size=limit)  # noqa: SIM115 - closed with this object
        weakref.finalize(self, self._file.close)
        self._end = 0
        self._frame, self._track, self._place = array("q"), array("q"), array("q")
        self._packed = array("i")  # bytes of the packed silhouette; 0: there is none
        self._boxes, self._weight, self._reason = array("f"), array("d"), array("b")
        self._reasons: list[str | None] = []

    def __len__(self) -> int:
        return len(self._frame)

    def add(
        self,
        frame_index: int,
        track_id: int,
        box_xyxy: Float32[np.ndarray, "4"],
        keypoints: Float32[np.ndarray, "33 3"],
        *,
        silhouette: UInt8[np.ndarray, "64 64"] | None,
        quality: FrameQuality,
    ) -> None:
        """Append one person of one frame."""
        packed = b"" if silhouette is None else zlib.compress(silhouette.tobytes(), 1)
        if quality.reason not in self._reasons:
            self._reasons.append(quality.reason)
        with translated("write", Path(tempfile.gettempdir())):
            self._file.seek(self._end)
            self._file.write(keypoints.tobytes() + packed)
        self._place.append(self._end)
        self._packed.append(len(packed))
        self._end += _POINTS + len(packed)
        self._frame.append(frame_index)
        self._track.append(track_id)
        self._boxes.extend(box_xyxy.tolist())
        self._weight.append(quality.weight)
        self._reason.append(self._reasons.index(quality.reason))

    @property
    def frame_index(self) -> Int64[np.ndarray, " n"]:
        """Frame of each row, from 0."""
        return np.array(self._frame, np.int64)

    @property
    def track_id(self) -> Int64[np.ndarray, " n"]:
        """Track of each row, by the ids of ``add``."""
        return np.array(self._track, np.int64)

    @property
    def xyxy(self) -> Float32[np.ndarray, "n 4"]:
        """Box of each row."""
        return np.array(self._boxes, np.float32).reshape(-1, 4)

    @property
    def weight(self) -> np.ndarray:
        """Weight of each row by itself, float64."""
        return np.array(self._weight, np.float64)

    @property
    def is_seen(self) -> Bool[np.ndarray, " n"]:
        """Which rows have a silhouette."""
        return np.array(self._packed, np.int32) > 0

    def quality(self, row: int) -> FrameQuality:
        """Return what was said of a row."""
        return FrameQuality(self._weight[row], self._reasons[self._reason[row]])

    def keypoints(self, rows: Int64[np.ndarray, " k"]) -> Float32[np.ndarray, "k 33 3"]:
        """Return the keypoints of some rows."""
        points = np.empty((len(rows), KEYPOINTS, 3), np.float32)
        for k, row in enumerate(rows.tolist()):
            points[k] = np.frombuffer(self._read(self._place[row], _POINTS), np.float32).reshape(-1, 3)
        return points

    def silhouettes(self, rows: Int64[np.ndarray, " k"]) -> UInt8[np.ndarray, "k 64 64"]:
        """Return the silhouettes of some rows, all of which have one."""
        pictures = np.empty((len(rows), SIDE, SIDE), np.uint8)
        for k, row in enumerate(rows.tolist()):
            packed = self._read(self._place[row] + _POINTS, self._packed[row])
            pictures[k] = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(SIDE, SIDE)
        return pictures

    def _read(self, place: int, size: int) -> bytes:
        with translated("read", Path(tempfile.gettempdir())):
            self._file.seek(place)
            return self._file.read(size)


class SpooledSilhouettes:
    """The silhouettes of one walk, read when asked for, a slice at a time."""

    def __init__(self, spool: LookSpool, rows: Int64[np.ndarray, " t"]) -> None:
        self._spool = spool
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, rows: slice) -> UInt8[np.ndarray, "k 64 64"]:
        """Return a slice of the walk."""
        return self._spool.silhouettes(self._rows[rows])
