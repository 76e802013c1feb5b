"""People's masks by PP-HumanSeg: any of PaddleSeg's portrait networks, as its ``deploy.yaml`` says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from gaitway.errors import ConfigError, NetworkError
from gaitway.protocols import Pending, Runtime
from gaitway.segmentation.humanseg_crops import CropKind, Region, box_region, cut_region, keep_inside
from gaitway.types import KEYPOINTS, Bodies

SEED_THRESHOLD = 80  # of 255: the seed system calls a pixel a person from here on


@dataclass(frozen=True, slots=True)
class HumanSegConfig:
    """How people are shown to the network.

    Attributes:
        size_wh: Network input (width, height) in pixels, from ``deploy.yaml``.
        mean: Subtracted from RGB / 255, per channel, from ``deploy.yaml``.
        std: Divides the rest.
        crop: ``context``: a square with surroundings; of its mask the widened box is kept. ``stretched``:
            the widened box, aspect lost. ``seed``: the widened box on a white square, and its mask black and
            white, to the pixel as the seed system has both. docs/decisions/0051.
        batch_size: Crops per network run.
    """

    size_wh: tuple[int, int] = (192, 192)
    mean: tuple[float, float, float] = (0.5, 0.5, 0.5)
    std: tuple[float, float, float] = (0.5, 0.5, 0.5)
    crop: CropKind = "context"
    batch_size: int = 4

    def __post_init__(self) -> None:
        if min(self.size_wh) < 32:
            raise ConfigError(f"PP-HumanSeg input is {self.size_wh} px, wanted at least 32x32")
        if min(self.std) <= 0 or len(self.mean) != 3 or len(self.std) != 3:
            raise ConfigError(f"mean {self.mean} and std {self.std}: wanted three each, std above 0")
        if self.batch_size < 1:
            raise ConfigError(f"batch_size is {self.batch_size}, wanted 1 or more")


class HumanSegSegmenter:
    """Cuts people out with a network that takes (N, 3, H, W) and gives (N, 2, H, W) probabilities.

    It knows no keypoints (NaN). ``presence`` is the mean probability of the pixels it calls person.

    Source:
        PP-HumanSeg (Chu et al., WACV 2022 workshops); differs: the crop keeps surroundings and aspect.
    """

    def __init__(self, runtime: Runtime, config: HumanSegConfig | None = None) -> None:
        self.config = config or HumanSegConfig()
        self._runtime = runtime
        self._table = normalisation_table(self.config.mean, self.config.std)

    def probabilities(self, images_rgb: UInt8[np.ndarray, "n h w 3"]) -> Float32[np.ndarray, "n h w"]:
        """Return every pixel's probability of being a person, of whole pictures of any size.

        Pictures are scaled to the network's input and the result back, if they are of another size.

        Raises:
            NetworkError: The network's output has a wrong shape or is not finite.
        """
        n, height, width = images_rgb.shape[:3]
        own_size = (width, height) == self.config.size_wh
        inputs = images_rgb if own_size else _resize_all(images_rgb, self.config.size_wh)
        result = np.concatenate(
            [np.zeros((0, *self.config.size_wh[::-1]), np.float32), *_wait(self._start(inputs))]
        )
        if own_size:
            return result
        scaled = [cv2.resize(p, (width, height), interpolation=cv2.INTER_LINEAR) for p in result]
        return np.array(scaled, np.float32).reshape(n, height, width)

    def segment(self, image_rgb: UInt8[np.ndarray, "h w 3"], xyxy: Float32[np.ndarray, "n 4"]) -> Bodies:
        """Cut out one person per box."""
        return self.submit(image_rgb, xyxy).result()

    def submit(
        self, image_rgb: UInt8[np.ndarray, "h w 3"], xyxy: Float32[np.ndarray, "n 4"]
    ) -> PendingHumanSeg:
        """Start cutting out; batches run side by side, as many as the runtime has streams."""
        if not len(xyxy):
            return PendingHumanSeg([], [])
        size_hw = (image_rgb.shape[0], image_rgb.shape[1])
        regions = [box_region(box, size_hw, self.config.crop) for box in xyxy]
        crops = np.stack([cut_region(image_rgb, region, self.config.size_wh) for region in regions])
        return PendingHumanSeg(regions, self._start(crops))

    def _start(self, images_rgb: UInt8[np.ndarray, "n h w 3"]) -> list[Pending]:
        """Start the runs of pictures of the network's size."""
        step = self.config.batch_size
        return [
            self._runtime.submit(self._normalise(images_rgb[i : i + step]))
            for i in range(0, len(images_rgb), step)
        ]

    def _normalise(self, images_rgb: UInt8[np.ndarray, "n h w 3"]) -> Float32[np.ndarray, "n 3 h w"]:
        """Return the network's input; the arithmetic was done once per byte value."""
        out = np.empty((len(images_rgb), 3, *images_rgb.shape[1:3]), np.float32)
        for planes, image in zip(out, images_rgb, strict=True):
            for channel in range(3):
                planes[channel] = cv2.LUT(cv2.extractChannel(image, channel), self._table[channel])
        return out


@dataclass(frozen=True, slots=True)
class PendingHumanSeg:
    """People being cut out."""

    regions: Sequence[Region]
    runs: Sequence[Pending]

    def result(self) -> Bodies:
        """Wait, and return one body per box in the boxes' order."""
        if not self.runs:
            return Bodies.empty()
        people = np.concatenate(_wait(self.runs))
        masks = [_place(p, region) for p, region in zip(people, self.regions, strict=True)]
        nothing = np.full((len(masks), KEYPOINTS, 3), np.nan, np.float32)
        presence = np.array([_presence(mask) for mask in masks], np.float32)
        if self.regions[0].kind == "seed":
            masks = [seed_mask(mask).astype(np.float32) / np.float32(255) for mask in masks]
        return Bodies(np.stack([region.xyxy for region in self.regions]), tuple(masks), nothing, presence)


def normalisation_table(
    mean: tuple[float, float, float], std: tuple[float, float, float]
) -> Float32[np.ndarray, "3 256"]:
    """Return the network value of each byte value, per RGB channel, computed in float32 as PaddleSeg does."""
    values = np.arange(256, dtype=np.float32) / np.float32(255)
    scaled = [(values - np.float32(m)) / np.float32(s) for m, s in zip(mean, std, strict=True)]
    return np.stack(scaled).astype(np.float32)


def seed_mask(probability: Float32[np.ndarray, "h w"]) -> UInt8[np.ndarray, "h w"]:
    """Return the seed system's mask: 255 where 255 p reaches 80, else 0."""
    mask: np.ndarray = np.where(probability * 255 < SEED_THRESHOLD, 0, 255).astype(np.uint8)
    return mask


def _wait(runs: Sequence[Pending]) -> list[np.ndarray]:
    """Return the person channel of every run."""
    people = []
    for run in runs:
        output = run.result()[0]
        if output.ndim != 4 or output.shape[1] != 2:
            raise NetworkError(
                f"PP-HumanSeg gave an output of shape {output.shape}, wanted (N, 2, H, W): use the model "
                "exported 'with softmax'"
            )
        if not np.isfinite(output).all():
            raise NetworkError(
                "PP-HumanSeg gave values that are not finite: check the file and the precision"
            )
        people.append(np.clip(output[:, 1], 0.0, 1.0))
    return people


def _resize_all(
    images_rgb: UInt8[np.ndarray, "n h w 3"], size_wh: tuple[int, int]
) -> UInt8[np.ndarray, "n h2 w2 3"]:
    scaled = [cv2.resize(image, size_wh, interpolation=cv2.INTER_LINEAR) for image in images_rgb]
    return np.array(scaled, np.uint8).reshape(len(images_rgb), size_wh[1], size_wh[0], 3)


def _place(probability: Float32[np.ndarray, "h w"], region: Region) -> Float32[np.ndarray, "h2 w2"]:
    """Return a crop's mask with pixels that are square in the frame, and without neighbours."""
    if region.kind == "context":
        probability = keep_inside(probability, region)
    height, width = probability.shape
    across, down = (region.xyxy[2:] - region.xyxy[:2]).tolist()
    scale = max(width / across, height / down)
    size_wh = (max(1, round(across * scale)), max(1, round(down * scale)))
    if size_wh == (width, height):
        return probability
    return np.clip(cv2.resize(probability, size_wh, interpolation=cv2.INTER_LINEAR), 0.0, 1.0)


def _presence(probability: Float32[np.ndarray, "h w"]) -> float:
    """Return how sure the network is of the pixels it calls person; 0 where there is none."""
    person = probability[probability > 0.5]
    return float(person.mean()) if person.size else 0.0
