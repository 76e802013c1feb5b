"""Masks and keypoints of people by BlazePose's landmark network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, UInt8

from gaitway.errors import ConfigError, NetworkError
from gaitway.geometry import square_around
from gaitway.protocols import Pending, Runtime
from gaitway.segmentation.crop import crop_square
from gaitway.types import KEYPOINTS, Bodies

LANDMARK_OUTPUTS = (
    "Identity",
    "Identity_1",
    "Identity_2",
)  # keypoints, presence, mask; not heat maps, metres
_LANDMARKS = 39  # 33 keypoints and 6 helpers, each x, y, z, visibility, presence
_INPUT_PX = 256


@dataclass(frozen=True, slots=True)
class BlazePoseSegmenterConfig:
    """How people are cut out.

    Attributes:
        roi_scale: Side of the square shown to the network, in body heights. The network was trained at
            1.25 (mediapipe's pose graph); docs/decisions/0022.
    """

    roi_scale: float = 1.25

    def __post_init__(self) -> None:
        if not 1.0 <= self.roi_scale <= 2.0:
            raise ConfigError(f"roi_scale is {self.roi_scale}, wanted 1 to 2 body heights")


class BlazePoseSegmenter:
    """Cuts people out with a landmark network that takes (1, 256, 256, 3) RGB / 255.

    Source:
        BlazePose (arXiv 2006.10204) and its model card, pose_landmark_full, Apache-2.0; differs: the square
        is upright and comes from a box, and the mask is used at full size without smoothing over time.
    """

    def __init__(self, runtime: Runtime, config: BlazePoseSegmenterConfig | None = None) -> None:
        self.config = config or BlazePoseSegmenterConfig()
        self._runtime = runtime

    def segment(self, image_rgb: UInt8[np.ndarray, "h w 3"], xyxy: Float32[np.ndarray, "n 4"]) -> Bodies:
        """Cut out one person per box.

        Raises:
            NetworkError: The network's output has a wrong shape or is not finite.
        """
        return self.submit(image_rgb, xyxy).result()

    def submit(
        self, image_rgb: UInt8[np.ndarray, "h w 3"], xyxy: Float32[np.ndarray, "n 4"]
    ) -> PendingBlazePose:
        """Start cutting out; the people run side by side, as many as the runtime has streams."""
        squares = square_around(xyxy, self.config.roi_scale)
        squares[:, 2:] = np.maximum(squares[:, 2:], squares[:, :2] + 1.0)
        runs = [
            self._runtime.submit(crop_square(image_rgb, square, _INPUT_PX)[None] * np.float32(1 / 255))
            for square in squares
        ]
        return PendingBlazePose(squares, runs)


class PendingBlazePose:
    """People being cut out."""

    def __init__(self, squares_xyxy: Float32[np.ndarray, "n 4"], runs: Sequence[Pending]) -> None:
        self._squares_xyxy = squares_xyxy
        self._runs = runs

    def result(self) -> Bodies:
        """Wait, and return one body per box in the boxes' order."""
        if not self._runs:
            return Bodies.empty()
        masks, keypoints, presence = zip(*(_read(run.result()) for run in self._runs), strict=True)
        side = self._squares_xyxy[:, 2:] - self._squares_xyxy[:, :2]
        points = np.stack(keypoints)
        points[..., :2] = points[..., :2] * side[:, None] / _INPUT_PX + self._squares_xyxy[:, None, :2]
        return Bodies(self._squares_xyxy, masks, points, np.array(presence, np.float32))


def _read(
    outputs: tuple[np.ndarray, ...],
) -> tuple[Float32[np.ndarray, "256 256"], Float32[np.ndarray, "33 3"], float]:
    """Read one run: mask probabilities, keypoints (x, y in input pixels, confidence), presence."""
    by_size = {output.size: output for output in outputs}
    try:
        landmarks = by_size[_LANDMARKS * 5].reshape(_LANDMARKS, 5)[:KEYPOINTS]
        presence = float(by_size[1].item())
        logits = by_size[_INPUT_PX * _INPUT_PX].reshape(_INPUT_PX, _INPUT_PX)
    except KeyError as error:
        shapes = [output.shape for output in outputs]
        raise NetworkError(
            f"landmark network gave outputs of shapes {shapes}, wanted landmarks (1, 195), presence (1, 1) "
            "and mask (1, 256, 256, 1): use pose_landmark_full"
        ) from error
    if not (np.isfinite(landmarks).all() and np.isfinite(presence) and np.isfinite(logits).all()):
        raise NetworkError(
            "landmark network gave values that are not finite: check the file and the precision"
        )
    points = np.concatenate([landmarks[:, :2], _sigmoid(landmarks[:, 3:4])], axis=1)
    return _sigmoid(logits), points, min(max(presence, 0.0), 1.0)


def _sigmoid(logits: Float32[np.ndarray, "..."]) -> Float32[np.ndarray, "..."]:
    """Return probabilities; logits beyond 30 are 0 or 1 in float32 anyway."""
    values: np.ndarray = np.clip(logits, -30, 30, dtype=np.float32)
    np.negative(values, out=values)
    np.exp(values, out=values)
    values += 1
    np.reciprocal(values, out=values)
    return values
