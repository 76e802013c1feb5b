"""Takes chosen files out of zips that nobody vouches for."""

from __future__ import annotations

import shutil
import stat
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO

from gaitway.errors import ModelFileError
from gaitway.packs import ModelFile

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class ArchiveConfig:
    """What a zip of model files may be; the published ones are far below each limit.

    Attributes:
        max_entries: Most entries; the largest wheel we read has about 1600.
        max_bytes: Most bytes unpacked, in all; the largest checkpoint we know has 0.8 GB.
        max_ratio: Most bytes unpacked per byte packed, for entries above ``ratio_from_bytes``;
            trained weights hardly shrink, text rarely beyond 20.
        ratio_from_bytes: Smaller entries can do no harm, however well they are packed.
    """

    max_entries: int = 20_000
    max_bytes: int = 8 << 30
    max_ratio: float = 200.0
    ratio_from_bytes: int = 256 << 20


@contextmanager
def open_zip(
    file: Path | IO[bytes], name: str, config: ArchiveConfig | None = None
) -> Iterator[zipfile.ZipFile]:
    """Open a zip whose listing holds nothing hostile.

    Args:
        file: Its path, or its content.
        name: What to call it in errors.
        config: Limits.

    Raises:
        ModelFileError: It is no zip, is damaged, or has an entry that leaves the folder, is a link, repeats
            a name, is encrypted, or unpacks beyond the limits.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            _check_listing(archive.infolist(), name, config or ArchiveConfig())
            yield archive
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise ModelFileError(f"{name} is no whole zip ({error}): fetch it again") from error


def extract(archive: zipfile.ZipFile, files: Sequence[ModelFile], folder: Path) -> None:
    """Write the members that ``files`` name into ``folder``, flat, under the names that ``files`` give.

    Raises:
        ModelFileError: A member is absent, ambiguous or damaged.
    """
    for file in files:
        # zipfile reads no further than the listing says, so the limits on the listing hold here too.
        with archive.open(find_member(archive, file)) as source, (folder / file.name).open("xb") as target:
            shutil.copyfileobj(source, target, _CHUNK)


def find_member(archive: zipfile.ZipFile, file: ModelFile) -> zipfile.ZipInfo:
    """Return the entry at ``file.member``, or the only one of that name in any folder.

    Raises:
        ModelFileError: There is none, or there are several.
    """
    entries = [e for e in archive.infolist() if not e.is_dir()]
    wanted = PurePosixPath(file.member or file.name)
    exact = [e for e in entries if e.filename == str(wanted)]
    found = exact or [e for e in entries if PurePosixPath(e.filename).name == wanted.name]
    if len(found) != 1:
        name = Path(archive.filename or "").name
        raise ModelFileError(f"{name} has {len(found)} files called {wanted.name!r}, wanted exactly one")
    return found[0]


def _check_listing(entries: Sequence[zipfile.ZipInfo], name: str, config: ArchiveConfig) -> None:
    if len(entries) > config.max_entries:
        raise ModelFileError(f"{name} has {len(entries)} entries, more than the {config.max_entries} allowed")
    seen: set[str] = set()
    for entry in entries:
        problem = _problem(entry, seen, config)
        if problem:
            raise ModelFileError(f"{name} is refused: its entry {entry.filename[:80]!r} {problem}")
        seen.add(entry.filename.casefold())
    total = sum(entry.file_size for entry in entries)
    if total > config.max_bytes:
        raise ModelFileError(f"{name} is refused: it unpacks to {total} bytes, more than {config.max_bytes}")


def _problem(entry: zipfile.ZipInfo, seen: set[str], config: ArchiveConfig) -> str:
    """Say why an entry is not safe; nothing where it is."""
    name, kind = entry.filename, stat.S_IFMT(entry.external_attr >> 16)
    path = PurePosixPath(name)
    packed = max(entry.compress_size, 1)
    is_bomb = entry.file_size > config.ratio_from_bytes and entry.file_size > config.max_ratio * packed
    problems = (
        (
            path.is_absolute() or "\\" in name or PureWindowsPath(name).drive,
            "has an absolute or foreign path",
        ),
        (".." in path.parts, "leaves the folder"),
        (kind not in {0, stat.S_IFREG, stat.S_IFDIR}, "is a link or a device"),
        (name.casefold() in seen, "appears twice"),
        (entry.flag_bits & 1, "is encrypted"),
        (is_bomb, f"unpacks {packed} bytes to {entry.file_size}, which is a bomb"),
    )
    return next((text for is_so, text in problems if is_so), "")
