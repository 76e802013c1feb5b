"""Energy images of a walk and of its phases in horizontal parts, and what in them tells people apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float32, UInt8
from safetensors import SafetensorError
from safetensors.numpy import load_file

from gaitway.errors import InputError, ModelNotFoundError
from gaitway.recognition.templates import template_maps

WEIGHTS = Path(__file__).parents[1] / "weights" / "gei.safetensors"  # shipped with the package


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


@dataclass(frozen=True, slots=True, eq=False)
class GeiProjection:
    """A linear map of every part onto the directions in which people differ most for how one person varies.

    Attributes:
        mean: What is taken off first.
        directions: Columns, weighted by how well they tell people apart.
        name: Which numbers these are; part of the encoder's ``model_id``.

    Source:
        Han and Bhanu, TPAMI 2006: principal components, then multiple discriminant analysis.
    """

    mean: Float32[np.ndarray, "p d"]
    directions: Float32[np.ndarray, "p d k"]
    name: str

    def __call__(self, parts: Float32[np.ndarray, "n p d"]) -> Float32[np.ndarray, "n p k"]:
        """Project and scale every part to unit length."""
        lower: np.ndarray = np.einsum("npd,pdk->npk", parts - self.mean, self.directions, optimize=True)
        return _unit(lower)


def load_projection(path: Path = WEIGHTS) -> GeiProjection:
    """Read a projection as ``gaitway.training.gei`` writes it; without a path, the shipped one.

    Raises:
        ModelNotFoundError: There is no such file, or something else is in it.
    """
    try:
        tensors = load_file(path)
        mean, directions = (tensors[key].astype(np.float32) for key in ("mean", "directions"))
    except (OSError, SafetensorError, KeyError) as error:
        raise ModelNotFoundError(
            f"{path.name} is no projection of energy images: use the encoder gei-plain"
        ) from error
    return GeiProjection(mean, directions, sha256(path.read_bytes()).hexdigest()[:12])


class GeiEncoder:
    """The baseline encoder.

    Per strip of the body: the energy image of the whole walk, the deviation over time, and the energy images
    of the phases of a step, scaled to unit length together, so that Euclidean and cosine distance agree.
    Plain, it has learned nothing; with a projection the same numbers are looked at where people differ.

    Source:
        Han and Bhanu, TPAMI 2006 (GEI); the phases follow the idea of Wang et al., Chrono-Gait Image, ECCV
        2010.
    """

    def __init__(self, config: GeiConfig | None = None, projection: GeiProjection | None = None) -> None:
        self._config = config or GeiConfig()
        self._projection = projection
        if 64 % self._config.parts:
            raise InputError(f"parts is {self._config.parts}, wanted a divisor of 64: use 16")
        shape = self._config
        wanted = (shape.parts, self._channels)
        if projection is not None and projection.mean.shape != wanted:
            raise InputError(f"the projection is for parts of shape {projection.mean.shape}, wanted {wanted}")
        plain = f"gei-{shape.parts}-{shape.phases}-{shape.blur_px:g}-{shape.cut}"
        self.model_id = plain if projection is None else f"gei-{projection.name}"

    def encode(self, sequences: Sequence[UInt8[np.ndarray, "..."]]) -> Float32[np.ndarray, "n p c"]:
        """Encode walks, each alone.

        Args:
            sequences: Aligned silhouettes (T, 64, 64), 0..255, of any lengths T >= 1.

        Returns:
            (N, P, C).
        """
        walks = [self._encode_one(sequence) for sequence in sequences]
        plain = np.stack(walks) if walks else np.zeros((0, self._config.parts, self._channels), np.float32)
        return plain if self._projection is None else self._projection(plain)

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
        return _unit(strips)


def _unit(parts: Float32[np.ndarray, "*rows c"]) -> Float32[np.ndarray, "*rows c"]:
    length = np.linalg.norm(parts, axis=-1, keepdims=True)
    scaled: np.ndarray = (parts / np.maximum(length, 1e-6)).astype(np.float32)
    return scaled
