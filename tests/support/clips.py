"""Small clips made on the spot, with PyAV: a marked picture that moves, in whatever form a test wants."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

RED, GREEN, BLUE, WHITE = (220, 30, 30), (30, 200, 40), (40, 60, 230), (235, 235, 235)


def marked_picture(index: int, wh: tuple[int, int] = (96, 64)) -> np.ndarray:
    """A grey ramp with a bar that moves, and corners red, green (top), blue, white (bottom)."""
    width, height = wh
    ramp = np.linspace(60, 180, width)[None, :, None] + np.linspace(-20, 20, height)[:, None, None]
    image = np.repeat(ramp, 3, axis=2).astype(np.uint8)
    x = width // 4 + 2 * index % (width // 2)
    image[height // 4 : 3 * height // 4, x : x + 6] = 20
    h, w = height // 4, width // 4
    image[:h, :w], image[:h, -w:], image[-h:, :w], image[-h:, -w:] = RED, GREEN, BLUE, WHITE
    return image


def rough_pictures(count: int, wh: tuple[int, int] = (96, 64)) -> list[np.ndarray]:
    """Marked pictures with grain, so that files are made of picture data rather than of headers."""
    noise = np.random.default_rng(7).normal(0, 25, (count, wh[1], wh[0], 1))
    return [np.clip(marked_picture(i, wh) + noise[i], 0, 255).astype(np.uint8) for i in range(count)]


def corners(image: np.ndarray) -> list[tuple[int, int, int]]:
    """The nearest of the four marks at each corner: top left, top right, bottom left, bottom right."""
    h, w = image.shape[0] // 8, image.shape[1] // 8
    seen = [image[h, w], image[h, -w], image[-h, w], image[-h, -w]]
    marks = [RED, GREEN, BLUE, WHITE]
    return [min(marks, key=lambda m: np.abs(np.array(m) - s.astype(int)).sum()) for s in seen]


def write_clip(
    path: Path,
    *,
    frames: int | list[np.ndarray] = 12,
    wh: tuple[int, int] = (96, 64),
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    rate: Fraction | int = 30,
    times_s: list[float] | None = None,
    rotation: int | None = None,
    options: dict[str, str] | None = None,
    muxer: dict[str, str] | None = None,
    audio: bool = False,
    colour: dict[str, int] | None = None,
) -> Path:
    """Write a clip; ``times_s`` makes its frame rate variable."""
    pictures = [marked_picture(i, wh) for i in range(frames)] if isinstance(frames, int) else frames
    clock = Fraction(1, 90_000) if times_s else 1 / Fraction(rate)
    with av.open(str(path), "w", options=muxer or {}) as container:
        sound = container.add_stream("aac", rate=16_000) if audio else None
        stream = container.add_stream(codec, rate=rate, options=options or {})
        stream.width, stream.height, stream.pix_fmt = wh[0], wh[1], pix_fmt
        stream.codec_context.time_base = clock
        stream.codec_context.thread_count = 1
        for name, value in (colour or {}).items():
            setattr(stream.codec_context, name, value)
        if rotation is not None:
            stream.set_display_rotation(rotation)
        if sound is not None:
            _write_sound(container, sound, len(pictures) / float(rate))
        for i, picture in enumerate(pictures):
            frame = picture if isinstance(picture, av.VideoFrame) else av.VideoFrame.from_ndarray(picture)
            frame.pts = round(times_s[i] / clock) if times_s else i
            frame.time_base = clock
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def write_sound(path: Path, seconds: float = 0.5) -> Path:
    """Write a file without a picture."""
    with av.open(str(path), "w") as container:
        _write_sound(container, container.add_stream("aac", rate=16_000), seconds)
    return path


def _write_sound(container: av.container.OutputContainer, stream: av.AudioStream, seconds: float) -> None:
    for start in range(0, int(16_000 * seconds), 1024):
        samples = np.sin(np.arange(start, start + 1024) / 20).astype(np.float32)[None]
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
        frame.sample_rate, frame.pts = 16_000, start
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def damage(path: Path, *, at: float, count: int = 200, seed: int = 0) -> Path:
    """Overwrite ``count`` bytes from the fraction ``at`` of the file with noise."""
    raw = bytearray(path.read_bytes())
    start = int(len(raw) * at)
    raw[start : start + count] = np.random.default_rng(seed).bytes(len(raw[start : start + count]))
    path.write_bytes(raw)
    return path


def cut_off(path: Path, *, at: float) -> Path:
    """Keep only the fraction ``at`` of the file."""
    raw = path.read_bytes()
    path.write_bytes(raw[: int(len(raw) * at)])
    return path
