"""Who is for training and who for testing: the field's partition files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gaitway.errors import InputError
from gaitway.files import write_text
from gaitway.results import WalkRecord

SUBSETS = ("train", "test", "probe", "gallery")
FILE = "partition.json"


@dataclass(frozen=True, slots=True)
class Partition:
    """A partition of a data set's subjects.

    Attributes:
        train: Subjects to train on.
        test: Subjects to test on; disjoint from ``train``.
        probes: Names of the test's probes, ``<subject>-<condition>-<view>``, where the data set lists them
            (Gait3D); every other walk of the test is gallery.
    """

    train: tuple[str, ...]
    test: tuple[str, ...]
    probes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        both = sorted(set(self.train) & set(self.test))
        if both:
            raise InputError(
                f"the partition has {len(both)} subjects in both sets, {both[0]!r} among them: "
                "wanted each in one"
            )

    def choose(self, records: Sequence[WalkRecord], subset: str) -> list[int]:
        """Return which walks belong to a subset.

        Args:
            records: All walks.
            subset: train, test, or probe and gallery, the two parts of test.

        Raises:
            InputError: None do, or the subset is unknown.
        """
        if subset not in SUBSETS:
            raise InputError(f"the subset {subset!r} is unknown, wanted one of {', '.join(SUBSETS)}")
        subjects, probes = frozenset(self.train if subset == "train" else self.test), frozenset(self.probes)
        wants_probes = {"probe": True, "gallery": False}.get(subset)
        chosen = [
            index
            for index, r in enumerate(records)
            if r.subject in subjects
            and (wants_probes is None or (f"{r.subject}-{r.condition}-{r.view}" in probes) is wants_probes)
        ]
        if not chosen:
            shown = f", such as {records[0].subject!r}" if records else ""
            raise InputError(
                f"none of the {len(records)} walks belongs to the subset {subset!r}: the partition's names "
                f"do not fit the data's{shown}"
            )
        return chosen


def read_partition(path: Path) -> Partition:
    """Read a partition file: a json object with TRAIN_SET, TEST_SET and, for some, PROBE_SET.

    Raises:
        InputError: It cannot be read, or is none.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(
            f"the partition {path} cannot be read ({error}): wanted a json object with TRAIN_SET and TEST_SET"
        ) from error
    if not isinstance(content, dict) or "TRAIN_SET" not in content or "TEST_SET" not in content:
        raise InputError(f"the partition {path} lacks TRAIN_SET or TEST_SET: wanted lists under these names")
    return Partition(*(_names(path, content, key) for key in ("TRAIN_SET", "TEST_SET", "PROBE_SET")))


def write_partition(path: Path, partition: Partition) -> None:
    """Write a partition as the field does."""
    content: dict[str, list[str]] = {"TRAIN_SET": list(partition.train), "TEST_SET": list(partition.test)}
    if partition.probes:
        content["PROBE_SET"] = list(partition.probes)
    write_text(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def _names(path: Path, content: dict[str, Any], key: str) -> tuple[str, ...]:
    names = content.get(key, [])
    if not isinstance(names, list) or not all(isinstance(name, str | int) for name in names):
        raise InputError(f"{key} of the partition {path} is no list of names: wanted one")
    return tuple(str(name) for name in names)
