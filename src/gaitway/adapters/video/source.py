"""Video in: one door for files, image folders, cameras and urls."""

from __future__ import annotations

from pathlib import Path

from gaitway.adapters.video.container import ReaderConfig
from gaitway.adapters.video.decoder import StreamSource
from gaitway.adapters.video.images import ImageFolderSource
from gaitway.adapters.video.kinds import SourceKind, kind_of
from gaitway.protocols import VideoSource


def open_video(source: str | Path, *, config: ReaderConfig | None = None) -> VideoSource:
    """Open a video for reading; use it in a ``with`` statement and iterate it once.

    Args:
        source: A video file, a folder of pictures, ``camera:0``, ``/dev/video0``, an rtsp or http url.
        config: Threads, time-outs and rates; the defaults suit files and cameras alike.

    Returns:
        Frames upright in RGB. ``warnings`` is complete once the last frame was taken.

    Raises:
        VideoNotFoundError: There is no such file, folder, camera or host.
        VideoDecodeError: It is no video, has no moving picture, or not one picture of it can be decoded.
    """
    config = config or ReaderConfig()
    text = str(source)
    if kind_of(text) is SourceKind.FILE and Path(text).is_dir():
        return ImageFolderSource(text, config)
    return StreamSource(text, config)
