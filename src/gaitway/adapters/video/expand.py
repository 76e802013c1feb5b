"""From what the user typed to the list of videos: files, globs, folders, image folders, cameras, urls."""

from __future__ import annotations

import glob
from pathlib import Path

from gaitway.adapters.video.kinds import (
    VIDEO_SUFFIXES,
    SourceKind,
    images_in,
    kind_of,
    natural_key,
    shown,
    videos_in,
)
from gaitway.errors import VideoError, VideoNotFoundError


def expand_sources(patterns: list[str]) -> list[str]:
    """Return the inputs that ``patterns`` name, each once, in the order given.

    A file stands for itself whatever its suffix. A folder stands for its videos; without videos, for one
    image folder; without pictures, for those of its subfolders that hold pictures. A glob stands for the
    videos and image folders it matches. Within a pattern the order is natural (2 before 10), hidden files
    are left out. Urls and cameras pass unchanged.

    Raises:
        VideoNotFoundError: A pattern names nothing; the message says which.
    """
    found: dict[str, str] = {}
    for pattern in patterns:
        for source in _expand(str(pattern)):
            found.setdefault(_identity(source), source)
    return list(found.values())


def _expand(pattern: str) -> list[str]:
    if kind_of(pattern) is not SourceKind.FILE:
        return [pattern]
    path = Path(pattern)
    try:
        if path.is_dir():
            return _expand_folder(path)
        if path.exists():
            return [pattern]
        matches = glob.glob(pattern, recursive=True) if glob.has_magic(pattern) else []  # noqa: PTH207 - may be absolute
        sources = [m for m in sorted(matches, key=natural_key) if _is_input(Path(m))]
    except VideoError:  # an OSError too, but already told in our words
        raise
    except OSError as error:
        raise VideoError(
            f"{shown(pattern)}: {error.strerror or error}: check the path and its rights"
        ) from error
    except ValueError as error:  # a NUL in the path
        raise VideoNotFoundError(f"{shown(pattern)} is not a path: check its spelling") from error
    if not sources:
        raise VideoNotFoundError(
            f"{shown(pattern)}: no such video, wanted a file, folder, pattern or url: check the path"
        )
    return sources


def _expand_folder(folder: Path) -> list[str]:
    videos = videos_in(folder)
    if videos:
        return [str(v) for v in videos]
    if images_in(folder):
        return [str(folder)]
    subfolders = [s for s in folder.iterdir() if s.is_dir() and s.name[0] != "." and images_in(s)]
    if not subfolders:
        raise VideoNotFoundError(
            f"{shown(folder)} holds no videos or images, wanted at least one: check the folder"
        )
    return [str(s) for s in sorted(subfolders, key=lambda s: natural_key(s.name))]


def _is_input(path: Path) -> bool:
    if path.is_dir():
        return bool(images_in(path))
    return path.suffix.lower() in VIDEO_SUFFIXES


def _identity(source: str) -> str:
    return str(Path(source).resolve()) if kind_of(source) is SourceKind.FILE else source
