"""Runs the stages over a stream in bounded memory. Read it top to bottom: this is the product.

    VideoSource -> Detector -> (Camera) -> Tracker -> Segmenter -> Sighting

Three things run side by side: decoding, detecting with tracking, and cutting out. Queues between them are
short, so a long video takes no more memory than a short one.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np
from jaxtyping import Float64

from gaitway.protocols import Camera, Detector, PendingBodies, Segmenter, Tracker
from gaitway.types import Bodies, Detections, Frame, Silhouettes, Tracks

T = TypeVar("T")


@dataclass(frozen=True)
class PipelineConfig:
    """How much may be under way at once.

    Attributes:
        queue_bytes: Pictures waiting between two stages may take this much memory.
        max_queue: And there are never more than this many of them: enough for stages that take turns; with
            12 a run took 35 MB more and no less time.
        max_pending: Frames whose people are being cut out at the same time.
    """

    queue_bytes: int = 64 << 20
    max_queue: int = 4
    max_pending: int = 4

    def depth(self, size_wh: tuple[int, int]) -> int:
        """Return how many frames of this size may wait between two stages; at least 2."""
        return int(np.clip(self.queue_bytes // (3 * size_wh[0] * size_wh[1] + 1), 2, self.max_queue))


@dataclass(frozen=True, slots=True, eq=False)
class Sighting:
    """One frame with everything seen in it.

    Attributes:
        frame: The picture.
        tracks: The people followed, also those only predicted.
        silhouettes: The people followed and really seen in this frame, cut out.
        others: People seen but not (yet) followed; they help to tell neighbours apart.
        confidence: The detector's confidence of each silhouette, (N,) float32.
        camera: Affine map from the former frame's pixels to this one's; None where it is not known.
    """

    frame: Frame
    tracks: Tracks
    silhouettes: Silhouettes
    others: Bodies
    confidence: np.ndarray
    camera: Float64[np.ndarray, "2 3"] | None = None


class Followed(NamedTuple):
    """One frame, who was found in it and who they are; ``camera`` as in ``Sighting``."""

    frame: Frame
    detections: Detections
    tracks: Tracks
    camera: Float64[np.ndarray, "2 3"] | None


def follow(
    frames: Iterable[Frame],
    detector: Detector,
    tracker: Tracker,
    camera: Camera | None = None,
    *,
    frame_rate: float,
) -> Iterator[Followed]:
    """Find the people of each frame and give them their ids, in order.

    Where a ``camera`` estimates its own motion (from what is not people), the tracker is told.
    """
    detector.reset(frame_rate)
    for frame in frames:
        detections = detector.detect(frame.image)
        motion = camera.update(frame.image, detections.xyxy) if camera else None
        tracks = tracker.update(detections.xyxy, detections.confidence, motion)
        yield Followed(frame, detections, tracks, motion)


def cut_out(
    followed: Iterable[Followed], segmenter: Segmenter, *, max_pending: int = 6
) -> Iterator[Sighting]:
    """Cut out the followed people; several frames' networks run at once, results come in order.

    Where the detector already cut them out (``Detections.bodies``) nothing is done twice.
    """
    waiting: deque[tuple[Followed, PendingBodies | None]] = deque()
    for item in followed:
        pending = None
        if item.detections.bodies is None:
            seen = item.tracks.detection_index[item.tracks.detection_index >= 0]
            pending = segmenter.submit(item.frame.image, item.detections.xyxy[seen])
        waiting.append((item, pending))
        if len(waiting) >= max_pending:
            yield _sighting(*waiting.popleft())
    while waiting:
        yield _sighting(*waiting.popleft())


def _sighting(item: Followed, pending: PendingBodies | None) -> Sighting:
    frame, detections, tracks, camera = item
    is_seen = tracks.detection_index >= 0
    index = tracks.detection_index[is_seen]
    others = Bodies.empty()
    if pending is not None:
        bodies = pending.result()
    else:
        found = detections.bodies if detections.bodies is not None else Bodies.empty()
        bodies = found.select(index)
        others = found.select(np.setdiff1d(np.arange(len(detections)), index))
    silhouettes = Silhouettes(tracks.track_id[is_seen], detections.xyxy[index], bodies)
    return Sighting(frame, tracks, silhouettes, others, detections.confidence[index], camera)


def watch(
    frames: Iterable[Frame],
    detector: Detector,
    tracker: Tracker,
    segmenter: Segmenter,
    *,
    size_wh: tuple[int, int],
    frame_rate: float,
    camera: Camera | None = None,
    config: PipelineConfig | None = None,
) -> Generator[Sighting, None, None]:
    """Run the whole flow over one video, its stages side by side, and yield each frame's sighting in order.

    Args:
        frames: The video's frames in order.
        detector: Finds people; reset first.
        tracker: A fresh one.
        segmenter: Cuts out the people whom the detector did not cut out itself.
        size_wh: Size of the frames in pixels, which bounds the queues.
        frame_rate: Frames a second.
        camera: Estimates the camera's own motion; a fresh one.
        config: Bounds of memory and overlap.

    Raises:
        GaitwayError: Whatever a stage raised; the other stages are stopped first.
    """
    config = config or PipelineConfig()
    depth = config.depth(size_wh)
    decoded = prefetch(frames, depth)
    followed = prefetch(follow(decoded, detector, tracker, camera, frame_rate=frame_rate), depth)
    return prefetch(cut_out(followed, segmenter, max_pending=min(depth, config.max_pending)), depth)


class _End:
    """What a worker puts last: nothing more comes, or this error did."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


def prefetch(items: Iterable[T], depth: int) -> Generator[T, None, None]:
    """Yield ``items``, computed ahead in a thread of their own, at most ``depth`` waiting.

    Closing the iterator early stops the thread and closes ``items``.

    Examples:
        >>> list(prefetch(iter(range(3)), depth=2))
        [0, 1, 2]
    """
    ready: queue.Queue[T | _End] = queue.Queue(maxsize=depth)
    stop = threading.Event()
    worker = threading.Thread(target=_work, args=(items, ready, stop), daemon=True, name="gaitway-prefetch")
    worker.start()
    try:
        while True:
            item = ready.get()
            if isinstance(item, _End):
                if item.error is not None:
                    raise item.error
                return
            yield item
    finally:
        stop.set()
        worker.join()


def _work(items: Iterable[T], ready: queue.Queue[T | _End], stop: threading.Event) -> None:
    error: BaseException | None = None
    try:
        for item in items:
            if not _put(ready, item, stop):
                break
    except BaseException as caught:  # noqa: BLE001 - handed to the consumer, who raises it
        error = caught
    finally:
        close: Callable[[], None] | None = getattr(items, "close", None)
        if close is not None:
            close()
    _put(ready, _End(error), stop)


def _put(ready: queue.Queue[T | _End], item: T | _End, stop: threading.Event) -> bool:
    while not stop.is_set():
        try:
            ready.put(item, timeout=0.1)
        except queue.Full:
            continue
        return True
    return False
