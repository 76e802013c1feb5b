"""What an input is: a file or folder, a camera, or a url; and how it may be shown."""

from __future__ import annotations

import enum
import re
from pathlib import Path
from urllib.parse import urlsplit

VIDEO_SUFFIXES = frozenset(
    {".mp4", ".m4v", ".mov", ".3gp", ".3g2", ".mj2", ".mkv", ".webm", ".avi", ".divx", ".ts", ".m2ts", ".mts"}
    | {".mpg", ".mpeg", ".m2v", ".vob", ".mod", ".flv", ".f4v", ".wmv", ".asf", ".ogv", ".ogg", ".mxf", ".dv"}
    | {".gif", ".apng", ".y4m", ".ivf", ".nut", ".h264", ".264", ".h265", ".265", ".hevc", ".mjpeg", ".mjpg"}
)
IMAGE_SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".jpe", ".bmp", ".tif", ".tiff", ".webp", ".pgm", ".ppm", ".pnm"}
)

_CAMERA = re.compile(r"camera:(\d+)$|/dev/video\d+$")
_URL_SCHEMES = ("rtsp", "rtsps", "http", "https")
_URL = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)
_DIGITS = re.compile(r"(\d+)")


class SourceKind(enum.Enum):
    """The three ways to get pictures."""

    FILE = "file"
    CAMERA = "camera"
    URL = "url"


def kind_of(source: str) -> SourceKind:
    """Return the kind of an input by its spelling alone; a folder counts as a file."""
    if _CAMERA.match(source):
        return SourceKind.CAMERA
    return SourceKind.URL if _URL.match(source) else SourceKind.FILE


def url_scheme(source: str) -> str | None:
    """Return the scheme of a url that gaitway reads, in lower case; None for any other."""
    scheme = urlsplit(source).scheme.lower()
    return scheme if scheme in _URL_SCHEMES else None


def shown(source: str | Path) -> str:
    """Return ``source`` as messages may show it: one line, and a url without user, password and query.

    Examples:
        >>> shown("rtsp://user:secret@10.0.0.7:554/door?token=1")
        'rtsp://10.0.0.7:554/door'
    """
    text = str(source)
    if kind_of(text) is SourceKind.URL:
        rest = text.split("://", 1)[1]
        authority, slash, path = rest.partition("/")
        text = f"{text.split('://', 1)[0]}://{authority.rpartition('@')[2]}{slash}{re.split('[?#]', path)[0]}"
    return "".join(c if c.isprintable() else "?" for c in text)


def natural_key(text: str) -> tuple[tuple[int, int | str], ...]:
    """Return a sort key in which numbers count as numbers: ``001-996.png`` before ``001-1000.png``."""
    parts = _DIGITS.split(text)
    numbered = tuple((0, int(p)) if i % 2 else (1, p.casefold()) for i, p in enumerate(parts))
    return (*numbered, (2, text))  # the text itself decides between 1.png and 01.png


def videos_in(folder: Path) -> list[Path]:
    """Return the video files of a folder, by suffix, in natural order."""
    return _files_in(folder, VIDEO_SUFFIXES)


def images_in(folder: Path) -> list[Path]:
    """Return the pictures of a folder, by suffix, in natural order."""
    return _files_in(folder, IMAGE_SUFFIXES)


def _files_in(folder: Path, suffixes: frozenset[str]) -> list[Path]:
    found = [p for p in folder.iterdir() if p.suffix.lower() in suffixes and p.name[0] != "." and p.is_file()]
    return sorted(found, key=lambda p: natural_key(p.name))
