"""One protocol per seam, one verb each.

To add an implementation, write a class that fits its protocol and name it in wiring.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from types import TracebackType
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32, Float64, UInt8

from gaitway.results import WalkRecord
from gaitway.types import Bodies, Detections, Embedding, Frame, GaitSequence, Match, Tracks


@runtime_checkable
class VideoSource(Protocol):
    """Frames of one video, in order. A context manager; iterate it once."""

    name: str
    frame_rate: Fraction
    size_wh: tuple[int, int]
    frame_count: int | None  # what the container promises; None when it does not say
    warnings: list[str]  # filled while reading: corrupt packets, an early end

    def __iter__(self) -> Iterator[Frame]: ...
    def __enter__(self) -> VideoSource: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


@runtime_checkable
class VideoSink(Protocol):
    """Takes frames and writes a video; complete (and visible under its name) only after a clean exit."""

    def write(self, image_rgb: UInt8[np.ndarray, "h w 3"], time_s: float) -> None: ...
    def __enter__(self) -> VideoSink: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


@runtime_checkable
class Pending(Protocol):
    """A network run under way."""

    def result(self) -> tuple[np.ndarray, ...]: ...


@runtime_checkable
class Runtime(Protocol):
    """A loaded network: arrays in, arrays out, any thread.

    ``submit`` starts a run and returns at once, so that several run side by side; ``run`` waits.
    """

    input_shapes: tuple[tuple[int, ...], ...]  # -1 where dynamic

    def run(self, *inputs: np.ndarray) -> tuple[np.ndarray, ...]: ...
    def submit(self, *inputs: np.ndarray) -> Pending: ...
    @property
    def busy_s(self) -> float:
        """Seconds of network time so far, summed over parallel runs."""
        ...


@runtime_checkable
class Detector(Protocol):
    """Finds people in a frame. A detector may remember earlier frames until ``reset``.

    ``reset`` says how many frames a second come next, if that is known.
    """

    def detect(self, image_rgb: UInt8[np.ndarray, "h w 3"]) -> Detections: ...
    def reset(self, frame_rate: float | None = None) -> None: ...


@runtime_checkable
class Tracker(Protocol):
    """Gives the people of one frame after the other their ids."""

    def update(
        self,
        xyxy: Float32[np.ndarray, "n 4"],
        scores: Float32[np.ndarray, " n"],
        camera: Float64[np.ndarray, "2 3"] | None = None,
    ) -> Tracks: ...


@runtime_checkable
class Camera(Protocol):
    """Estimates, frame by frame, how the camera itself moved: old pixels to new ones; None where unknown."""

    def update(
        self, image_rgb: UInt8[np.ndarray, "h w 3"], xyxy: Float32[np.ndarray, "n 4"]
    ) -> Float64[np.ndarray, "2 3"] | None: ...


@runtime_checkable
class Segmenter(Protocol):
    """Cuts people out of a frame: one body per box, in the boxes' order, however many boxes there are."""

    def segment(self, image_rgb: UInt8[np.ndarray, "h w 3"], xyxy: Float32[np.ndarray, "n 4"]) -> Bodies: ...
    def submit(
        self, image_rgb: UInt8[np.ndarray, "h w 3"], xyxy: Float32[np.ndarray, "n 4"]
    ) -> PendingBodies: ...


@runtime_checkable
class PendingBodies(Protocol):
    """A segmentation under way."""

    def result(self) -> Bodies: ...


@runtime_checkable
class Encoder(Protocol):
    """Turns walks into embeddings; a sequence's result does not depend on the others in the call."""

    model_id: str

    def encode(self, sequences: Sequence[UInt8[np.ndarray, "..."]]) -> Float32[np.ndarray, "n p c"]: ...


@runtime_checkable
class WalkDataset(Protocol):
    """Walks under their labels; may be read from several threads and processes at once.

    ``load`` gives the silhouettes of ``records[index]`` in time order, 0..255: (T, 64, 64), or
    (T, C, 64, 64) where the dataset has several maps per frame.
    """

    @property
    def records(self) -> Sequence[WalkRecord]: ...
    def load(self, index: int) -> UInt8[np.ndarray, "t *c 64 64"]: ...


@runtime_checkable
class Matcher(Protocol):
    """Decides who of the gallery the tracks of one probe video are, all together."""

    def match(
        self, gallery: Sequence[Embedding], probes: Sequence[Embedding], spans: Sequence[tuple[int, int]]
    ) -> list[Match]: ...


__all__ = [
    "Camera",
    "Detector",
    "Encoder",
    "GaitSequence",
    "Matcher",
    "Pending",
    "PendingBodies",
    "Runtime",
    "Segmenter",
    "Tracker",
    "VideoSink",
    "VideoSource",
    "WalkDataset",
    "WalkRecord",
]
