"""Erases what gaitway wrote of a person in output folders: silhouettes, features, reports, state."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from gaitway.adapters.gallery.walks import pack
from gaitway.adapters.results.folder import FEATURES, RUNS, SILHOUETTES, OutputFolder
from gaitway.files import translated

_UNREADABLE = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error)


@dataclass(frozen=True, slots=True)
class Trace:
    """A track that showed the person: where it is from, and its embedding's hash (as float16)."""

    video: str
    track_id: int
    digest: str


def digest(packed: bytes) -> str:
    """Return the hash of an embedding's float16 bytes."""
    return hashlib.sha256(packed).hexdigest()


def as_text(traces: Sequence[Trace], folders: Sequence[Path]) -> str:
    """Return what an erasure under way still has to do."""
    return json.dumps({"traces": [asdict(t) for t in traces], "folders": [str(f) for f in folders]})


def from_text(text: str) -> tuple[list[Trace], list[Path]]:
    """Return what ``as_text`` was given."""
    content = json.loads(text)
    return [Trace(**t) for t in content["traces"]], [Path(f) for f in content["folders"]]


def erase(traces: Sequence[Trace], folders: Iterable[Path]) -> int:
    """Erase a person's files from output folders; return how many.

    Silhouettes and features of their tracks go; so do stored walks of these videos (the next run makes them
    anew) and finished runs whose report shows such a track: videos and pages cannot lose one person.

    Raises:
        StoreError: A folder cannot be written, or another gaitway is writing into it.
    """
    erased = 0
    for folder in folders:
        if folder.is_dir() and any((folder / part).is_dir() for part in (FEATURES, SILHOUETTES, ".gaitway")):
            with OutputFolder(folder), translated("erase from", folder):
                erased += _erase_from(folder, traces)
    return erased


def _erase_from(folder: Path, traces: Sequence[Trace]) -> int:
    tracks = _tracks_in(folder, traces)
    erased = 0
    for video, track in sorted(tracks):
        erased += _remove(folder / FEATURES / video / f"{track:03d}.npz")
        erased += _remove(folder / SILHOUETTES / video / f"{track:03d}")
    digests = {trace.digest for trace in traces}
    for state in sorted((folder / ".gaitway").glob("*.npz")):
        if digests & _digests_of(state) or _video_of(state) in {video for video, _ in tracks}:
            erased += _remove(state)
    for run in sorted((folder / RUNS).glob("*")):
        if not run.is_symlink() and run.is_dir() and tracks & _tracks_of_run(run):
            erased += _remove(run)
    latest = folder / RUNS / "latest"
    if latest.is_symlink() and not latest.exists():
        latest.unlink()
    return erased


def _tracks_in(folder: Path, traces: Sequence[Trace]) -> set[tuple[str, int]]:
    """Return video and track, as the folder calls them, of the person's tracks in it."""
    digests = {trace.digest for trace in traces}
    found = set()
    for file in (folder / FEATURES).glob("*/*.npz"):
        if file.stem.isdigit() and digests & _digests_of(file):
            found.add((file.parent.name, int(file.stem)))
    for trace in traces:
        features = folder / FEATURES / trace.video / f"{trace.track_id:03d}.npz"
        silhouettes = folder / SILHOUETTES / trace.video / f"{trace.track_id:03d}"
        if _is_name(trace.video) and silhouettes.is_dir() and not features.exists():
            found.add((trace.video, trace.track_id))
    return found


def _is_name(video: str) -> bool:
    return bool(video) and Path(video).name == video and video not in {".", ".."}


def _digests_of(file: Path) -> set[str]:
    """Return the hashes of the embeddings in an npz file of ours; none where it cannot be read."""
    try:
        with np.load(file, allow_pickle=False) as stored:
            keys = [key for key in stored.files if key == "parts" or key.startswith("parts/")]
            return {digest(pack(stored[key])) for key in keys}
    except _UNREADABLE:
        return set()


def _video_of(file: Path) -> str | None:
    try:
        with np.load(file, allow_pickle=False) as stored:
            name = json.loads(stored["meta"].tobytes()).get("name")
            return None if name is None else str(name)
    except _UNREADABLE:
        return None


def _tracks_of_run(run: Path) -> set[tuple[str, int]]:
    try:
        results = json.loads((run / "results.json").read_text("utf-8"))
        rows = [*results["gallery"], *results["probes"]]
        return {(str(row["video"]), int(row["track"])) for row in rows}
    except (*_UNREADABLE, TypeError):
        return set()


def _remove(path: Path) -> int:
    if path.is_dir():
        count = sum(1 for p in path.rglob("*") if p.is_file())
        shutil.rmtree(path)
        return count
    if path.is_file():
        path.unlink()
        return 1
    return 0
