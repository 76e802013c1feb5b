"""Opens a data set of walks, whatever layout it has."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gaitway.adapters.datasets.format import HEADER, Walk
from gaitway.adapters.datasets.layouts import PICKLE, files, walk_folders
from gaitway.adapters.datasets.partition import FILE, Partition, read_partition
from gaitway.adapters.datasets.store import WalkStore
from gaitway.adapters.datasets.trees import PickledWalks, PicturedWalks
from gaitway.errors import InputError
from gaitway.protocols import WalkDataset
from gaitway.results import WalkRecord


def open_dataset(
    path: str | Path,
    partition: str | Path | Partition | None = None,
    subset: str | None = None,
    *,
    layout: str = "auto",
    maps: Sequence[str] = (),
) -> WalkDataset:
    """Open a data set of walks.

    Args:
        path: Folder in our format, in OpenGait's pickle layout, or of aligned pictures in a data set's own
            layout.
        partition: Who is for training and testing: a json file of the field's kind; the folder's own
            partition.json when None.
        subset: train, test, probe or gallery of the partition; everything when None.
        layout: Of a tree of folders, where it cannot be told: one of ``layouts.LAYOUTS``.
        maps: Name patterns of the files to use where walks have several, in the order of their channels.

    Raises:
        InputError: It is no data set, the subset has no walk, or a file is damaged or hostile.
        StoreError: It cannot be read, is not finished, cut off or damaged.
    """
    folder = Path(path)
    if not folder.is_dir():
        raise InputError(f"there is no folder {folder}: name the folder of a data set")
    dataset = _open(folder, layout, maps)
    if subset is None:
        return dataset
    return Subset(dataset, find_partition(folder, partition).choose(dataset.records, subset))


def find_partition(folder: Path, partition: str | Path | Partition | None) -> Partition:
    """Return the partition that was named, or the data set's own.

    Raises:
        InputError: There is none.
    """
    if isinstance(partition, Partition):
        return partition
    if partition is None and not (folder / FILE).is_file():
        raise InputError(f"{folder} has no {FILE}: name a partition file")
    return read_partition(folder / FILE if partition is None else Path(partition))


class Subset:
    """Some walks of a data set, by their places: a ``WalkDataset``."""

    def __init__(self, dataset: WalkDataset, chosen: Sequence[int]) -> None:
        self._dataset, self._chosen = dataset, tuple(chosen)
        self._records = tuple(dataset.records[index] for index in self._chosen)

    @property
    def records(self) -> Sequence[WalkRecord]:
        """The chosen walks' labels and lengths."""
        return self._records

    def load(self, index: int) -> Walk:
        """Return the silhouettes of a chosen walk."""
        return self._dataset.load(self._chosen[index])


def _open(folder: Path, layout: str, maps: Sequence[str]) -> WalkDataset:
    if (folder / HEADER).exists():
        return WalkStore(folder)
    found = walk_folders(folder, layout)
    if any(files(walk.folder, (PICKLE,)) for walk in found[:1]):
        return PickledWalks(found, maps)
    return PicturedWalks(found, maps[0] if maps else None)
