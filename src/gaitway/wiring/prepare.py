"""``dataset prepare``: silhouettes as they come, or videos, into aligned walks that can be trained on."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import UInt8

from gaitway.adapters.datasets.layouts import PICKLE, WalkFolder, files, picture_files, walk_folders
from gaitway.adapters.datasets.partition import FILE, read_partition, write_partition
from gaitway.adapters.datasets.sinks import Note, Notes, PickleTree, WalkSink
from gaitway.adapters.datasets.store import WalkStoreWriter
from gaitway.adapters.datasets.trees import chosen_files, load_pickles, read_picture
from gaitway.errors import EmptyMaskError, GaitwayError, InputError
from gaitway.progress import Progress, Report, silent
from gaitway.silhouettes.align import align
from gaitway.wiring.workers import in_order

Labels = tuple[str, str, str]
Prepared = tuple[Note, UInt8[np.ndarray, "..."] | None]


@dataclass(frozen=True)
class PrepareConfig:
    """How walks are prepared.

    Attributes:
        format: ``walks``, ours, or ``pickle``, OpenGait's.
        align: Align pictures; without it they must be 64x64 and are taken as they are.
        binary: Keep black and white alone (above 127 is white): an eighth of the size, loses grey edges.
        maps: Which files, or which folder of pictures, where walks have several.
        workers: Processes.
    """

    format: Literal["walks", "pickle"] = "walks"
    align: bool = True
    binary: bool = False
    maps: tuple[str, ...] = ()
    workers: int = 1

    def __post_init__(self) -> None:
        if self.format not in {"walks", "pickle"}:
            raise InputError(f"the format {self.format!r} is unknown, wanted walks or pickle")


@dataclass(frozen=True)
class PrepareReport:
    """What was made: a note per walk, of those that gave nothing too."""

    notes: tuple[Note, ...]

    @property
    def walks(self) -> int:
        """Walks with at least one frame."""
        return sum(note.kept > 0 for note in self.notes)

    @property
    def failures(self) -> tuple[Note, ...]:
        """Sources that gave no walk."""
        return tuple(note for note in self.notes if not note.kept)

    @property
    def frames(self) -> dict[str, int]:
        """Frames kept, empty and unreadable."""
        return {
            name: sum(getattr(note, name) for note in self.notes) for name in ("kept", "empty", "unreadable")
        }


def prepare_folder(
    source: str | Path,
    out: str | Path,
    config: PrepareConfig | None = None,
    *,
    layout: str = "auto",
    partition: str | Path | None = None,
    report: Report = silent,
) -> PrepareReport:
    """Prepare a tree of pictures or pickles; one that was stopped goes on.

    Args:
        source: The data set as it was published; see ``layouts``.
        out: Folder; made if absent.
        config: How.
        layout: Of the source.
        partition: Copied beside the walks, where it is found.
        report: Told about the progress.

    Raises:
        InputError: The source is no data set, or ``out`` holds something else.
        StoreError: Something cannot be read or written.
    """
    config = config or PrepareConfig()
    inner, outer = Path(out).resolve(), Path(source).resolve()
    if outer in {inner, *inner.parents}:
        raise InputError(f"{out} lies in the source {source}: choose a folder outside")
    found = walk_folders(Path(source), layout)
    labels = [(walk.subject, walk.condition, walk.view) for walk in found]
    with opened_output(Path(out), config, Path(source).resolve().name, partition) as output:
        waiting = [walk for walk, names in zip(found, labels, strict=True) if not output.is_done(names)]
        made = in_order(functools.partial(prepare_walk, config=config), waiting, config.workers)
        return output.fill(made, labels, report)


@dataclass(frozen=True)
class Output:
    """A data set that is being prepared."""

    sink: WalkSink
    notes: Notes
    binary: bool

    def is_done(self, labels: Labels) -> bool:
        """Return whether an earlier run kept the walk, or found that there is none."""
        note = self.notes.of.get(labels)
        return note is not None and (labels in self.sink) == (note.kept > 0)

    def fill(self, made: Iterable[Prepared], labels: Sequence[Labels], report: Report) -> PrepareReport:
        """Take what is made of the walks that ``is_done`` did not know, and report on all of ``labels``."""
        done = sum(self.is_done(names) for names in labels)
        for number, (note, walk) in enumerate(made, done + 1):
            self._keep(note, walk)
            report(Progress("prepare", "walks", number, len(labels), is_last=number == len(labels)))
        self.sink.finish()
        return PrepareReport(tuple(self.notes.of[names] for names in labels))

    def _keep(self, note: Note, walk: UInt8[np.ndarray, "..."] | None) -> None:
        if walk is not None and note.labels not in self.sink:
            pixels = (walk > 127).astype(np.uint8) * np.uint8(255) if self.binary else walk
            try:
                self.sink.add(*note.labels, pixels)
            except InputError as error:  # a label or a shape that cannot be kept
                note = replace(note, kept=0, remark=str(error))
        self.notes.add(note)


@contextmanager
def opened_output(
    out: Path, config: PrepareConfig, source: str, partition: str | Path | None
) -> Iterator[Output]:
    """Open the data set to write; ``source`` names what it is made from."""
    chosen = read_partition(Path(partition)) if partition is not None else None
    recipe = {
        "made": f"prepared from {source}",
        "align": config.align,
        "binary": config.binary,
        "maps": list(config.maps),
    }
    with ExitStack() as stack:
        sink: WalkSink = PickleTree(out) if config.format == "pickle" else WalkStoreWriter(out, recipe)
        stack.enter_context(sink)
        notes = stack.enter_context(Notes(out))
        if chosen is not None:
            write_partition(out / FILE, chosen)
        yield Output(sink, notes, config.binary)


def prepare_walk(source: WalkFolder, config: PrepareConfig) -> Prepared:
    """Read one walk's files and align its pictures; what is wrong with it stands in the note."""
    note = Note(source.subject, source.condition, source.view)
    try:
        if files(source.folder, (PICKLE,)):
            walk = load_pickles(chosen_files(source, config.maps))
            return replace(note, kept=len(walk)), walk
        return _aligned(note, picture_files(source, config.maps[0] if config.maps else None), config)
    except GaitwayError as error:
        return replace(note, remark=str(error)), None


def _aligned(note: Note, pictures: Sequence[Path], config: PrepareConfig) -> Prepared:
    kept: list[np.ndarray] = []
    empty = unreadable = 0
    for path in pictures:
        try:
            picture = read_picture(path)
            kept.append(align(picture) if config.align else picture)
        except EmptyMaskError:
            empty += 1
        except InputError:
            unreadable += 1
    note = replace(note, kept=len(kept), empty=empty, unreadable=unreadable)
    if not kept:
        of = f"none of its {len(pictures)} pictures shows a person" if pictures else "it has no picture"
        return replace(note, remark=of), None
    if len({picture.shape for picture in kept}) > 1:
        return replace(note, kept=0, remark="its pictures differ in size: prepare it with alignment"), None
    return note, np.stack(kept)
