"""A folder of pictures as a video."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import cv2
import numpy as np
from jaxtyping import UInt8

from gaitway.adapters.video.container import ReaderConfig
from gaitway.adapters.video.kinds import images_in, shown
from gaitway.adapters.video.names import video_name
from gaitway.errors import InputError, VideoDecodeError, VideoNotFoundError
from gaitway.types import Frame


class ImageFolderSource:
    """The pictures of a folder, in natural order, as a ``VideoSource``.

    EXIF turns them upright, alpha is dropped.
    A picture that cannot be read is left out and reported; the times of the others stay.
    """

    def __init__(self, folder: str, config: ReaderConfig) -> None:
        self.name = video_name(folder)
        self.frame_rate = config.image_rate
        self.warnings: list[str] = []
        self._shown = shown(folder)
        self._paths = images_in(Path(folder))
        self._started = False
        if not self._paths:
            raise VideoNotFoundError(
                f"{self._shown} holds no pictures, wanted png, jpg or the like: check the folder"
            )
        first = next((image for image in map(_read_rgb, self._paths) if image is not None), None)
        if first is None:
            raise VideoDecodeError(
                f"{self._shown}: none of its {len(self._paths)} pictures can be read: check them"
            )
        self.size_wh = (first.shape[1], first.shape[0])
        self.frame_count: int | None = len(self._paths)

    def __iter__(self) -> Iterator[Frame]:
        if self._started:
            raise InputError(f"{self._shown} was read already: open it again to read it twice")
        self._started = True
        return self._read()

    def __enter__(self) -> ImageFolderSource:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is held open."""

    def _read(self) -> Iterator[Frame]:
        index = resized = 0
        unreadable: list[str] = []
        for position, path in enumerate(self._paths):
            image = _read_rgb(path)
            if image is None:
                unreadable.append(path.name)
                continue
            if (image.shape[1], image.shape[0]) != self.size_wh:
                resized += 1
                image = cv2.resize(image, self.size_wh, interpolation=cv2.INTER_AREA)
            yield Frame(image, index, float(position / self.frame_rate))
            index += 1
        if unreadable:
            self.warnings.append(f"{len(unreadable)} pictures cannot be read, first {shown(unreadable[0])}")
        if resized:
            self.warnings.append(f"{resized} pictures were scaled to the first one's size")


def _read_rgb(path: Path) -> UInt8[np.ndarray, "h w 3"] | None:
    """Return a picture upright as RGB; None where it cannot be read."""
    try:
        raw = np.fromfile(path, np.uint8)  # not imread: on Windows it cannot open every name
        image = cv2.imdecode(raw, cv2.IMREAD_COLOR_RGB) if raw.size else None
    except (OSError, cv2.error):
        return None
    return None if image is None else np.ascontiguousarray(image, dtype=np.uint8)
