"""What a container promised against what was read: no video ends early in silence.

Noise within one H.264 packet can happen to be valid H.264 (a third of random hits); no decoder notices that.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from gaitway.adapters.video.layout import is_cut_off

# Containers whose header states how long they are; elsewhere the duration is FFmpeg's estimate from the bit
# rate or from the file's last time stamp, and promises nothing.
_STATES_DURATION = ("mov", "matroska", "avi", "flv", "asf")
_EVEN_SHARE = (
    0.95  # of the steps between pictures, for the rest to be taken as losses and not as a varying rate
)
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
    even_steps: int = 0
    long_steps: int = 0
    skipped: int = 0

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

    def see_step(self, step_s: float, period_s: float) -> None:
        """Count the time from one picture to the next; 2 ms are the rounding of coarse clocks."""
        if abs(step_s - period_s) <= max(0.1 * period_s, 0.002):
            self.even_steps += 1
        elif step_s > period_s:
            self.long_steps += 1
            self.skipped += round(step_s / period_s) - 1

    @property
    def lost(self) -> int:
        """Pictures that seem to be lost: leaps in time of a video that is even otherwise."""
        is_even = self.even_steps >= _EVEN_SHARE * (self.even_steps + self.long_steps)
        return self.skipped if is_even else 0


@dataclass(frozen=True)
class Promise:
    """What the container says of itself.

    Attributes:
        frames: Pictures to be shown; None where the header does not say.
        end_s: End of the stream in the container's seconds; None where the header does not say.
        period_s: One frame period in seconds.
        is_cut_off: The file is shorter than its own parts say.
    """

    frames: int | None
    end_s: Fraction | None
    period_s: Fraction
    is_cut_off: bool = False

    @classmethod
    def of(cls, container: InputContainer, stream: VideoStream, path: Path | None) -> Promise:
        """Read the header of a freshly opened container; ``path`` is None for a camera or url."""
        period_s = 1 / Fraction(stream.average_rate or stream.guessed_rate or 25)
        is_cut = path is not None and is_cut_off(path)
        return cls(_frames(container, stream), _end_s(container, stream), period_s, is_cut)


def _frames(container: InputContainer, stream: VideoStream) -> int | None:
    """Return the number of pictures the header promises.

    An mp4's edit list hides some of its samples. A fragmented mp4 has more samples than its header counts.
    """
    entries = stream.index_entries
    if not stream.frames:
        return None
    if "mov" not in container.format.name or not len(entries):
        return stream.frames
    return sum(not e.is_discard for e in entries) if len(entries) <= stream.frames else None


def _end_s(container: InputContainer, stream: VideoStream) -> Fraction | None:
    """Return the stated end, never later than meant: some writers count from the first picture."""
    if not any(name in container.format.name for name in _STATES_DURATION):
        return None
    if stream.duration and stream.time_base is not None:
        return Fraction(stream.duration) * stream.time_base
    tagged = _tagged_duration_s(stream.metadata.get("DURATION", ""))
    if tagged is not None:  # matroska: the stream's own end
        return tagged
    is_alone = len(container.streams) == 1
    return Fraction(container.duration, av.time_base) if is_alone and container.duration else None


def _tagged_duration_s(tag: str) -> Fraction | None:
    """Return the seconds of matroska's ``HH:MM:SS.nnnnnnnnn`` tag; None where there is none."""
    parts = tag.strip().split(":")
    try:
        hours, minutes, seconds = (Fraction(p) for p in parts)
    except (ValueError, ZeroDivisionError):
        return None
    return hours * 3600 + minutes * 60 + seconds


def closing_warnings(tally: Tally, promise: Promise) -> list[str]:
    """Return one line for each thing that went wrong in a stream read to its end."""
    warnings = []
    broken = tally.corrupt_packets + tally.undecodable + tally.unreadable
    if broken:
        warnings.append(f"{broken} corrupt packets were met; pictures there are missing or damaged")
    if tally.corrupt_pictures:
        warnings.append(f"{tally.corrupt_pictures} pictures are damaged; they were kept")
    if tally.resized:
        warnings.append(f"the picture size changes; {tally.resized} pictures were scaled to the first size")
    if tally.gave_up:
        warnings.append(f"reading stopped after picture {tally.frames} ({tally.last_error.lower()})")
    shortfall = _shortfall(tally, promise)
    if shortfall:
        warnings.append(shortfall)
    return warnings


def _shortfall(tally: Tally, promise: Promise) -> str | None:
    """Return in words what of the promise is missing; None where nothing is."""
    is_early = promise.end_s is not None and tally.end_s < promise.end_s - _LATE_FRAMES * promise.period_s
    if promise.frames is not None:
        missing = promise.frames - tally.frames
        if missing <= 0:
            return None
        if is_early or promise.is_cut_off or promise.end_s is None:
            return f"the file ends early: {tally.frames} pictures read, {promise.frames} promised"
        return f"{missing} of {promise.frames} pictures are missing"
    if is_early:
        return (
            f"the file ends early: at {float(tally.end_s):.2f} s, {float(promise.end_s or 0):.2f} s promised"
        )
    return _uncounted_shortfall(tally, is_cut_off=promise.is_cut_off)


def _uncounted_shortfall(tally: Tally, *, is_cut_off: bool) -> str | None:
    """Return what the file's layout and the pictures' times tell where the header counts nothing."""
    if is_cut_off:
        return f"the file is cut off: {tally.frames} pictures read, how many there were is not known"
    if tally.lost:
        return f"about {tally.lost} pictures are missing: the time leaps in an otherwise even video"
    return None
