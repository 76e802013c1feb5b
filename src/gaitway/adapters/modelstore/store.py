"""The cache of model files: fetch, add, check, find."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import platformdirs
from filelock import FileLock, Timeout

from gaitway.adapters.modelstore.download import DownloadConfig, Progress
from gaitway.adapters.modelstore.fetch import fetch, source_text
from gaitway.adapters.modelstore.manifest import (
    StoredFile,
    StoredModel,
    read_manifest,
    sha256_file,
    write_manifest,
)
from gaitway.adapters.modelstore.recognise import Recognised, recognise
from gaitway.errors import GaitwayError, InputError, ModelFileError, ModelNotFoundError, StoreError
from gaitway.files import translated
from gaitway.packs import MODELS, Model, find_model

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_LOCK_TIMEOUT_S = 3600.0  # another process may be fetching the largest checkpoint on a slow line
_ADDING = ".add"  # no model can be called so


def default_home() -> Path:
    """Return where models are kept: ``GAITWAY_HOME``, or the platform's cache folder."""
    home = os.environ.get("GAITWAY_HOME")
    return Path(home).expanduser() if home else platformdirs.user_cache_path("gaitway", appauthor=False)


class ModelStore:
    """The model files on this machine, one folder per model.

    A folder appears whole or not at all: files are fetched and checked beside it, then renamed into place.
    Several processes may use one cache.

    Args:
        home: The cache; ``default_home()`` when None.
        config: How patient downloads are.
    """

    def __init__(self, home: Path | str | None = None, config: DownloadConfig | None = None) -> None:
        self.home = default_home() if home is None else Path(home)
        self._config = config or DownloadConfig()

    def path(self, name: str, member: str | None = None) -> Path:
        """Return where a model's file lies, or its folder where it has several; never fetches.

        Args:
            name: The model's name.
            member: The name of one of its files.

        Raises:
            ModelNotFoundError: The model is unknown, not in the cache or incomplete.
        """
        stored = self.find(name)
        if stored is None and name in MODELS:
            raise ModelNotFoundError(f"{name} is not in {self.home}: run 'gaitway models pull {name}'")
        if stored is None:
            raise ModelNotFoundError(
                f"no model is called {name!r}: see 'gaitway models list', or bring a file with "
                f"'gaitway models add FILE --name {name}'"
            )
        names = [file.name for file in stored.files]
        if member is None:
            return self._folder(name) / (names[0] if len(names) == 1 else "")
        if member not in names:
            raise ModelNotFoundError(f"{name} has no file {member!r}: ask for one of {', '.join(names)}")
        return self._folder(name) / member

    def find(self, name: str) -> StoredModel | None:
        """Return what is stored under ``name``, or None unless all its files are there with their sizes."""
        folder = self._folder(name)
        stored = read_manifest(folder)
        if stored is None or any(_size(folder / file.name) != file.size for file in stored.files):
            return None
        return stored

    def entries(self) -> list[StoredModel]:
        """Return the models in the cache, by name."""
        names = sorted(p.name for p in (self.home / "models").glob("*/") if _NAME.fullmatch(p.name))
        return [stored for name in names if (stored := self.find(name)) is not None]

    def ensure(self, name: str, progress: Progress | None = None) -> None:
        """Fetch a published model unless it is here already; where it is, no network is touched.

        Raises: as ``pull``, and ModelNotFoundError for a name that is neither stored nor published.
        """
        if self.find(name) is None:
            self.pull(name, progress)

    def pull(self, name: str, progress: Progress | None = None) -> StoredModel:
        """Fetch a published model unless it is here already.

        Args:
            name: Its name.
            progress: Told the file, bytes so far and bytes in all.

        Raises:
            ModelNotFoundError: The name is unknown.
            DownloadError: It could not be fetched; what came so far is kept for the next call.
            ModelFileError: What came is not what was published.
            StoreError: The cache cannot be written.
        """
        model = find_model(name)
        with self._locked(name):
            stored = self.find(name)
            if stored is not None:
                return stored
            work = self._work_folder(name)
            new = fetch(model, work, config=self._config, progress=progress)
            if any(file.sha256 is None for file in model.files):  # no hash to trust, so look what it is
                whole = new if len(model.files) > 1 else new / model.files[0].name
                _check_is(model, recognise(whole, _made(work / "scratch")))
            return self._publish(name, model.kinds, model.summary, source_text(model.source), new)

    def add(self, path: Path | str, name: str | None = None) -> StoredModel:
        """Take a file or folder that the user fetched into the cache, once it is clear what it is.

        Args:
            path: See ``recognise``.
            name: What to call the model; needed where gaitway has no name for it.

        Raises:
            ModelNotFoundError: There is no such file.
            ModelFileError: It is no model that gaitway knows, is damaged or hostile, or is not ``name``.
            InputError: ``name`` is needed or no name.
            StoreError: The cache cannot be written.
        """
        path = Path(path)
        with self._locked(_ADDING):
            work = self._work_folder(_ADDING)
            found = recognise(path, _made(work / "scratch"))
            name = name or found.name
            if not name:
                raise InputError(f"{path.name} is {found.summary}: give it a name with --name")
            self._folder(name)  # refuses what is no name
            if name in MODELS:
                _check_is(MODELS[name], found)
            new = _made(work / "new")
            with translated("copy into", self.home):
                for kept, source in found.files.items():
                    shutil.copyfile(source, new / kept)
            with self._locked(name):
                return self._publish(name, found.kinds, found.summary, f"added from {path.name}", new)

    def remove(self, name: str) -> None:
        """Delete a model and what an interrupted download left of it.

        Raises:
            ModelNotFoundError: There is nothing of that name.
        """
        folder = self._folder(name)
        with self._locked(name):
            if not folder.exists() and not (self.home / "partial" / name).exists():
                raise ModelNotFoundError(f"{name} is not in {self.home}: see 'gaitway models list'")
            work = self._work_folder(name)
            if folder.exists():
                folder.rename(work / "old")
            shutil.rmtree(work)

    def verify(self, names: Sequence[str] | None = None) -> dict[str, list[str]]:
        """Compare files with their hashes.

        Args:
            names: Models to look at; every folder of the cache when None.

        Returns:
            Per model what is wrong with it; an empty list where all is well.
        """
        models = self.home / "models"
        names = sorted(p.name for p in models.glob("*/")) if names is None else names
        return {name: self._problems(name) for name in names}

    def _problems(self, name: str) -> list[str]:
        try:
            stored = read_manifest(self._folder(name))
        except (StoreError, InputError) as error:
            return [str(error)]
        if stored is None:
            return ["is not in the cache"]
        problems = []
        for file in stored.files:
            path = self._folder(name) / file.name
            if not path.is_file():
                problems.append(f"{file.name} is gone")
            elif sha256_file(path) != file.sha256:
                problems.append(f"{file.name} has changed since it was stored")
        return problems

    def _publish(self, name: str, kinds: Sequence[str], summary: str, source: str, new: Path) -> StoredModel:
        """Check the files in ``new`` against the catalogue's hashes and move the folder into place."""
        pins = {file.name: file.sha256 for file in MODELS[name].files} if name in MODELS else {}
        files = []
        for path in sorted(new.iterdir()):
            found, pinned = sha256_file(path), pins.get(path.name)
            if pinned is not None and found != pinned:
                raise ModelFileError(
                    f"{path.name} of {name} has SHA-256 {found}, wanted {pinned}: it was changed on the way "
                    f"or at its source; do not use it"
                )
            files.append(StoredFile(path.name, found, path.stat().st_size, pinned is not None))
        licence = MODELS[name].licence if name in MODELS else "as its publisher states"
        stored = StoredModel(name, tuple(kinds), summary, source, licence, tuple(files))
        write_manifest(new, stored)
        folder = self._folder(name)
        folder.parent.mkdir(parents=True, exist_ok=True)
        if folder.exists():
            folder.rename(new.parent / "old")
        new.rename(folder)
        shutil.rmtree(new.parent)
        return stored

    def _folder(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise InputError(f"{name!r} is no model name: use small letters, digits, '-' and '_'")
        return self.home / "models" / name

    def _work_folder(self, name: str) -> Path:
        """Return where ``name`` is fetched; of an interrupted run only unfinished downloads are kept."""
        work = self.home / "partial" / name
        for step in ("new", "old", "wheel", "scratch"):
            shutil.rmtree(work / step, ignore_errors=True)
        return _made(work)

    @contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        """Keep other processes away from one model; turn a full or read-only disk into one line."""
        lock = FileLock(self.home / "locks" / f"{name}.lock")
        with translated("write", self.home):
            Path(lock.lock_file).parent.mkdir(parents=True, exist_ok=True)
            try:
                lock.acquire(timeout=_LOCK_TIMEOUT_S)
            except Timeout as error:
                raise StoreError(f"another process holds {lock.lock_file}: end it, then try again") from error
        try:
            yield
        except OSError as error:
            if isinstance(error, GaitwayError):
                raise
            with translated("write", self.home):
                raise
        finally:
            lock.release()


def _check_is(model: Model, found: Recognised) -> None:
    """Refuse a file that is another model than the one it is to be stored as."""
    if found.name not in {model.name, ""} or not set(found.kinds) & set(model.kinds):
        raise ModelFileError(
            f"{model.name} was wanted, but this is {found.name or found.summary}: check the file"
        )
    pinned = {file.name for file in model.files if file.sha256 is not None}
    if not pinned <= set(found.files):
        raise ModelFileError(
            f"{model.name} is one certain file, which this is not: store it as another --name"
        )


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _size(path: Path) -> int:
    """Return a file's size in bytes, -1 where there is none."""
    return path.stat().st_size if path.is_file() else -1
