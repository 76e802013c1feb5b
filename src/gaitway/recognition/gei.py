"""A gait encoder without learning: energy images of a walk and of its phases, cut into horizontal parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from gaitway.errors import InputError
from gaitway.recognition.templates import template_maps


@dataclass(frozen=True, slots=True)
class GeiConfig:
    """Shape of the embedding.

    Attributes:
        parts: Horizontal strips, one embedding part each: head and shoulders, trunk, thighs, shanks. On
            generated walkers 4 named 2.5 points more right than 16, the number of the field's networks.
        phases: Stages of a step with an energy image of their own, beside the whole walk's.
        blur_px: Standard deviation of the blur that forgives shifts of the silhouettes, pixels.
        cut: Columns left out at each side, as the field cuts 64 to 44.
    """

    parts: int = 4
    phases: int = 2
    blur_px: float = 1.0
    cut: int = 10


class GeiEncoder:
    """The baseline encoder: needs no weights and no training.

    Per strip of the body: the energy image of the whole walk, the deviation over time, and the energy images
    of the phases of a step, each scaled to unit length together, so that Euclidean and cosine distance agree.

    Source:
        Han and Bhanu, TPAMI 2006 (GEI); the phases follow the idea of Wang et al., Chrono-Gait Image, ECCV
        2010.
    """

    def __init__(self, config: GeiConfig | None = None) -> None:
        self._config = config or GeiConfig()
        if 64 % self._config.parts:
            raise InputError(f"parts is {self._config.parts}, wanted a divisor of 64: use 16")
        shape = self._config
        self.model_id = f"gei-{shape.parts}-{shape.phases}-{shape.blur_px:g}-{shape.cut}"

    def encode(self, sequences: Sequence[UInt8[np.ndarray, "..."]]) -> Float32[np.ndarray, "n p c"]:
        """Encode walks, each alone.

        Args:
            sequences: Aligned silhouettes (T, 64, 64), 0..255, of any lengths T >= 1.

        Returns:
            (N, P, C).
        """
        walks = [self._encode_one(sequence) for sequence in sequences]
        return np.stack(walks) if walks else np.zeros((0, self._config.parts, self._channels), np.float32)

    @property
    def _channels(self) -> int:
        strip = 64 // self._config.parts * (64 - 2 * self._config.cut)
        return strip * (2 + self._config.phases)

    def _encode_one(self, sequence: np.ndarray) -> np.ndarray:
        if sequence.ndim != 3 or sequence.shape[1:] != (64, 64) or not len(sequence):
            raise InputError(f"sequence has shape {sequence.shape}, wanted (T, 64, 64) with T >= 1")
        config = self._config
        maps = template_maps(sequence, config.phases)
        maps = np.stack([cv2.GaussianBlur(image, (0, 0), config.blur_px) for image in maps])
        maps = maps[:, :, config.cut : 64 - config.cut]
        strips = maps.reshape(len(maps), config.parts, -1).transpose(1, 0, 2).reshape(config.parts, -1)
        length = np.linalg.norm(strips, axis=1, keepdims=True)
        encoded: np.ndarray = (strips / np.maximum(length, 1e-6)).astype(np.float32)
        return encoded
