"""``dataset check``: every walk read, everything wrong named."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from gaitway.adapters.datasets.format import HEADER, Walk
from gaitway.adapters.datasets.layouts import PICKLE, WalkFolder, files, walk_folders
from gaitway.adapters.datasets.opening import find_partition
from gaitway.adapters.datasets.partition import FILE, Partition
from gaitway.adapters.datasets.store import WalkStore
from gaitway.adapters.datasets.trees import PicturedWalks, chosen_files, load_pickles
from gaitway.errors import GaitwayError
from gaitway.progress import Progress, Report, silent
from gaitway.wiring.workers import in_order

CHUNK = 64  # walks per job
MOST_NAMED = 5  # examples in a message about many


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a walk, a file or the partition."""

    where: str
    what: str


@dataclass(frozen=True)
class CheckReport:
    """What a check found."""

    walks: int
    faults: tuple[Fault, ...]


def check_dataset(
    path: str | Path,
    partition: str | Path | Partition | None = None,
    *,
    layout: str = "auto",
    maps: Sequence[str] = (),
    workers: int = 1,
    report: Report = silent,
) -> CheckReport:
    """Read every walk of a data set and name what is wrong.

    Args:
        path: Folder in any layout.
        partition: Whose subjects must be there, and the other way round; the folder's own when None.
        layout: Of a tree of folders.
        maps: Which files where walks have several.
        workers: Processes.
        report: Told about the progress.

    Raises:
        InputError: It is no data set at all, or the partition cannot be read.
        StoreError: It cannot be opened: not finished, cut off, damaged.
    """
    folder = Path(path)
    faults: list[Fault] = []
    if (folder / HEADER).exists():
        store = WalkStore(folder)
        subjects = [record.subject for record in store.records]
        names = [f"{r.subject}-{r.condition}-{r.view}" for r in store.records]
        jobs = [range(n, min(n + CHUNK, len(subjects))) for n in range(0, len(subjects), CHUNK)]
        written = (folder / HEADER).stat().st_mtime_ns
        found = in_order(functools.partial(_check_stored, folder, written), jobs, workers)
    else:
        walks = walk_folders(folder, layout)
        subjects = [walk.subject for walk in walks]
        names = [f"{w.subject}-{w.condition}-{w.view}" for w in walks]
        groups = [walks[n : n + CHUNK] for n in range(0, len(walks), CHUNK)]
        found = in_order(functools.partial(_check_folders, maps=tuple(maps)), groups, workers)
    for number, group in enumerate(found, 1):
        faults += group
        done = min(number * CHUNK, len(subjects))
        report(Progress("check", "walks", done, len(subjects), is_last=done == len(subjects)))
    if partition is not None or (folder / FILE).is_file():
        faults += _check_partition(find_partition(folder, partition), subjects, names)
    return CheckReport(len(subjects), tuple(faults))


def _check_stored(folder: Path, written: int, places: Sequence[int]) -> list[Fault]:
    store, faults = _store(folder, written), []
    for index in places:
        r = store.records[index]
        try:
            walk = store.load(index)
        except GaitwayError as error:
            faults.append(Fault(f"{r.subject}/{r.condition}/{r.view}", str(error)))
        else:
            faults += _check_pixels(f"{r.subject}/{r.condition}/{r.view}", walk)
    return faults


@functools.lru_cache(maxsize=1)
def _store(folder: Path, written: int) -> WalkStore:  # noqa: ARG001 - tells one writing from the next
    """Open a data set once per process; ``written`` is when."""
    return WalkStore(folder)


def _check_folders(walks: Sequence[WalkFolder], maps: tuple[str, ...]) -> list[Fault]:
    faults: list[Fault] = []
    for walk in walks:
        try:
            faults += _check_pixels(walk.name, _load(walk, maps))
        except GaitwayError as error:
            faults.append(Fault(walk.name, str(error)))
    return faults


def _load(walk: WalkFolder, maps: tuple[str, ...]) -> Walk:
    if files(walk.folder, (PICKLE,)):
        return load_pickles(chosen_files(walk, maps))
    return PicturedWalks([walk], maps[0] if maps else None).load(0)


def _check_pixels(name: str, walk: Walk) -> Iterator[Fault]:
    frames = walk.reshape(len(walk), -1)
    blank = int((frames.max(axis=1) == 0).sum())
    if blank:
        yield Fault(name, f"{blank} of its {len(walk)} frames are blank")
    elif frames.max() == 1:
        yield Fault(name, "its pixels are 0 and 1, wanted 0 to 255")


def _check_partition(partition: Partition, subjects: Sequence[str], names: Sequence[str]) -> Iterator[Fault]:
    listed, there = {*partition.train, *partition.test}, set(subjects)
    for what, odd in (
        ("subjects of the partition are not in the data", listed - there),
        ("subjects of the data are not in the partition", there - listed),
        ("probes of the partition are not in the data", set(partition.probes) - set(names)),
    ):
        if odd:
            shown = ", ".join(sorted(odd)[:MOST_NAMED]) + (", ..." if len(odd) > MOST_NAMED else "")
            yield Fault("partition", f"{len(odd)} {what}: {shown}")
