"""The values that flow through gaitway.

Frame -> Detections -> Tracks -> Silhouettes -> GaitSequence -> Embedding -> Match

All check themselves when made, hold read-only arrays and have an honest empty value. Boxes are xyxy in
original pixels, x right, y down, x2 and y2 exclusive. Images are RGB. See docs/conventions.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float32, Int64, UInt8

from gaitway.errors import InputError

KEYPOINTS = 33  # BlazePose topology; see docs/conventions.md

Mask = Float32[np.ndarray, "_ _"]


def _frozen(array: Any, dtype: Any, shape: tuple[int | None, ...], name: str) -> Any:
    """Return a read-only view of ``array`` as ``dtype``, or raise if its shape does not fit."""
    out = np.asarray(array, dtype=dtype)
    if out.shape != shape and (
        out.ndim != len(shape)
        or any(want not in (None, got) for got, want in zip(out.shape, shape, strict=True))
    ):
        wanted = tuple("N" if s is None else s for s in shape)
        raise InputError(f"{name} has shape {out.shape}, wanted {wanted}: check the array's layout")
    view = out.view()
    view.flags.writeable = False
    return view


def _set(instance: object, **values: object) -> None:
    for name, value in values.items():
        object.__setattr__(instance, name, value)


def _check_boxes(xyxy: np.ndarray, name: str) -> None:
    if not np.isfinite(xyxy).all():
        raise InputError(f"{name} has values that are not finite: drop those boxes first")
    if (xyxy[:, 2:] < xyxy[:, :2]).any():
        raise InputError(f"{name} has a box with x2 < x1 or y2 < y1: boxes are xyxy, not xywh")


def _check_unit(values: np.ndarray, name: str) -> None:
    if values.size and not (values.min() >= 0.0 and values.max() <= 1.0):
        raise InputError(f"{name} must lie in [0, 1], got {values.min():.4g}..{values.max():.4g}")


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of a video.

    Attributes:
        image: RGB picture, upright (rotation applied), (H, W, 3) uint8.
        index: Position in the video, from 0.
        time_s: Presentation time by the container, in seconds.
    """

    image: UInt8[np.ndarray, "h w 3"]
    index: int
    time_s: float

    def __post_init__(self) -> None:
        _set(self, image=_frozen(self.image, np.uint8, (None, None, 3), "Frame.image"))
        if self.index < 0:
            raise InputError(f"Frame.index is {self.index}, wanted 0 or more")

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.image.shape[1], self.image.shape[0]


@dataclass(frozen=True, slots=True, eq=False)
class Bodies:
    """What a segmenter saw of N people in one frame.

    Attributes:
        region_xyxy: The part of the frame that each mask covers, (N, 4) float32; may reach outside it.
        masks: Per person the foreground probability over its region, N arrays (h, w) float32.
        keypoints: x, y in frame pixels and confidence, (N, 33, 3) float32; NaN where unknown.
        presence: How surely a person is there, (N,) float32 in [0, 1].
    """

    region_xyxy: Float32[np.ndarray, "n 4"]
    masks: tuple[Mask, ...]
    keypoints: Float32[np.ndarray, "n 33 3"]
    presence: Float32[np.ndarray, " n"]

    def __post_init__(self) -> None:
        n = len(self.masks)
        _set(
            self,
            region_xyxy=_frozen(self.region_xyxy, np.float32, (n, 4), "Bodies.region_xyxy"),
            masks=tuple(_frozen(m, np.float32, (None, None), "Bodies.masks") for m in self.masks),
            keypoints=_frozen(self.keypoints, np.float32, (n, KEYPOINTS, 3), "Bodies.keypoints"),
            presence=_frozen(self.presence, np.float32, (n,), "Bodies.presence"),
        )
        _check_boxes(self.region_xyxy, "Bodies.region_xyxy")
        _check_unit(self.presence, "Bodies.presence")

    def __len__(self) -> int:
        return len(self.masks)

    @classmethod
    def empty(cls) -> Bodies:
        """Nobody."""
        return cls(
            np.zeros((0, 4), np.float32),
            (),
            np.zeros((0, KEYPOINTS, 3), np.float32),
            np.zeros(0, np.float32),
        )

    def select(self, index: Int64[np.ndarray, " k"]) -> Bodies:
        """Return the people at ``index`` (k,), in that order."""
        return type(self)(
            self.region_xyxy[index],
            tuple(self.masks[int(i)] for i in index),
            self.keypoints[index],
            self.presence[index],
        )


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """People found in one frame.

    Attributes:
        xyxy: Boxes, (N, 4) float32.
        confidence: (N,) float32 in [0, 1].
        bodies: Masks and keypoints of the same N people where the detector made them anyway.
    """

    xyxy: Float32[np.ndarray, "n 4"]
    confidence: Float32[np.ndarray, " n"]
    bodies: Bodies | None = None

    def __post_init__(self) -> None:
        n = len(self.confidence)
        _set(
            self,
            xyxy=_frozen(self.xyxy, np.float32, (n, 4), "Detections.xyxy"),
            confidence=_frozen(self.confidence, np.float32, (n,), "Detections.confidence"),
        )
        _check_boxes(self.xyxy, "Detections.xyxy")
        _check_unit(self.confidence, "Detections.confidence")
        if self.bodies is not None and len(self.bodies) != n:
            raise InputError(f"Detections.bodies has {len(self.bodies)} people for {n} boxes")

    def __len__(self) -> int:
        return len(self.confidence)

    @classmethod
    def empty(cls) -> Detections:
        """Nobody found: a normal result."""
        return cls(np.zeros((0, 4), np.float32), np.zeros(0, np.float32))


@dataclass(frozen=True, slots=True, eq=False)
class Tracks:
    """People followed, as seen in one frame.

    Attributes:
        xyxy: The tracker's (filtered) boxes, (N, 4) float32.
        confidence: (N,) float32 in [0, 1].
        track_id: Unique within the frame, (N,) int64, from 1.
        detection_index: Row of the frame's detections, (N,) int64; -1 where the box is predicted.
    """

    xyxy: Float32[np.ndarray, "n 4"]
    confidence: Float32[np.ndarray, " n"]
    track_id: Int64[np.ndarray, " n"]
    detection_index: Int64[np.ndarray, " n"]

    def __post_init__(self) -> None:
        n = len(self.track_id)
        _set(
            self,
            xyxy=_frozen(self.xyxy, np.float32, (n, 4), "Tracks.xyxy"),
            confidence=_frozen(self.confidence, np.float32, (n,), "Tracks.confidence"),
            track_id=_frozen(self.track_id, np.int64, (n,), "Tracks.track_id"),
            detection_index=_frozen(self.detection_index, np.int64, (n,), "Tracks.detection_index"),
        )
        _check_boxes(self.xyxy, "Tracks.xyxy")
        _check_unit(self.confidence, "Tracks.confidence")
        if len(set(self.track_id.tolist())) != n:
            raise InputError(f"Tracks.track_id repeats within a frame: {self.track_id.tolist()}")

    def __len__(self) -> int:
        return len(self.track_id)

    @classmethod
    def empty(cls) -> Tracks:
        """Nobody followed in this frame."""
        nobody = np.zeros(0, np.int64)
        return cls(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), nobody, nobody)


@dataclass(frozen=True, slots=True, eq=False)
class Silhouettes:
    """The followed people of one frame, cut out.

    Attributes:
        track_id: (N,) int64.
        xyxy: The detection's box of each, (N, 4) float32; never the filtered box.
        bodies: Mask, keypoints and presence of each.
    """

    track_id: Int64[np.ndarray, " n"]
    xyxy: Float32[np.ndarray, "n 4"]
    bodies: Bodies

    def __post_init__(self) -> None:
        n = len(self.track_id)
        _set(
            self,
            track_id=_frozen(self.track_id, np.int64, (n,), "Silhouettes.track_id"),
            xyxy=_frozen(self.xyxy, np.float32, (n, 4), "Silhouettes.xyxy"),
        )
        _check_boxes(self.xyxy, "Silhouettes.xyxy")
        if len(self.bodies) != n:
            raise InputError(f"Silhouettes.bodies has {len(self.bodies)} people for {n} tracks")

    def __len__(self) -> int:
        return len(self.track_id)


@dataclass(frozen=True, slots=True, eq=False)
class GaitSequence:
    """One person's walk: aligned silhouettes in time order.

    Attributes:
        silhouettes: (T, 64, 64) uint8, 0..255, aligned, feet on the bottom row, T >= 1.
        frame_index: Frame of each, from 0, rising, (T,) int64.
        quality: Weight of each silhouette, (T,) float32 in [0, 1].
        keypoints: x, y in frame pixels and confidence, (T, 33, 3) float32; NaN where unknown.
        frame_rate: Frames a second of the video.
    """

    silhouettes: UInt8[np.ndarray, "t 64 64"]
    frame_index: Int64[np.ndarray, " t"]
    quality: Float32[np.ndarray, " t"]
    keypoints: Float32[np.ndarray, "t 33 3"]
    frame_rate: float = 30.0

    def __post_init__(self) -> None:
        t = len(self.frame_index)
        _set(
            self,
            silhouettes=_frozen(self.silhouettes, np.uint8, (t, 64, 64), "GaitSequence.silhouettes"),
            frame_index=_frozen(self.frame_index, np.int64, (t,), "GaitSequence.frame_index"),
            quality=_frozen(self.quality, np.float32, (t,), "GaitSequence.quality"),
            keypoints=_frozen(self.keypoints, np.float32, (t, KEYPOINTS, 3), "GaitSequence.keypoints"),
        )
        if t == 0:
            raise InputError("GaitSequence is empty, wanted at least one silhouette: drop the track instead")
        if (np.diff(self.frame_index) <= 0).any():
            raise InputError("GaitSequence.frame_index must rise: sort and deduplicate the frames")
        _check_unit(self.quality, "GaitSequence.quality")

    def __len__(self) -> int:
        return len(self.frame_index)


@dataclass(frozen=True, slots=True, eq=False)
class Embedding:
    """One walk as numbers, comparable only with embeddings of the same model.

    Attributes:
        parts: (P, C) float32: P body parts, C channels.
        model_id: Which model and weights made it.
        video: Name of the source video.
        track_id: Track in that video.
    """

    parts: Float32[np.ndarray, "p c"]
    model_id: str
    video: str = ""
    track_id: int = 0

    def __post_init__(self) -> None:
        _set(self, parts=_frozen(self.parts, np.float32, (None, None), "Embedding.parts"))
        if not np.isfinite(self.parts).all():
            raise InputError(f"Embedding of {self.model_id} has values that are not finite")


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """One gallery identity as a possible answer.

    Attributes:
        label: Gallery identity.
        distance: Mean over parts; smaller is nearer.
        score: Calibrated probability-like score in [0, 1]; larger is surer.
    """

    label: str
    distance: float
    score: float


@dataclass(frozen=True, slots=True, eq=False)
class Match:
    """The answer for one probe track.

    Attributes:
        video: Probe video.
        track_id: Probe track.
        candidates: Gallery identities, nearest first.
        label: The decision, or None: nobody of the gallery is near enough.
        score: The decision's score in [0, 1]; the best candidate's where ``label`` is None.
        reason: Why ``label`` is None, in words; None otherwise.
    """

    video: str
    track_id: int
    candidates: tuple[Candidate, ...] = field(default=())
    label: str | None = None
    score: float = 0.0
    reason: str | None = None

    def __post_init__(self) -> None:
        distances = [c.distance for c in self.candidates]
        if distances != sorted(distances):
            raise InputError("Match.candidates must be sorted by distance, nearest first")
        if self.label is not None and self.label not in {c.label for c in self.candidates}:
            raise InputError(f"Match.label {self.label!r} is not among its candidates")
