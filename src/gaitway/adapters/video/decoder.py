"""One video stream as frames: decoding, counting what is broken, and noticing an early end."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import av
from av.error import FFmpegError
from av.packet import Packet
from av.video.stream import VideoStream

from gaitway.adapters.video.container import ReaderConfig, close_quietly, open_container, video_stream
from gaitway.adapters.video.ending import Promise, Tally, closing_warnings
from gaitway.adapters.video.kinds import SourceKind, kind_of, shown
from gaitway.adapters.video.names import video_name
from gaitway.adapters.video.picture import Deinterlacer, RgbConverter
from gaitway.errors import InputError, VideoDecodeError
from gaitway.types import Frame

_SANE_RATES = (Fraction(1, 1000), Fraction(1000))  # outside, a rate is a clock's, not a camera's


class StreamSource:
    """A file, camera or url as a ``VideoSource``: see the protocol. Read it once, in any one thread.

    Opening decodes the first picture, so what is no video fails here and sizes are known. Closing while
    another thread reads waits for the frame it is at and ends its loop.
    """

    def __init__(self, source: str, config: ReaderConfig) -> None:
        self.name = video_name(source)
        self.warnings: list[str] = []
        self._shown = shown(source)
        self._config = config
        self._is_local = kind_of(source) is SourceKind.FILE
        self._tally = Tally()
        self._deinterlacer = Deinterlacer()
        self._converter = RgbConverter()
        self._container = open_container(source, config)
        self._started = self._is_closed = False
        self._lock = threading.Lock()
        try:
            self._stream = video_stream(self._container, source)
            self._prepare_decoder()
            path = Path(source) if self._is_local else None
            self._promise = Promise.of(self._container, self._stream, path)
            self.frame_count = self._promise.frames
            self.frame_rate = self._rate()
            self._check_pixels()
            self._frames = self._read()
            first = self._first()
        except BaseException:
            close_quietly(self._container)
            raise
        self.size_wh = first.size_wh
        self._frames = itertools.chain([first], self._frames)

    def __iter__(self) -> Iterator[Frame]:
        if self._started:
            raise InputError(f"{self._shown} was read already: open it again to read it twice")
        self._started = True
        return self._guarded()

    def __enter__(self) -> StreamSource:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:  # another thread may be reading ahead: FFmpeg must not be closed under it
            self._is_closed = True
            close_quietly(self._container)

    def _guarded(self) -> Iterator[Frame]:
        while True:
            with self._lock:
                frame = None if self._is_closed else next(self._frames, None)
            if frame is None:
                return
            yield frame

    def _prepare_decoder(self) -> None:
        context = self._stream.codec_context
        context.thread_type = "AUTO"
        context.thread_count = self._config.threads
        for stream in self._container.streams:
            if stream is not self._stream:
                stream.discard = av.stream.Discard.all

    def _rate(self) -> Fraction:
        for rate in (self._stream.average_rate, self._stream.guessed_rate, self._stream.base_rate):
            if rate is not None and _SANE_RATES[0] <= rate <= _SANE_RATES[1]:
                return Fraction(rate)
        rate = self._config.image_rate
        self.warnings.append(f"the frame rate is not stated: {rate} a second is assumed")
        return rate

    def _check_pixels(self) -> None:
        aspect = self._stream.sample_aspect_ratio
        if aspect and aspect != 1:
            self.warnings.append(
                f"pixels are {aspect.numerator}:{aspect.denominator}, not square: people look wider or"
                " narrower than they are; pictures are taken as stored"
            )

    def _first(self) -> Frame:
        try:
            return next(self._frames)
        except StopIteration:
            trouble = "; ".join(self.warnings[:1]) or "its stream is empty"
            raise VideoDecodeError(
                f"{self._shown} has no picture that can be decoded ({trouble}): copy or record it again"
            ) from None

    def _read(self) -> Iterator[Frame]:
        clock, last_s = _Clock(self._origin(), 1 / self.frame_rate), 0.0
        ready = itertools.chain.from_iterable(map(self._deinterlacer.feed, self._decoded()))
        for index, picture in enumerate(itertools.chain(ready, self._deinterlacer.flush())):
            frame = Frame(self._converter.convert(picture), index, clock.time_s(picture))
            if index:
                self._tally.see_step(frame.time_s - last_s, float(1 / self.frame_rate))
            last_s = frame.time_s
            self._tally.frames += 1
            yield frame
        self._tally.resized = self._converter.resized
        self.warnings += closing_warnings(self._tally, self._promise)

    def _origin(self) -> Fraction | None:
        """Return the container's time of its beginning in seconds; None: that of the first picture."""
        start = self._container.start_time
        return Fraction(start, av.time_base) if self._is_local and start is not None else None

    def _decoded(self) -> Iterator[av.VideoFrame]:
        context = self._stream.codec_context
        for packet in itertools.chain(self._packets(), [None]):  # None: take what the decoder holds back
            if packet is not None:
                self._tally.see_packet(packet)
            try:
                pictures = context.decode(packet)
            except FFmpegError:
                self._tally.undecodable += 1
                continue
            for picture in pictures:
                picture.time_base = self._stream.time_base  # PyAV leaves it open on the last pictures
                self._tally.see_picture(picture)
                yield picture

    def _packets(self) -> Iterator[Packet[VideoStream]]:
        """Yield packets past reading errors. Empty ones are left out: to the decoder they mean the end."""
        broken = 0
        while broken < self._config.broken_reads:
            try:
                for packet in self._container.demux(self._stream):
                    if packet.size:
                        yield packet
                        broken = 0
            except (FFmpegError, OSError) as error:
                broken += 1
                self._tally.unreadable += 1
                self._tally.last_error = error.strerror or type(error).__name__
                if not self._is_local:
                    break
            else:
                return
        self._tally.gave_up = True


class _Clock:
    """Presentation times in seconds from the container's beginning, always rising."""

    def __init__(self, origin_s: Fraction | None, period_s: Fraction) -> None:
        self._origin_s = origin_s
        self._period_s = period_s
        self._last_s: Fraction | None = None

    def time_s(self, picture: av.VideoFrame) -> float:
        """Return the time of ``picture``; without one, or not after the last, a frame period later."""
        last = self._last_s
        now = None if picture.pts is None or picture.time_base is None else picture.pts * picture.time_base
        if self._origin_s is None:
            self._origin_s = now or Fraction(0)
        if now is not None:
            now -= self._origin_s
        if now is None or (last is not None and now <= last):
            now = Fraction(0) if last is None else last + self._period_s
        self._last_s = now
        return float(now)
