"""Erases what gaitway wrote of a person in output folders: silhouettes, features, reports, state."""

from __future__ import annotations

import hashlib
import itertools
import json
import shutil
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from gaitway.adapters.gallery.walks import pack
from gaitway.adapters.results.folder import FEATURES, RUNS, SEED, SILHOUETTES, OutputFolder
from gaitway.files import translated

_UNREADABLE = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error)


@dataclass(frozen=True, slots=True)
class Trace:
    """A track that showed the person: where it is from, its embedding's hash (as float16) and its model."""

    video: str
    track_id: int
    digest: str
    model_id: str = ""


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


Track = tuple[str, int]  # video, as the folder calls it, and track


def erase(traces: Sequence[Trace], folders: Iterable[Path]) -> int:
    """Erase a person's files from output folders; return how many.

    Silhouettes and features of their tracks go; so do stored walks of these videos (the next run makes them
    anew) and finished runs whose report shows such a track: videos and pages cannot lose one person.

    Raises:
        StoreError: A folder cannot be written, or another gaitway is writing into it.
    """
    erased = 0
    for folder in opened(folders):
        erased += erase_tracks(folder, _tracks_in(folder.root, traces), traces)
    return erased


def opened(folders: Iterable[Path]) -> Iterator[OutputFolder]:
    """Yield the output folders among ``folders`` that are still there, one after the other, locked.

    Raises:
        StoreError: One cannot be written, or another gaitway is writing into it.
    """
    for root in folders:
        if root.is_dir() and any((root / part).is_dir() for part in (FEATURES, SILHOUETTES, ".gaitway")):
            with OutputFolder(root) as folder, translated("erase from", root):
                yield folder


def erase_tracks(folder: OutputFolder, tracks: AbstractSet[Track], traces: Sequence[Trace] = ()) -> int:
    """Erase tracks from an output folder, and what else shows them or holds an embedding of ``traces``."""
    root, erased = folder.root, 0
    for (video, track), tree in itertools.product(sorted(tracks), ("", SEED)):
        erased += _remove(root / tree / FEATURES / video / f"{track:03d}.npz")
        erased += _remove(root / tree / SILHOUETTES / video / f"{track:03d}")
    parts = (FEATURES, SILHOUETTES, f"{SEED}/{FEATURES}", f"{SEED}/{SILHOUETTES}")
    for part, video in itertools.product(parts, sorted({video for video, _ in tracks})):
        if (root / part / video).is_dir() and not any((root / part / video).iterdir()):
            folder.unpublish(part, video)
    digests = {trace.digest for trace in traces}
    videos = {video for video, _ in tracks} | {trace.video for trace in traces}
    for state in sorted((root / ".gaitway").glob("*.npz")):
        if digests & _digests_of(state) or _video_of(state) in videos or (tracks and _is_embeddings(state)):
            erased += _remove(state)
    for run in sorted((root / RUNS).glob("*")):
        if not run.is_symlink() and run.is_dir() and tracks & _tracks_of_run(run):
            erased += _remove(run)
            erased += _remove(root / SEED / RUNS / run.name)
    _drop_latest(root / RUNS)
    return erased


def tracks_on_disk(root: Path) -> dict[Track, float]:
    """Return every track with silhouettes or features in an output folder, and when it was last written."""
    found: dict[Track, float] = {}
    for path in (*(root / FEATURES).glob("*/*.npz"), *(root / SILHOUETTES).glob("*/*")):
        if path.stem.isdigit():
            track = (path.parent.name, int(path.stem))
            found[track] = max(found.get(track, 0.0), path.stat().st_mtime)
    return found


def _drop_latest(runs: Path) -> None:
    """Remove what points to a run that is gone."""
    link, text = runs / "latest", runs / "latest.txt"
    if link.is_symlink() and not link.exists():
        link.unlink()
    if text.is_file() and not (runs / text.read_text("utf-8").strip()).is_dir():
        text.unlink()


def _tracks_in(root: Path, traces: Sequence[Trace]) -> set[Track]:
    """Return the person's tracks in an output folder.

    By the embedding's hash, so copies under other names are found; by name where there is no embedding to
    compare, or only one of another model.
    """
    digests = {trace.digest for trace in traces}
    found = set()
    for file in (root / FEATURES).glob("*/*.npz"):
        if file.stem.isdigit() and digests & _digests_of(file):
            found.add((file.parent.name, int(file.stem)))
    for trace in traces:
        features = root / FEATURES / trace.video / f"{trace.track_id:03d}.npz"
        if _is_name(trace.video) and _model_of(features) != trace.model_id:
            found.add((trace.video, trace.track_id))
    return found & tracks_on_disk(root).keys()


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


def _is_embeddings(state: Path) -> bool:
    return state.name.startswith("embeddings-")  # of which video it does not say; the next run makes it anew


def _model_of(features: Path) -> str | None:
    try:
        with np.load(features, allow_pickle=False) as stored:
            return str(stored["model_id"])
    except _UNREADABLE:
        return None


def _tracks_of_run(run: Path) -> set[Track]:
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
