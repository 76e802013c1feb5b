"""Video out: H.264 in mp4 that browsers play, complete or not there at all."""

from __future__ import annotations

import errno
import math
import os
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

import av
import cv2
import numpy as np
from av.error import FFmpegError
from av.video.reformatter import ColorRange
from jaxtyping import UInt8

from gaitway.adapters.video.kinds import shown
from gaitway.errors import InputError, VideoEncodeError

_BT709 = 1  # code points of ISO/IEC 23091-2
_SMPTE170M = 6
_MIN_TICKS = 90_000  # a second, MPEG's clock: finer than any camera's jitter
_MAX_TICKS = 1_000_000  # a frame rate whose numerator is larger is a measured average: no use as a clock


@dataclass(frozen=True)
class WriterConfig:
    """How videos are written.

    The defaults were chosen among x264's settings on two hand-held 854x480 clips: 2.9 ms of CPU a frame for
    33 dB and the size of the source; preset ultrafast is 2-3 times larger for as good a picture, veryfast 1.8
    times slower.

    Attributes:
        preset: x264's preset.
        tune: x264's tune; fastdecode (no CABAC, no deblocking) also saves a fifth of the encoder's time.
        x264_params: Further settings: one B-frame in every pair and a short look-ahead.
        crf: x264's constant quality, 0 (lossless) to 51.
        threads: Encoder threads; 0 lets x264 choose by the number of cores.
        keyframe_s: Longest distance of key frames in seconds, so that players can jump.
    """

    preset: str = "superfast"
    tune: str = "fastdecode"
    x264_params: str = "rc-lookahead=5:scenecut=0:b-adapt=0:bframes=1"
    crf: int = 24
    threads: int = 0
    keyframe_s: float = 2.0

    def __post_init__(self) -> None:
        if not 0 <= self.crf <= 51 or self.threads < 0 or self.keyframe_s <= 0:
            raise InputError("WriterConfig wants crf 0 to 51, threads >= 0 and keyframe_s above 0")

    @property
    def options(self) -> dict[str, str]:
        """The encoder's options as FFmpeg spells them."""
        return {
            "preset": self.preset,
            "tune": self.tune,
            "crf": str(self.crf),
            "x264-params": self.x264_params,
        }


class VideoWriter:
    """Writes an mp4 (H.264, yuv420p, index first) frame by frame; a ``VideoSink``.

    It is written as ``<name>.partial`` beside its place and appears under its name, synced to disk, on a
    clean exit; after an error nothing is left. Frame times keep the source's distances, whatever its rate;
    the first frame is at 0. Odd sizes are made even by repeating the last column or row, because yuv420p has
    none. Colours are BT.601, limited range, and say so: browsers obey, and OpenCV assumes it.

    Args:
        path: The file to write; its folder must exist. An older file of that name is replaced.
        size_wh: Width and height of the frames in pixels.
        frame_rate: Nominal frames a second; gives the clock and the last frame's length.
        config: Speed and quality.

    Raises:
        VideoEncodeError: Folder missing or not writable, disk full, or no frame written; at any point of use.
    """

    def __init__(
        self,
        path: str | Path,
        size_wh: tuple[int, int],
        frame_rate: Fraction,
        *,
        config: WriterConfig | None = None,
    ) -> None:
        if min(size_wh) < 1 or frame_rate <= 0:
            raise InputError(f"size {size_wh} and rate {frame_rate} must be above 0")
        self._path = Path(path)
        self._partial = self._path.with_name(self._path.name + ".partial")
        self._size_wh = size_wh
        self._even_wh = (size_wh[0] + size_wh[0] % 2, size_wh[1] + size_wh[1] % 2)
        self._ticks = _ticks_per_second(frame_rate)
        self._period = max(1, round(self._ticks / frame_rate))
        self._first_s: float | None = None
        self._last_tick = -1
        self._open(frame_rate, config or WriterConfig())

    def write(self, image_rgb: UInt8[np.ndarray, "h w 3"], time_s: float) -> None:
        """Append one frame, shown at ``time_s``; a time not after the last is moved just behind it."""
        if (image_rgb.shape[1], image_rgb.shape[0]) != self._size_wh:
            raise InputError(f"frame is {image_rgb.shape[1]}x{image_rgb.shape[0]}, wanted {self._size_wh}")
        if not math.isfinite(time_s):
            raise InputError(f"frame time is {time_s}, wanted seconds")
        if self._first_s is None:
            self._first_s = time_s
        self._last_tick = max(self._last_tick + 1, round((time_s - self._first_s) * self._ticks))
        frame = self._frame(image_rgb)
        frame.pts, frame.time_base = self._last_tick, Fraction(1, self._ticks)
        frame.duration = self._period
        self._encode(frame)

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._discard()
            return
        try:
            self._finish()
        except BaseException:
            self._discard()
            raise

    def _open(self, frame_rate: Fraction, config: WriterConfig) -> None:
        if not self._path.parent.is_dir():
            raise VideoEncodeError(f"{shown(self._path.parent)} is not a folder: make it first")
        try:
            self._partial.open("wb").close()  # says why where FFmpeg would not
            self._container = av.open(
                f"file:{self._partial.absolute()}", "w", format="mp4", options={"movflags": "+faststart"}
            )
        except (FFmpegError, OSError) as error:
            raise self._failure(error) from error
        self._stream = self._container.add_stream("libx264", rate=frame_rate, options=config.options)
        context = self._stream.codec_context
        context.width, context.height = self._even_wh
        context.pix_fmt = "yuv420p"
        context.time_base = self._stream.time_base = Fraction(1, self._ticks)
        context.thread_count = config.threads
        context.gop_size = max(1, round(config.keyframe_s * frame_rate))
        context.color_range = ColorRange.MPEG
        context.colorspace = _SMPTE170M
        context.color_primaries = context.color_trc = _BT709

    def _frame(self, image_rgb: UInt8[np.ndarray, "h w 3"]) -> av.VideoFrame:
        right, below = self._even_wh[0] - self._size_wh[0], self._even_wh[1] - self._size_wh[1]
        if right or below:
            image_rgb = cv2.copyMakeBorder(image_rgb, 0, below, 0, right, cv2.BORDER_REPLICATE)
        yuv: Any = cv2.cvtColor(
            image_rgb, cv2.COLOR_RGB2YUV_I420
        )  # BT.601, limited; twice as fast as swscale
        return av.VideoFrame.from_ndarray(yuv, format="yuv420p")

    def _encode(self, frame: av.VideoFrame | None) -> None:
        try:
            self._container.mux(self._stream.encode(frame))
        except (FFmpegError, OSError) as error:
            raise self._failure(error) from error

    def _finish(self) -> None:
        if self._first_s is None:
            raise VideoEncodeError(f"{shown(self._path)}: no frame was written: a video needs at least one")
        self._encode(None)
        try:
            self._container.close()
            with self._partial.open("rb+") as file:
                os.fsync(file.fileno())
            self._partial.replace(self._path)
            _sync_folder(self._path.parent)
        except (FFmpegError, OSError) as error:
            raise self._failure(error) from error

    def _discard(self) -> None:
        with suppress(FFmpegError, OSError):
            self._container.close()
        with suppress(OSError):
            self._partial.unlink()

    def _failure(self, error: Exception) -> VideoEncodeError:
        advice = (
            "free some space"
            if getattr(error, "errno", None) == errno.ENOSPC
            else "check the folder and its rights"
        )
        why = getattr(error, "strerror", None) or type(error).__name__
        return VideoEncodeError(f"{shown(self._path)} cannot be written ({str(why).lower()}): {advice}")


def _ticks_per_second(frame_rate: Fraction) -> int:
    """Return a clock in which frames of ``frame_rate`` fall on whole ticks, as far as possible."""
    numerator = frame_rate.numerator
    if numerator > _MAX_TICKS:
        return _MIN_TICKS
    return numerator * -(-_MIN_TICKS // numerator)


def _sync_folder(folder: Path) -> None:
    """Make the new name last through a power cut, where the system lets a folder be synced."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
