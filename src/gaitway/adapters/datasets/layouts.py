"""Where the field's data sets keep a walk: folders to subject, condition and view.

Source:
    The data sets' papers and public descriptions: CASIA-B (Yu, Tan and Tan, ICPR 2006), OU-MVLP (Takemura et
    al., IPSJ 2018), GREW (Zhu et al., ICCV 2021), Gait3D (Zheng et al., CVPR 2022), SUSTech1K (Shen et al.,
    CVPR 2023), CCPG (Li et al., CVPR 2023).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from gaitway.adapters.datasets.format import HEADER
from gaitway.adapters.video.kinds import natural_key
from gaitway.errors import InputError
from gaitway.files import translated

PICTURES = (".png", ".jpg", ".jpeg", ".bmp")
PICKLE = ".pkl"
_OUMVLP = re.compile(r"Silhouette_(\d{3})-(\d{2})")


@dataclass(frozen=True, slots=True)
class WalkFolder:
    """The folder with a walk's files, and whose walk it is."""

    subject: str
    condition: str
    view: str
    folder: Path

    @property
    def name(self) -> str:
        """Subject, condition and view in a word."""
        return f"{self.subject}/{self.condition}/{self.view}"


def walk_folders(root: Path, layout: str = "auto") -> list[WalkFolder]:
    """Return the folders of all walks, in natural order of subject, condition and view.

    Args:
        root: The data set.
        layout: One of ``LAYOUTS``, or ``auto``.

    Raises:
        InputError: There is no such layout, or no walk.
        StoreError: The folder cannot be read.
    """
    layout = find_layout(root) if layout == "auto" else layout
    if layout not in LAYOUTS:
        raise InputError(f"the layout {layout!r} is unknown, wanted auto or one of {', '.join(LAYOUTS)}")
    found = sorted(LAYOUTS[layout](root), key=lambda walk: natural_key(walk.name))
    if not found:
        raise InputError(f"{root} has no walk in the layout {layout!r}: {_WANTED}")
    return found


def find_layout(root: Path) -> str:
    """Return which layout a folder of pictures or pickles has.

    Raises:
        InputError: None of those that are known.
    """
    names = [path.name for path in subfolders(root)]
    if any(_OUMVLP.fullmatch(name) for name in names):
        return "oumvlp"
    if (root / "train").is_dir() or any((root / "test" / part).is_dir() for part in ("gallery", "probe")):
        return "grew"
    if next(_three_deep(root), None) is not None:
        return "tree"
    raise InputError(f"{root} is no data set of walks: {_WANTED}")


def subfolders(folder: Path) -> list[Path]:
    """Return the folders in a folder in natural order, hidden ones and what archives leave behind not."""
    with translated("read", folder), os.scandir(folder) as entries:
        found = [e.name for e in entries if e.name[0] not in "._" and e.is_dir()]
    return [folder / name for name in sorted(found, key=natural_key)]


def files(folder: Path, suffixes: tuple[str, ...]) -> list[Path]:
    """Return the files of a folder with one of ``suffixes``, in natural order, hidden ones not."""
    with translated("read", folder), os.scandir(folder) as entries:
        found = [e.name for e in entries if e.name[0] != "." and e.name.lower().endswith(suffixes)]
    return [folder / name for name in sorted(found, key=natural_key)]


def picture_files(walk: WalkFolder, pattern: str | None = None) -> list[Path]:
    """Return a walk's pictures in time order.

    Args:
        walk: Where they lie: in the folder, or in the one folder in it that ``pattern`` names.
        pattern: Such as ``*sil*``.

    Raises:
        InputError: Several folders would do, or none.
    """
    found = files(walk.folder, PICTURES)
    if found:
        return found
    inner = [path for path in subfolders(walk.folder) if pattern is None or fnmatch(path.name, pattern)]
    if len(inner) > 1:
        names = ", ".join(path.name for path in inner)
        raise InputError(f"{walk.folder} holds {names}: name the one to use with --maps")
    return files(inner[0], PICTURES) if inner else []


def _three_deep(root: Path) -> Iterator[WalkFolder]:
    for subject in subfolders(root):
        for condition in subfolders(subject):
            for view in subfolders(condition):
                yield WalkFolder(subject.name, condition.name, view.name, view)


def _oumvlp(root: Path) -> Iterator[WalkFolder]:
    """Silhouette_<view>-<recording>/<subject>/<frame>.png."""
    for recording in subfolders(root):
        match = _OUMVLP.fullmatch(recording.name)
        if match:
            for subject in subfolders(recording):
                yield WalkFolder(subject.name, match[2], match[1], subject)


def _grew(root: Path) -> Iterator[WalkFolder]:
    """train/<subject>/<video>, test/gallery/<subject>/<video> and test/probe/<video>.

    Training subjects get the suffix "train": their numbers come again in the test set, for other people. A
    subject's videos are numbered, 00 on in training and 01 on in the gallery; probes are the subject "probe".
    """
    parts = ((root / "train", "train", 0), (root / "test" / "gallery", "", 1))
    for folder, suffix, first in parts:
        for subject in subfolders(folder) if folder.is_dir() else []:
            for number, video in enumerate(subfolders(subject), first):
                yield WalkFolder(subject.name + suffix, f"{number:02d}", video.name, video)
    probes = root / "test" / "probe"
    for video in subfolders(probes) if probes.is_dir() else []:
        yield WalkFolder("probe", "03", video.name, video)


LAYOUTS: dict[str, Callable[[Path], Iterator[WalkFolder]]] = {
    "tree": _three_deep,
    "casia-b": _three_deep,
    "gait3d": _three_deep,
    "sustech1k": _three_deep,
    "ccpg": _three_deep,
    "oumvlp": _oumvlp,
    "grew": _grew,
}
_WANTED = (
    f"wanted {HEADER}, <subject>/<condition>/<view>/ with pictures or .pkl files, "
    "Silhouette_<view>-<recording>/<subject>/, or GREW's train/ and test/"
)
