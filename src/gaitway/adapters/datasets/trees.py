"""Walks in trees of folders: OpenGait's pickle files, and pictures that are aligned already."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import UInt8

from gaitway.adapters.datasets.arrays import read_array, read_shape
from gaitway.adapters.datasets.format import Walk, check_walk
from gaitway.adapters.datasets.layouts import PICKLE, WalkFolder, files, picture_files
from gaitway.errors import InputError
from gaitway.files import translated
from gaitway.results import WalkRecord


class PickledWalks:
    """OpenGait's layout <subject>/<condition>/<view>/*.pkl, one array per file: a ``WalkDataset``.

    Args:
        folders: Where the walks lie.
        maps: Name patterns, one per map, where walks have several files; the maps of a frame are stacked in
            this order.

    Raises:
        InputError: A walk has several files and no pattern says which, or a file is damaged or hostile.
    """

    def __init__(self, folders: Sequence[WalkFolder], maps: Sequence[str] = ()) -> None:
        self._files = [chosen_files(walk, maps) for walk in folders]
        self._records = tuple(
            WalkRecord(walk.subject, walk.condition, walk.view, (read_shape(paths[0]) or (0,))[0])
            for walk, paths in zip(folders, self._files, strict=True)
        )

    @property
    def records(self) -> Sequence[WalkRecord]:
        """The walks' labels and lengths, in natural order."""
        return self._records

    def load(self, index: int) -> Walk:
        """Return the silhouettes of a walk.

        Raises:
            InputError: A file is damaged or hostile, or its array no walk.
        """
        return load_pickles(self._files[index])


class PicturedWalks:
    """Aligned pictures of 64x64 pixels, one per frame, in any known layout: a ``WalkDataset``.

    Args:
        folders: Where the walks lie.
        pattern: As for ``picture_files``.
    """

    def __init__(self, folders: Sequence[WalkFolder], pattern: str | None = None) -> None:
        self._folders, self._pattern = tuple(folders), pattern
        self._records = tuple(
            WalkRecord(walk.subject, walk.condition, walk.view, len(picture_files(walk, pattern)))
            for walk in folders
        )

    @property
    def records(self) -> Sequence[WalkRecord]:
        """The walks' labels and lengths, in natural order."""
        return self._records

    def load(self, index: int) -> Walk:
        """Return the silhouettes of a walk.

        Raises:
            InputError: A picture is damaged or not of 64x64 pixels.
        """
        walk = self._folders[index]
        pictures = [read_picture(path) for path in picture_files(walk, self._pattern)]
        sizes = {picture.shape for picture in pictures}
        if sizes != {(64, 64)}:
            raise InputError(
                f"{walk.folder} has pictures of {sorted(sizes)} (height, width), wanted (64, 64) alone: "
                "align them with 'gaitway dataset prepare'"
            )
        return np.stack(pictures)


def chosen_files(walk: WalkFolder, maps: Sequence[str]) -> list[Path]:
    """Return a walk's pickle files, one per map.

    Raises:
        InputError: The choice is not clear.
    """
    found = files(walk.folder, (PICKLE,))
    if not maps and len(found) == 1:
        return found
    names = ", ".join(path.name for path in found) or "no .pkl file"
    if not maps:
        raise InputError(f"{walk.folder} holds {names}, wanted one file: name the ones to use with --maps")
    chosen = [[path for path in found if fnmatch(path.name, pattern)] for pattern in maps]
    for pattern, matches in zip(maps, chosen, strict=True):
        if len(matches) != 1:
            raise InputError(
                f"{len(matches)} files of {walk.folder} fit {pattern!r}, wanted one: it holds {names}"
            )
    return [matches[0] for matches in chosen]


def load_pickles(paths: Sequence[Path]) -> Walk:
    """Read a walk's arrays; several are stacked as maps of the same frames.

    Raises:
        InputError: A file is damaged or hostile, its array is no walk, or the maps' lengths differ.
    """
    arrays = [_as_pixels(read_array(path)) for path in paths]
    for path, array in zip(paths, arrays, strict=True):
        check_walk(array, str(path))
    if len(arrays) == 1:
        return arrays[0]
    lengths = [len(array) for array in arrays]
    if len(set(lengths)) > 1:
        raise InputError(f"the maps in {paths[0].parent} have {lengths} frames, wanted as many in each")
    return np.concatenate([a if a.ndim == 4 else a[:, None] for a in arrays], axis=1)


def read_picture(path: Path) -> UInt8[np.ndarray, "h w"]:
    """Read a picture as grey values.

    Raises:
        InputError: It is no picture, or damaged.
        StoreError: It cannot be opened.
    """
    with translated("read", path):
        content = np.fromfile(path, np.uint8)
    picture = cv2.imdecode(content, cv2.IMREAD_GRAYSCALE) if len(content) else None
    if picture is None:
        raise InputError(f"{path} is no picture that can be read: delete it or copy it again")
    return np.asarray(picture, np.uint8)


def _as_pixels(array: np.ndarray) -> np.ndarray:
    """Turn truth values into pixels; anything else stays as it is."""
    return array.astype(np.uint8) * np.uint8(255) if array.dtype == np.bool_ else array
