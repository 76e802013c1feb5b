"""Video in and out, by PyAV."""

from gaitway.adapters.video.container import ReaderConfig
from gaitway.adapters.video.expand import expand_sources
from gaitway.adapters.video.names import unique_names, video_name
from gaitway.adapters.video.sink import VideoWriter, WriterConfig
from gaitway.adapters.video.source import open_video

__all__ = [
    "ReaderConfig",
    "VideoWriter",
    "WriterConfig",
    "expand_sources",
    "open_video",
    "unique_names",
    "video_name",
]
