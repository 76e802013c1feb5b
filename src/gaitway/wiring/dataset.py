"""``dataset synth`` and ``dataset info``: generated walks on disk, and what a data set holds."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from gaitway.adapters.datasets.format import HEADER
from gaitway.adapters.datasets.partition import FILE, Partition, write_partition
from gaitway.adapters.datasets.store import WalkStoreWriter
from gaitway.errors import InputError
from gaitway.progress import Progress, Report, silent
from gaitway.protocols import WalkDataset
from gaitway.results import WalkRecord
from gaitway.synthetic.dataset import DatasetConfig, MadeWalk, person_walks
from gaitway.wiring.workers import in_order

MOST_PEOPLE = 99_999  # five digits name them


@dataclass(frozen=True)
class DatasetInfo:
    """What a data set holds.

    Attributes:
        walks: Number of walks.
        frames: Frames of all, and of the shortest, the middle and the longest walk.
        subjects: Walks per subject.
        conditions: Walks per condition.
        views: Walks per view.
    """

    walks: int
    frames: Mapping[str, int]
    subjects: Mapping[str, int]
    conditions: Mapping[str, int]
    views: Mapping[str, int]


def synthesise(
    out: str | Path,
    people: int,
    config: DatasetConfig | None = None,
    *,
    test_share: float = 0.5,
    workers: int = 1,
    report: Report = silent,
) -> Path:
    """Make a data set of generated walkers in our format; one that was stopped goes on.

    The same settings make the same bytes, however many processes make them and however often they were
    stopped. More people may be added later by the same call.

    Args:
        out: Folder; made if absent.
        people: How many.
        config: Their walks.
        test_share: Part of the people who are for testing, the last ones; the partition says so.
        workers: Processes.
        report: Told about the progress.

    Raises:
        InputError: Impossible numbers, or the folder holds something else.
        StoreError: It cannot be written.
    """
    config, folder = config or DatasetConfig(), Path(out)
    if not 1 <= people <= MOST_PEOPLE or not 0 <= test_share <= 1:
        raise InputError(
            f"{people} people and a test share of {test_share:g}: wanted 1 to {MOST_PEOPLE}, and 0 to 1"
        )
    with WalkStoreWriter(folder, {"made": "synthetic walks", **asdict(config)}) as store:
        each = len(config.conditions) * len(config.angles)
        first = min(len(store) // each, people)
        made = in_order(functools.partial(_person, config=config), range(first, people), workers)
        for number, walks in enumerate(made, first + 1):
            for walk in walks:
                if (walk.subject, walk.condition, walk.view) not in store:
                    store.add(walk.subject, walk.condition, walk.view, walk.silhouettes)
            report(Progress("render", "people", number, people, is_last=number == people))
        subjects = list(dict.fromkeys(record.subject for record in store.records))
        train = len(subjects) - round(test_share * len(subjects))
        write_partition(folder / FILE, Partition(tuple(subjects[:train]), tuple(subjects[train:])))
        store.finish()
    return folder / HEADER


def describe_dataset(dataset: WalkDataset) -> DatasetInfo:
    """Count a data set's walks and frames."""
    records = dataset.records
    lengths = np.array([record.frames for record in records] or [0])
    frames = {
        "total": int(lengths.sum()),
        "shortest": int(lengths.min()),
        "median": int(np.median(lengths)),
        "longest": int(lengths.max()),
    }
    return DatasetInfo(
        len(records),
        frames,
        _counts(records, "subject"),
        _counts(records, "condition"),
        _counts(records, "view"),
    )


def _counts(records: Sequence[WalkRecord], name: str) -> dict[str, int]:
    return dict(sorted(Counter(getattr(record, name) for record in records).items()))


def _person(index: int, config: DatasetConfig) -> list[MadeWalk]:
    return list(person_walks(index, config))
