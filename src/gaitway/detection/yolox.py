"""People by YOLOX: any of its networks, trained on COCO or by ByteTrack on people only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, UInt8

from gaitway.detection.decode import anchor_grid, decode, postprocess
from gaitway.detection.letterbox import Mode, fit_size, normalisation_tables, preprocess, undo
from gaitway.errors import ConfigError, NetworkError
from gaitway.protocols import Runtime
from gaitway.types import Detections

__all__ = ["YoloxConfig", "YoloxDetector", "decode", "postprocess", "preprocess"]


@dataclass(frozen=True, slots=True)
class YoloxConfig:
    """How YOLOX is run.

    Attributes:
        mode: The preprocessing that the weights were trained with; see ``letterbox.preprocess``.
        size: Network input (height, width) in pixels; None: as small as holds the picture.
        long_side: Longer side of the input where ``size`` is None; docs/decisions/0020.
        min_confidence: Boxes below are dropped. 0.1 is the floor of ByteTrack's second stage.
        max_iou: Of two boxes that overlap more, the worse is dropped. None: 0.7 for ByteTrack's networks, as
            published, and 0.6 for others, which draw some people twice; docs/decisions/0020.
        person_class: Column of the class scores that means a person (0 in COCO and in ByteTrack).
    """

    mode: Mode = "yolox"
    size: tuple[int, int] | None = None
    long_side: int = 640
    min_confidence: float = 0.1
    max_iou: float | None = None
    person_class: int = 0

    def __post_init__(self) -> None:
        normalisation_tables(self.mode)
        if self.size is not None and any(side <= 0 or side % 32 for side in self.size):
            raise ConfigError(f"YOLOX input size is {self.size}, wanted two positive multiples of 32")
        for name, value in (("min_confidence", self.min_confidence), ("max_iou", self.suppression_iou)):
            if not 0.0 <= value <= 1.0:
                raise ConfigError(f"YOLOX {name} is {value}, wanted a number in [0, 1]")

    @property
    def suppression_iou(self) -> float:
        """The overlap in force: ``max_iou``, or the mode's own."""
        if self.max_iou is not None:
            return self.max_iou
        return 0.7 if self.mode == "bytetrack" else 0.6


class YoloxDetector:
    """Finds people with a YOLOX network that takes (1, 3, H, W) and gives raw (1, A, 5 + classes).

    Boxes may reach outside the picture: the network guesses the hidden part of a person.
    """

    def __init__(self, runtime: Runtime, config: YoloxConfig | None = None) -> None:
        self.config = config or YoloxConfig()
        self._runtime = runtime
        self._fixed_size = _declared_size(runtime)

    def detect(self, image_rgb: UInt8[np.ndarray, "h w 3"]) -> Detections:
        """Find the people of one picture, surest first.

        Raises:
            NetworkError: The network gave something that is not YOLOX output, or not finite.
        """
        size = self.input_size((image_rgb.shape[1], image_rgb.shape[0]))
        blob, scale = preprocess(image_rgb, size, self.config.mode)
        raw = self._runtime.run(blob[None])[0]
        people = self._people(raw, size)
        found = postprocess(
            people, min_confidence=self.config.min_confidence, max_iou=self.config.suppression_iou
        )
        return Detections(undo(found[:, :4], scale), np.minimum(found[:, 4] * found[:, 5], 1.0))

    def reset(self, frame_rate: float | None = None) -> None:
        """Do nothing: every picture is looked at afresh."""

    def input_size(self, size_wh: tuple[int, int]) -> tuple[int, int]:
        """Return the network input (height, width) for a picture of ``size_wh``."""
        return self._fixed_size or self.config.size or fit_size(size_wh, self.config.long_side)

    def _people(self, raw: np.ndarray, size: tuple[int, int]) -> Float32[np.ndarray, "k 6"]:
        """Decode the anchors that may hold a person; most do not, so they are dropped first."""
        cells, strides = anchor_grid(size)
        column = 5 + self.config.person_class
        if raw.ndim != 3 or raw.shape[1] != len(cells) or raw.shape[2] <= column:
            raise NetworkError(
                f"YOLOX gave an output of shape {raw.shape}, wanted (1, {len(cells)}, more than {column}): "
                "use a network exported without decoding, and its own input size"
            )
        scores = raw[0, :, 4] * raw[0, :, column]
        if not np.isfinite(scores).all():
            raise NetworkError("YOLOX gave scores that are not finite: check the weights and the precision")
        rows = np.flatnonzero(scores >= np.float32(self.config.min_confidence))
        people: np.ndarray = raw[0, rows][:, [0, 1, 2, 3, 4, column]].astype(np.float32)
        people[:, :2] = (people[:, :2] + cells[rows]) * strides[rows]
        people[:, 2:4] = np.exp(people[:, 2:4]) * strides[rows]
        if not np.isfinite(people).all():
            raise NetworkError("YOLOX gave boxes that are not finite: check the weights and the precision")
        return people


def _declared_size(runtime: Runtime) -> tuple[int, int] | None:
    """Return the input (height, width) that the network insists on, or None if it takes any."""
    height, width = runtime.input_shapes[0][-2:]
    return (height, width) if height > 0 and width > 0 else None
