"""Walks to embeddings by any of the field's gait networks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, UInt8

from gaitway.errors import ConfigError, InputError, NetworkError
from gaitway.protocols import Runtime

_UNIT = (np.arange(256) / 255).astype(np.float32)


@dataclass(frozen=True, slots=True)
class GaitInputConfig:
    """What a gait network is shown of a walk.

    Attributes:
        channels: Images per frame: 1 silhouette; 2 skeleton maps; 3 skeleton maps and silhouette.
        cuts_sides: Whether the sides are cut: 10 of every 64 columns, left and right (64 -> 44).
        min_frames: Shorter walks are repeated until they have as many (GaitGL folds frames by three).
        max_frames: Of longer walks the first so many are used: memory grows with the length, and 720 is what
            OpenGait's configurations evaluate (``frames_all_limit``).
    """

    channels: int = 1
    cuts_sides: bool = True
    min_frames: int = 1
    max_frames: int = 720

    def __post_init__(self) -> None:
        if self.channels < 1 or not 1 <= self.min_frames <= self.max_frames:
            raise ConfigError(
                f"gait input of {self.channels} channels and {self.min_frames} to {self.max_frames} frames "
                "makes no sense: wanted at least 1 of each"
            )


class OpenGaitEncoder:
    """An Encoder over a network that takes (1, C, T, H, W) and gives (1, channels, parts).

    Every walk runs by itself, so that none can leak into another; walks run side by side, as many as the
    runtime has streams.

    Attributes:
        model_id: Which network and weights; embeddings of different ones are never compared.
    """

    def __init__(self, runtime: Runtime, model_id: str, config: GaitInputConfig | None = None) -> None:
        self.model_id = model_id
        self.config = config or GaitInputConfig()
        self._runtime = runtime

    def encode(self, sequences: Sequence[UInt8[np.ndarray, "..."]]) -> Float32[np.ndarray, "n p c"]:
        """Turn walks into embeddings.

        Args:
            sequences: Aligned silhouettes (T, H, W), or (T, C, H, W) for networks that see several images per
                frame; 0..255, any number of frames each.

        Returns:
            One row of parts by channels per walk.

        Raises:
            InputError: A walk is empty or has another number of channels than the network takes.
            NetworkError: An embedding is not finite.
        """
        inputs = [prepare_walk(walk, self.config) for walk in sequences]
        runs = [self._runtime.submit(array) for array in inputs]
        embeddings = [run.result()[0] for run in runs]
        if not embeddings:
            return np.zeros((0, 0, 0), np.float32)
        stacked = np.concatenate(embeddings).transpose(0, 2, 1).astype(np.float32)
        if not np.isfinite(stacked).all():
            raise NetworkError(
                f"{self.model_id} gave an embedding that is not finite: check its file and the precision"
            )
        return np.ascontiguousarray(stacked)


def prepare_walk(walk: UInt8[np.ndarray, "..."], config: GaitInputConfig) -> Float32[np.ndarray, "1 c t h w"]:
    """Return a walk as a gait network takes it.

    Args:
        walk: (T, H, W) or (T, C, H, W), 0..255.
        config: What the network is shown.

    Raises:
        InputError: The walk is empty or has another number of channels.
    """
    frames = walk[:, None] if walk.ndim == 3 else walk
    if frames.ndim != 4 or frames.dtype != np.uint8 or not frames.size:
        raise InputError(
            f"walk is {walk.dtype} of shape {walk.shape}, wanted uint8 (T, H, W) or (T, C, H, W), T >= 1"
        )
    if frames.shape[1] != config.channels:
        raise InputError(
            f"walk has {frames.shape[1]} images per frame, the network takes {config.channels}: give "
            "(T, C, H, W) with its channels in their order"
        )
    frames = frames[: config.max_frames]
    if len(frames) < config.min_frames:
        frames = np.tile(frames, (-(-config.min_frames // len(frames)), 1, 1, 1))
    if config.cuts_sides:
        side = frames.shape[-1] // 64 * 10
        frames = frames[..., side : frames.shape[-1] - side]
    unit: np.ndarray = _UNIT[frames.transpose(1, 0, 2, 3)][None]
    return unit
