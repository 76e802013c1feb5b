"""From a decoded frame to an upright RGB picture: deinterlacing, colour, rotation, size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast

import av
import av.filter
import cv2
import numpy as np
from av.buffer import Buffer
from av.sidedata.sidedata import SideDataContainer
from av.sidedata.sidedata import Type as SideDataType
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter
from jaxtyping import UInt8

# Matrix coefficients (ISO/IEC 23091-2) to swscale's tables; those it lacks (YCgCo, ICtCp) are guessed.
_MATRIX = {
    1: Colorspace.ITU709,
    4: Colorspace.FCC,
    5: Colorspace.ITU601,
    6: Colorspace.ITU601,
    7: Colorspace.SMPTE240M,
    9: Colorspace.BT2020,
    10: Colorspace.BT2020,
}
_QUARTER_TURNS = {1: cv2.ROTATE_90_COUNTERCLOCKWISE, 2: cv2.ROTATE_180, 3: cv2.ROTATE_90_CLOCKWISE}


def guess_matrix(width: int, height: int) -> Colorspace:
    """Return the colour matrix of a video that does not name one: BT.601 up to 576 lines, BT.709 above.

    Source:
        mpv, ``mp_csp_guess_colorspace``: the rule players follow; differs: upright video counts like lying.
    """
    is_high_definition = max(width, height) >= 1280 or min(width, height) > 576
    return Colorspace.ITU709 if is_high_definition else Colorspace.ITU601


class Orientation(tuple[int, bool]):
    """How a picture is turned upright: mirrored left-right or not, then quarter turns counterclockwise."""

    __slots__ = ()

    @classmethod
    def of(cls, frame: av.VideoFrame) -> Orientation:
        """Read the display matrix of ``frame``; angles between are rounded to a quarter turn.

        Source:
            ISO/IEC 14496-12, 6.2.2: (x, y) goes to (a x + c y, b x + d y), y down.
        """
        # frame.side_data would keep the container, which keeps the frame: a picture that only the garbage
        # collector finds, some 200 frames later.
        side_data = cast("Mapping[SideDataType, Buffer]", SideDataContainer(frame))  # type: ignore[call-arg]  # the stub omits it
        if SideDataType.DISPLAYMATRIX not in side_data:
            return cls((0, False))
        raw = side_data[SideDataType.DISPLAYMATRIX]
        a, b, _, c, d = np.frombuffer(bytes(raw), np.int32)[:5].astype(np.float64)
        mirrored = a * d - b * c < 0
        if mirrored:  # undo a left-right mirroring done first: x goes to -x
            a, b = -a, -b
        turns = round(float(np.arctan2(-b, a)) / (np.pi / 2)) % 4
        return cls((turns, bool(mirrored)))

    def apply(self, image: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "h2 w2 3"]:
        """Return the upright picture, contiguous."""
        turns, mirrored = self
        if mirrored:
            image = cv2.flip(image, 1)
        if turns:
            image = cv2.rotate(image, _QUARTER_TURNS[turns])
        return image


class RgbConverter:
    """Converts frames to upright RGB. Alpha is dropped: the colours are taken as stored.

    Frames that differ in size from the first are scaled to it; ``resized`` counts them.
    """

    def __init__(self) -> None:
        self.resized = 0
        self._size_wh: tuple[int, int] | None = None
        self._reformatter = VideoReformatter()

    def convert(self, frame: av.VideoFrame) -> UInt8[np.ndarray, "h w 3"]:
        """Return the upright RGB picture of ``frame``, (H, W, 3) uint8, contiguous."""
        image = Orientation.of(frame).apply(self._rgb(frame))
        size_wh = (image.shape[1], image.shape[0])
        if self._size_wh is None:
            self._size_wh = size_wh
        if size_wh != self._size_wh:
            self.resized += 1
            image = cv2.resize(image, self._size_wh, interpolation=cv2.INTER_AREA)
        return np.ascontiguousarray(image)

    def _rgb(self, frame: av.VideoFrame) -> UInt8[np.ndarray, "h w 3"]:
        matrix = _MATRIX.get(frame.colorspace) or guess_matrix(frame.width, frame.height)
        is_full = frame.color_range == ColorRange.JPEG or frame.format.name.startswith("yuvj")
        if frame.color_range == ColorRange.UNSPECIFIED and frame.format.name.startswith("gray"):
            is_full = True  # grey without a range comes from pictures, not from television
        rgb = self._reformatter.reformat(
            frame,
            format="rgb24",
            src_colorspace=matrix,
            dst_colorspace=matrix,
            src_color_range=ColorRange.JPEG if is_full else ColorRange.MPEG,
            dst_color_range=ColorRange.JPEG,
            threads=1,
        )
        return rgb.to_ndarray()


class Deinterlacer:
    """Deinterlaces the frames flagged interlaced, passes the others; one frame out per frame in.

    Source:
        FFmpeg's bwdif filter (Weston 3-field deinterlacer), mode send_frame, deint interlaced.
    """

    def __init__(self) -> None:
        self.interlaced = 0
        self._graph: av.filter.Graph | None = None
        self._layout: tuple[int, int, str] | None = None

    def feed(self, frame: av.VideoFrame) -> Iterator[av.VideoFrame]:
        """Yield the frames that are ready; nothing is held back until the first interlaced frame."""
        self.interlaced += bool(frame.interlaced_frame)
        layout = (frame.width, frame.height, frame.format.name)
        if self._graph is not None and layout != self._layout:
            yield from self.flush()
        if self._graph is None:
            if not frame.interlaced_frame:
                yield frame
                return
            self._graph, self._layout = _bwdif_graph(frame), layout
        self._graph.push(frame)
        yield from _pull_all(self._graph)

    def flush(self) -> Iterator[av.VideoFrame]:
        """Yield what is held back."""
        graph, self._graph = self._graph, None
        if graph is not None:
            graph.push(None)
            yield from _pull_all(graph)


def _bwdif_graph(frame: av.VideoFrame) -> av.filter.Graph:
    graph = av.filter.Graph()
    source = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base
    )
    bwdif = graph.add("bwdif", "mode=send_frame:parity=auto:deint=interlaced")
    sink = graph.add("buffersink")
    source.link_to(bwdif)
    bwdif.link_to(sink)
    graph.configure()
    return graph


def _pull_all(graph: av.filter.Graph) -> Iterator[av.VideoFrame]:
    while True:
        try:
            frame = cast("av.VideoFrame", graph.pull())
        except (av.error.BlockingIOError, av.error.EOFError):
            return
        yield frame
