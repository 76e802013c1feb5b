"""What a container promised against what was read: no video ends early in silence."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import av
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

# Containers whose header states how long they are; elsewhere the duration is FFmpeg's estimate from the bit
# rate or from the file's last time stamp, and promises nothing.
_STATES_DURATION = ("mov", "matroska", "avi", "flv", "asf")
_LATE_FRAMES = Fraction(
    3, 2
)  # ending this many frame periods before the stated end is rounding; more is early


@dataclass
class Tally:
    """What was met while reading one stream."""

    packets: int = 0
    frames: int = 0
    corrupt_packets: int = 0
    undecodable: int = 0
    unreadable: int = 0
    corrupt_pictures: int = 0
    resized: int = 0
    gave_up: bool = False
    last_error: str = ""
    end_s: Fraction = Fraction(0)

    def see_packet(self, packet: Packet[VideoStream]) -> None:
        """Count one packet and note where it ends."""
        self.packets += 1
        self.corrupt_packets += bool(packet.is_corrupt)
        if packet.pts is not None and packet.time_base is not None:
            end = (packet.pts + (packet.duration or 0)) * packet.time_base
            self.end_s = max(self.end_s, Fraction(end))

    def see_picture(self, picture: av.VideoFrame) -> None:
        """Count one decoded picture."""
        self.corrupt_pictures += bool(picture.is_corrupt)


@dataclass(frozen=True)
class Promise:
    """What the container's header says.

    Attributes:
        frames: Pictures to be shown; None where the header does not say.
        end_s: End of the stream in the container's seconds; None where the header does not say.
        period_s: One frame period in seconds.
    """

    frames: int | None
    end_s: Fraction | None
    period_s: Fraction

    @classmethod
    def of(cls, container: InputContainer, stream: VideoStream, *, is_live: bool) -> Promise:
        """Read the header of a freshly opened container."""
        rate = stream.average_rate or stream.guessed_rate or Fraction(25)
        if is_live:
            return cls(None, None, 1 / rate)
        return cls(_frames(container, stream), _end_s(container, stream), 1 / rate)


def _frames(container: InputContainer, stream: VideoStream) -> int | None:
    """Return the number of pictures the header promises; an mp4's edit list hides some of its samples."""
    if not stream.frames:
        return None
    if "mov" in container.format.name and len(stream.index_entries):
        return sum(not e.is_discard for e in stream.index_entries)
    return stream.frames


def _end_s(container: InputContainer, stream: VideoStream) -> Fraction | None:
    if not any(name in container.format.name for name in _STATES_DURATION):
        return None
    if stream.duration and stream.time_base is not None:
        return Fraction((stream.start_time or 0) + stream.duration) * stream.time_base
    tagged = _tagged_duration_s(stream.metadata.get("DURATION", ""))
    if tagged is not None:  # matroska: the time of the stream's own end
        return tagged
    is_alone = len(container.streams) == 1
    if is_alone and container.duration:
        return Fraction((container.start_time or 0) + container.duration, av.time_base)
    return None


def _tagged_duration_s(tag: str) -> Fraction | None:
    """Return the seconds of matroska's ``HH:MM:SS.nnnnnnnnn`` tag; None where there is none."""
    parts = tag.strip().split(":")
    try:
        hours, minutes, seconds = (Fraction(p) for p in parts)
    except (ValueError, ZeroDivisionError):
        return None
    return hours * 3600 + minutes * 60 + seconds


def closing_warnings(name: str, tally: Tally, promise: Promise) -> list[str]:
    """Return one line for each thing that went wrong in a stream read to its end."""
    warnings = []
    broken = tally.corrupt_packets + tally.undecodable + tally.unreadable
    if broken:
        warnings.append(f"{name}: {broken} corrupt packets were met; pictures there are missing or damaged")
    if tally.corrupt_pictures:
        warnings.append(f"{name}: {tally.corrupt_pictures} pictures are damaged; they were kept")
    if tally.resized:
        warnings.append(
            f"{name}: the picture size changes; {tally.resized} pictures were scaled to the first size"
        )
    if tally.gave_up:
        warnings.append(f"{name}: reading stopped after picture {tally.frames} ({tally.last_error.lower()})")
    shortfall = _shortfall(tally, promise)
    if shortfall:
        warnings.append(f"{name}: {shortfall}")
    return warnings


def _shortfall(tally: Tally, promise: Promise) -> str | None:
    is_early = promise.end_s is not None and tally.end_s < promise.end_s - _LATE_FRAMES * promise.period_s
    if promise.frames is not None and tally.frames < promise.frames:
        if promise.end_s is None or is_early:
            return f"the file ends early: {tally.frames} pictures read, {promise.frames} promised"
        return f"{promise.frames - tally.frames} of {promise.frames} pictures are missing"
    if is_early and promise.end_s is not None:
        return f"the file ends early: at {float(tally.end_s):.2f} s, {float(promise.end_s):.2f} s promised"
    return None
