"""Opening a container safely: what may be read is listed, time is limited, every error is one line."""

from __future__ import annotations

import os
import stat
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.video.stream import VideoStream

from gaitway.adapters.video.kinds import SourceKind, kind_of, shown, url_scheme
from gaitway.adapters.video.layout import is_mp4
from gaitway.errors import InputError, VideoDecodeError, VideoError, VideoNotFoundError

# Formats that hold their pictures themselves. Left out on purpose: those that point to other files or to the
# network (concat, hls, dash, sdp, imf, image2, lavfi ...), so a file renamed .mp4 reads nothing but itself.
_FORMATS = (
    "mov,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,asf,ogg,mxf,dv,gif,apng,yuv4mpegpipe,ivf,nut"
    ",h264,hevc,m4v,mjpeg,mpjpeg,mjpeg_2000"
)
_HTTP_PROTOCOLS = "http,https,tls,tcp"  # a server may send the reader on, but never to a local file
_RTSP_PROTOCOLS = "rtsp,rtsps,rtp,srtp,udp,tcp,tls,crypto"
_CAMERA_FORMATS = {"linux": "v4l2", "darwin": "avfoundation", "win32": "dshow"}


@dataclass(frozen=True)
class ReaderConfig:
    """How videos are read.

    Attributes:
        threads: Decoder threads; 0 lets the decoder choose by the number of cores.
        open_timeout_s: Longest wait for a url or camera to open.
        read_timeout_s: Longest wait for the next piece of a url or camera.
        rtsp_transport: "tcp" (no lost packets, passes firewalls) or "udp" (less delay).
        camera_size_wh: Picture size to ask a camera for; None takes its own.
        camera_rate: Frame rate to ask a camera for; None takes its own.
        image_rate: Frame rate given to image folders and to videos that state none; 30 is most cameras'.
        broken_reads: Reading errors in a row after which the rest of a file is given up.
    """

    threads: int = 0
    open_timeout_s: float = 10.0
    read_timeout_s: float = 10.0
    rtsp_transport: str = "tcp"
    camera_size_wh: tuple[int, int] | None = None
    camera_rate: int | None = None
    image_rate: Fraction = Fraction(30)
    broken_reads: int = 10

    def __post_init__(self) -> None:
        if self.threads < 0 or min(self.open_timeout_s, self.read_timeout_s) <= 0 or self.image_rate <= 0:
            raise InputError(
                "ReaderConfig wants threads >= 0 and time-outs and rates above 0: check its values"
            )
        if self.rtsp_transport not in {"tcp", "udp"}:
            raise InputError(f"rtsp_transport is {self.rtsp_transport!r}, wanted tcp or udp")


def open_container(source: str, config: ReaderConfig) -> InputContainer:
    """Open ``source`` for reading, whatever its kind.

    Raises:
        VideoNotFoundError: There is no such file, camera or host.
        VideoDecodeError: It is not a video, is empty or cut off before its index, or does not answer in time.
    """
    kind = kind_of(source)
    if kind is SourceKind.FILE:
        return _open_file(Path(source))
    if kind is SourceKind.CAMERA:
        return _open_camera(source, config)
    return _open_url(source, config)


def video_stream(container: InputContainer, source: str) -> VideoStream:
    """Return the stream with the moving picture; cover art does not count.

    Raises:
        VideoDecodeError: There is none.
    """
    attached = av.stream.Disposition.attached_pic
    streams = [s for s in container.streams.video if not s.disposition & attached]
    readable = [s for s in streams if s.codec_context is not None]
    if readable:
        best = container.streams.best("video")
        return best if best in readable else readable[0]
    if streams:
        raise VideoDecodeError(f"{shown(source)} is in an unknown video format: convert it to H.264")
    others = ", ".join(sorted({str(s.type) for s in container.streams} - {"video"})) or "nothing"
    raise VideoDecodeError(f"{shown(source)} has no moving picture, only {others}: give a video")


def _open_file(path: Path) -> InputContainer:
    _check_file(path)
    options = {"protocol_whitelist": "file", "format_whitelist": _FORMATS}
    try:
        return av.open(f"file:{path.absolute()}", options=options, metadata_errors="replace")
    except FFmpegError as error:
        raise VideoDecodeError(f"{shown(path)} {_why_unreadable(path, error)}") from error


def _check_file(path: Path) -> None:
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise VideoNotFoundError(f"{shown(path)}: no such file: check the path") from error
    except (OSError, ValueError) as error:
        raise VideoError(f"{shown(path)} cannot be read ({error}): check the path and its rights") from error
    if not stat.S_ISREG(status.st_mode):
        raise VideoDecodeError(
            f"{shown(path)} is not a regular file: give a video file, image folder, camera or url"
        )
    if status.st_size == 0:
        raise VideoDecodeError(f"{shown(path)} is empty (0 bytes), wanted a video: copy or record it again")
    if not os.access(path, os.R_OK):
        raise VideoError(f"{shown(path)} may not be read: change its rights")


def _why_unreadable(path: Path, error: FFmpegError) -> str:
    if is_mp4(path):
        return (
            "is cut off or damaged: an mp4 without its index (moov) cannot be read: copy or record it again"
        )
    return f"is not a video ({_cause(error)}), wanted one such as mp4, mkv, avi or webm: check the file"


def _open_camera(source: str, config: ReaderConfig) -> InputContainer:
    name = _CAMERA_FORMATS.get(sys.platform, "v4l2")
    number = source.removeprefix("camera:")
    device = number
    if name == "v4l2":
        device = source if source.startswith("/dev/") else f"/dev/video{number}"
        if not Path(device).exists():
            raise VideoNotFoundError(
                f"{source}: there is no camera {device}: plug it in or give another number"
            )
    elif name == "dshow":
        device = f"video={number}"
    options = {"format_whitelist": av.ContainerFormat(name, "r").name}
    if config.camera_size_wh is not None:
        options["video_size"] = "{}x{}".format(*config.camera_size_wh)
    if config.camera_rate is not None:
        options["framerate"] = str(config.camera_rate)
    return _open_live(device, name, options, source, config)


def _open_url(source: str, config: ReaderConfig) -> InputContainer:
    scheme = url_scheme(source)
    if scheme is None:
        raise VideoNotFoundError(
            f"{shown(source)} has a scheme gaitway does not read, wanted rtsp(s) or http(s)"
        )
    if scheme in {"http", "https"}:
        options = {"protocol_whitelist": _HTTP_PROTOCOLS, "format_whitelist": _FORMATS}
        return _open_live(source, None, options, source, config)
    options = {"protocol_whitelist": _RTSP_PROTOCOLS, "format_whitelist": "rtsp,mpegts"}
    options["rtsp_transport"] = config.rtsp_transport
    return _open_live(source, "rtsp", options, source, config)


def _open_live(
    address: str, name: str | None, options: dict[str, str], source: str, config: ReaderConfig
) -> InputContainer:
    timeout = (config.open_timeout_s, config.read_timeout_s)
    start_s = time.monotonic()
    try:
        return av.open(address, format=name, options=options, timeout=timeout, metadata_errors="replace")
    except (FFmpegError, OSError) as error:
        kind = VideoNotFoundError if _is_absent(error) else VideoDecodeError
        is_late = time.monotonic() - start_s >= config.open_timeout_s  # some formats hide the time-out
        cause = "no answer in time" if is_late else _cause(error)
        raise kind(f"{shown(source)} cannot be opened ({cause}): check address, rights and network") from None


def _is_absent(error: Exception) -> bool:
    absent = (av.error.HTTPNotFoundError, FileNotFoundError, ConnectionRefusedError)
    return isinstance(error, absent)


def _cause(error: Exception) -> str:
    """Return what FFmpeg said, without the address, which may hold a password."""
    text = getattr(error, "strerror", None) or type(error).__name__
    return str(text)[:1].lower() + str(text)[1:]


def close_quietly(container: InputContainer) -> None:
    """Close a container; what fails on closing an input is of no use to anybody."""
    with suppress(FFmpegError, OSError):
        container.close()
