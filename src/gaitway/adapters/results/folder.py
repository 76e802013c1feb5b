"""The output folder (DESIGN 6): everything appears whole or not at all, and no run sees another's leftovers.

DIR/GaitSilhouette/<video>/<track>/<frame>.png    DIR/GaitFeatures/<video>/<track>.npz
DIR/OutputVideos/<timestamp>/...                  DIR/OutputVideos/latest -> newest timestamp
DIR/output/                                       --seed-layout: wiring/seed_layout.py
DIR/.gaitway/                                     state: what is finished, by key; what is published
"""

from __future__ import annotations

import json
import os
import shutil
import threading
import uuid
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import TracebackType

import filelock

from gaitway.adapters.locks import take
from gaitway.adapters.results.state import load_embeddings, load_video, save_embeddings, save_video
from gaitway.files import PARTIAL, translated, write_text
from gaitway.results import VideoResult

SILHOUETTES = "GaitSilhouette"
FEATURES = "GaitFeatures"
RUNS = "OutputVideos"
SEED = "output"  # the same once more as the seed system lays it out, on request


class OutputFolder:
    """An output folder, locked against a second gaitway while it is open.

    Args:
        root: The folder; made if absent.

    Raises:
        StoreError: It cannot be written, or another gaitway is writing into it.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._state = root / ".gaitway"
        self._publishing = threading.Lock()
        self._lock = filelock.FileLock(self._state / "lock")

    def __enter__(self) -> OutputFolder:
        with translated("write into", self.root):
            self._state.mkdir(parents=True, exist_ok=True)
            take(self._lock, self.root)
            self._sweep()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()

    def _sweep(self) -> None:
        """Remove what a killed run left unfinished."""
        for leftover in self._state.glob(f"*{PARTIAL}"):
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()

    # What is finished, by key.

    def load_video(self, key: str) -> VideoResult | None:
        """Return the finished result stored under ``key``, or None."""
        return load_video(self._state / f"video-{key}.npz")

    def save_video(self, key: str, result: VideoResult) -> None:
        """Store a finished result under ``key``."""
        save_video(self._state / f"video-{key}.npz", result)

    def load_embeddings(self, key: str, result: VideoResult) -> VideoResult | None:
        """Return ``result`` with the embeddings stored under ``key``, or None."""
        return load_embeddings(self._state / f"embeddings-{key}.npz", result)

    def save_embeddings(self, key: str, result: VideoResult) -> None:
        """Store the embeddings of ``result`` under ``key``."""
        save_embeddings(self._state / f"embeddings-{key}.npz", result.embeddings)

    # What users see.

    def publish(self, folder: str, video: str, key: str, fill: Callable[[Path], None]) -> None:
        """Make DIR/folder/video hold exactly what ``fill`` writes, replacing an older one in one step.

        Args:
            folder: ``SILHOUETTES`` or ``FEATURES``, or such a folder below ``SEED``.
            video: The video's unique name, safe as a folder name.
            key: What the content belongs to; nothing is done if just that is published already.
            fill: Writes the content into the empty folder it is given.
        """
        target, name = self.root / folder / video, f"{folder}/{video}"
        with self._publishing:
            self._publish(target, name, key, fill)

    def _publish(self, target: Path, name: str, key: str, fill: Callable[[Path], None]) -> None:
        published = self._published()
        if published.get(name) == key and target.is_dir():
            return
        with translated("write", target):
            aside = self._aside("publish")
            fill(aside)
            if published.pop(name, None) is not None:
                self._write_published(published)  # from here on until the end, nothing is promised
            target.parent.mkdir(parents=True, exist_ok=True)
            old = self._aside("old")
            if target.exists():
                target.rename(old / "content")
            aside.rename(target)
            self._write_published({**published, name: key})
            shutil.rmtree(old)

    def unpublish(self, folder: str, video: str) -> None:
        """Forget that DIR/folder/video was published, and remove it; it is empty."""
        with self._publishing, translated("erase from", self.root):
            published = self._published()
            if published.pop(f"{folder}/{video}", None) is not None:
                self._write_published(published)
            (self.root / folder / video).rmdir()

    def open_run(self) -> Path:
        """Return an empty folder for this run's outputs; ``finish_run`` shows it to users."""
        with translated("write into", self.root):
            return self._aside("run")

    def finish_run(self, run: Path) -> Path:
        """Publish a run's folder as OutputVideos/<timestamp> and point ``latest`` to it."""
        with translated("write into", self.root):
            parent = self.root / RUNS
            parent.mkdir(exist_ok=True)
            stamp = datetime.now().astimezone().strftime("%Y-%m-%dT%H-%M-%S")
            taken = {p.name for p in parent.iterdir()}
            name = next(
                n for n in (stamp, *(f"{stamp}-{i}" for i in range(2, len(taken) + 3))) if n not in taken
            )
            run.rename(parent / name)
            self._point_latest(parent, name)
            return parent / name

    def _point_latest(self, parent: Path, name: str) -> None:
        aside = self._state / f"latest-{uuid.uuid4().hex[:8]}{PARTIAL}"
        try:
            aside.symlink_to(name, target_is_directory=True)
            os.replace(aside, parent / "latest")  # noqa: PTH105 - Path.replace follows nothing either; kept atomic
        except OSError:  # a file system without symbolic links
            write_text(parent / "latest.txt", f"{name}\n")

    def _aside(self, purpose: str) -> Path:
        folder = self._state / f"{purpose}-{uuid.uuid4().hex[:8]}{PARTIAL}"
        folder.mkdir(parents=True)
        return folder

    def _published(self) -> dict[str, str]:
        path = self._state / "published.json"
        if not path.exists():
            return {}
        try:
            return {str(k): str(v) for k, v in json.loads(path.read_text("utf-8")).items()}
        except (ValueError, AttributeError):
            return {}  # everything is then published anew

    def _write_published(self, published: dict[str, str]) -> None:
        write_text(self._state / "published.json", json.dumps(published, indent=1, sort_keys=True))
