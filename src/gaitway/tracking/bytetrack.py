"""``ByteTracker``: people followed from frame to frame by their boxes alone."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from gaitway.errors import ConfigError
from gaitway.tracking.online import OnlineConfig, OnlineTracker
from gaitway.tracking.reference import ReferenceByteTrack, ReferenceConfig
from gaitway.types import Tracks

Number = int | float  # checked at test time, where an int is no float


class ByteTracker:
    """Tracker by the boxes of detections; one instance follows one video.

    Args:
        track_threshold: Scores above are high and found first; a new track needs 0.1 more.
        track_buffer: How long a lost track can be found again, in frames at 30 frames a second: 30 is one
            second.
        match_threshold: Greatest cost 1 - IoU x score of the first association.
        frame_rate: Frames a second of the video.
        mot20: Leave the score out of that cost (for crowds).
        compat: Give the published code's ids and boxes, with its quirks (see ``ReferenceByteTrack``). Ids
            then count every track begun, so they have holes; by default they count the tracks that are shown.

    Raises:
        ConfigError: A threshold outside [0, 1], a negative buffer or a frame rate of 0 or less.

    Source:
        ByteTrack (Zhang et al., ECCV 2022). Differs by default: see ``OnlineTracker``.

    Examples:
        >>> tracker = ByteTracker(frame_rate=25)
        >>> box = np.array([[10, 20, 60, 180]], np.float32)
        >>> tracker.update(box, np.array([0.9], np.float32)).track_id
        array([1])
        >>> tracker.update(box + 2, np.array([0.8], np.float32)).detection_index
        array([0])
    """

    def __init__(
        self,
        track_threshold: Number = 0.5,
        track_buffer: Number = 30,
        match_threshold: Number = 0.8,
        frame_rate: Number = 30,
        *,
        mot20: bool = False,
        compat: bool = False,
    ) -> None:
        for name, value in (("track_threshold", track_threshold), ("match_threshold", match_threshold)):
            if not 0 <= value <= 1:
                raise ConfigError(f"{name} is {value}, wanted 0..1")
        if track_buffer < 0 or not (np.isfinite(frame_rate) and frame_rate > 0):
            raise ConfigError(
                f"track_buffer is {track_buffer}, frame_rate {frame_rate}: wanted at least 0 and more than 0"
            )
        self._core: ReferenceByteTrack | OnlineTracker
        if compat:
            self._core = ReferenceByteTrack(
                ReferenceConfig(
                    float(track_threshold),
                    float(track_buffer),
                    float(match_threshold),
                    float(frame_rate),
                    mot20,
                )
            )
        else:
            self._core = OnlineTracker(
                OnlineConfig(
                    frame_rate=float(frame_rate),
                    buffer_s=track_buffer / 30,
                    high_threshold=float(track_threshold),
                    new_threshold=min(track_threshold + 0.1, 1.0),
                    match_threshold=float(match_threshold),
                    use_score=not mot20,
                )
            )

    @property
    def counts(self) -> tuple[int, int]:
        """Numbers of tracked (also those seen only once) and lost tracks after the last frame."""
        return self._core.counts

    def update(
        self,
        xyxy: Float[np.ndarray, "n 4"],
        scores: Float[np.ndarray, " n"],
        camera: Float[np.ndarray, "2 3"] | None = None,
    ) -> Tracks:
        """Take the detections of the next frame, also when there are none, and return who is where.

        Args:
            xyxy: Boxes in pixels of any float dtype; thresholds and widths are computed in it, as the
                reference does.
            scores: One per box, in [0, 1].
            camera: The camera's own motion, an affine map from the former frame's pixels to this one's, as
                ``CameraMotion`` estimates it; None where it is unknown.

        Returns:
            The confirmed tracks seen in this frame, with their filtered boxes; ``detection_index`` says which
            detection each is now, and that detection's box is the one to cut silhouettes by.

        Raises:
            InputError: Shapes do not fit, a box is not finite or turned round, a score lies outside [0, 1].
            ConfigError: A camera's motion in compat mode, which knows none.
        """
        if isinstance(self._core, OnlineTracker):
            return self._core.update(xyxy, scores, camera)
        if camera is not None:
            raise ConfigError("camera motion was given in compat mode, wanted None: use compat=False")
        return self._core.update(xyxy, scores)
