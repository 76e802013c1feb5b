"""The camera's own motion: how to estimate it between two frames and how to take it out of the tracks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64, UInt8

from gaitway.errors import InputError
from gaitway.tracking.kalman import HEIGHT


def _parts(camera: Float[np.ndarray, "2 3"]) -> tuple[np.ndarray, np.ndarray, float]:
    """Return linear part, shift and scale of an affine map, or raise if it is none."""
    scale = (
        float(np.sqrt(abs(np.linalg.det(camera[:, :2].astype(np.float64)))))
        if camera.shape == (2, 3)
        else 0.0
    )
    if not (np.isfinite(camera).all() and scale > 0):
        raise InputError("camera motion is not an invertible 2x3 affine map: pass None where it is unknown")
    return camera[:, :2], camera[:, 2:], scale


def warp_boxes(
    xyah: Float64[np.ndarray, "4 n"], camera: Float[np.ndarray, "2 3"]
) -> Float64[np.ndarray, "4 n"]:
    """Carry boxes (centre x, centre y, aspect, height) through ``camera``, old pixels to new pixels."""
    linear, shift, scale = _parts(camera)
    warped = xyah.copy()
    warped[:2] = linear @ xyah[:2] + shift
    warped[HEIGHT] *= scale
    return warped


def warp_motion(
    motion: Float64[np.ndarray, "5 4 n"], camera: Float[np.ndarray, "2 3"]
) -> Float64[np.ndarray, "5 4 n"]:
    """Carry filter states through ``camera``: position, velocity and the size of the uncertainty.

    Source:
        BoT-SORT (Aharon et al., 2022), eq. 6-7. Differs: the covariance is scaled, not turned, so that it
        stays diagonal; video turns by a few degrees a second at most.
    """
    linear, _, scale = _parts(camera)
    warped = motion.copy()
    warped[0] = warp_boxes(motion[0], camera)
    warped[1, :2] = linear @ motion[1, :2]
    warped[1, HEIGHT] *= scale
    warped[2:, [0, 1, HEIGHT]] *= scale * scale
    return warped


def camera_course(
    cameras: Sequence[Float[np.ndarray, "2 3"] | None], size_wh: tuple[int, int]
) -> Float64[np.ndarray, "f 2"]:
    """Return per frame how far the picture's middle has moved since the first, in pixels.

    Zoom and roll are left out: over the seconds of a gap they move people little, and summed up they drift.
    Where the motion is unknown the picture is taken to stand still.

    Examples:
        >>> pan = np.array([[1, 0, 3.0], [0, 1, 0]])
        >>> camera_course([None, pan, pan], (640, 480))[:, 0]
        array([0., 3., 6.])
    """
    middle = np.array(size_wh, np.float64) / 2
    steps = [
        np.zeros(2) if camera is None else camera[:, :2] @ middle + camera[:, 2] - middle
        for camera in cameras
    ]
    course: np.ndarray = np.cumsum(np.reshape(steps, (-1, 2)), axis=0)
    return course


@dataclass(frozen=True, slots=True)
class CameraMotionConfig:
    """How the camera's motion is read from two frames.

    Attributes:
        width_px: Frames are shrunk to this width first. From 480 to 320 px, 300 to 150 points and 21 to 11 px
            the cost falls from 6.2 to 2.2 ms, and the motion changes by 0.02 px (docs/decisions/0013).
        points: Corners to follow at most (BoT-SORT: 1000 at full size; fewer do on a small frame).
        window_px: Side of the patch by which a corner is found again.
        quality: Corners weaker than this part of the best are left out (OpenCV's own example).
        spacing_px: Least distance of corners.
        margin: People's boxes grow by this part of their size before they are masked out.
        least_points: With fewer followed corners the motion is unknown.
        least_inliers: So many of them have to agree.
    """

    width_px: int = 320
    points: int = 150
    window_px: int = 11
    quality: float = 0.01
    spacing_px: int = 5
    margin: float = 0.1
    least_points: int = 12
    least_inliers: float = 0.5


class CameraMotion:
    """Estimates from frame to frame how the picture as a whole moves: sparse optical flow, people masked out.

    Source:
        BoT-SORT (Aharon et al., 2022), section 3.2: corners, pyramidal Lucas-Kanade, RANSAC. Differs:
        people are masked, frames are shrunk, green stands for grey, and a motion that few corners agree on
        is not believed.
    """

    def __init__(self, config: CameraMotionConfig | None = None) -> None:
        self._config = config or CameraMotionConfig()
        self._grey: np.ndarray | None = None
        self._points: np.ndarray | None = None

    def update(
        self, image_rgb: UInt8[np.ndarray, "h w 3"], xyxy: Float[np.ndarray, "n 4"]
    ) -> Float64[np.ndarray, "2 3"] | None:
        """Take the next frame and its people and return the motion since the one before.

        Args:
            image_rgb: The frame.
            xyxy: Boxes of the people in it, in its pixels.

        Returns:
            Affine map from the former frame's pixels to this one's, as ``OnlineTracker.update`` takes it;
            None for the first frame, after a change of size and where the motion is unknown.
        """
        import cv2

        scale = self._config.width_px / image_rgb.shape[1]
        size = (self._config.width_px, max(1, round(image_rgb.shape[0] * scale)))
        grey = cv2.resize(cv2.extractChannel(image_rgb, 1), size, interpolation=cv2.INTER_AREA)
        before, points = self._grey, self._points
        self._grey = grey
        self._points = self._corners(grey, xyxy * scale)
        if before is None or before.shape != grey.shape or points is None:
            return None
        return self._estimate(before, grey, points, scale)

    def _corners(self, grey: np.ndarray, xyxy: np.ndarray) -> np.ndarray | None:
        import cv2

        config = self._config
        mask = np.full(grey.shape, 255, np.uint8)
        margin = (xyxy[:, 2:] - xyxy[:, :2]) * config.margin
        low = np.maximum(xyxy[:, :2] - margin, 0).astype(int)
        high = np.maximum(xyxy[:, 2:] + margin, 0).astype(int) + 1
        for (x1, y1), (x2, y2) in zip(low, high, strict=True):
            mask[y1:y2, x1:x2] = 0
        found = cv2.goodFeaturesToTrack(
            grey, config.points, config.quality, config.spacing_px, mask=mask, blockSize=3
        )
        return None if found is None or len(found) < config.least_points else found

    def _estimate(
        self, before: np.ndarray, grey: np.ndarray, points: np.ndarray, scale: float
    ) -> np.ndarray | None:
        import cv2

        config = self._config
        window = (config.window_px, config.window_px)
        moved, status, _ = cv2.calcOpticalFlowPyrLK(
            before, grey, points, np.empty_like(points), winSize=window
        )
        followed = status.ravel() == 1
        if followed.sum() < config.least_points:
            return None
        old, new = points[followed], moved[followed]
        affine, inliers = cv2.estimateAffinePartial2D(old, new, ransacReprojThreshold=1.0)
        if affine is None or inliers.mean() < config.least_inliers:
            return None
        affine[:, 2] /= scale
        estimate: np.ndarray = affine
        return estimate
