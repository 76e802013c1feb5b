"""Partition files: who is for training and testing."""

import json

import pytest

from gaitway.adapters.datasets import Partition, read_partition
from gaitway.adapters.datasets.partition import SUBSETS, write_partition
from gaitway.errors import InputError
from gaitway.results import WalkRecord

RECORDS = [WalkRecord(s, c, v, 9) for s in ("1", "2", "3") for c in ("a", "b") for v in ("x", "y")]


def test_read_and_written_alike(tmp_path):
    partition = Partition(("1",), ("2", "é"), ("2-a-x",))
    write_partition(tmp_path / "p.json", partition)
    assert read_partition(tmp_path / "p.json") == partition


def test_the_subsets_of_a_street():
    partition = Partition(("1",), ("2",), ("2-a-x", "2-b-y"))
    chosen = {name: {RECORDS[i] for i in partition.choose(RECORDS, name)} for name in SUBSETS}
    assert {r.subject for r in chosen["train"]} == {"1"}
    assert chosen["probe"] == {WalkRecord("2", "a", "x", 9), WalkRecord("2", "b", "y", 9)}
    assert chosen["probe"] | chosen["gallery"] == chosen["test"]
    assert not chosen["probe"] & chosen["gallery"]


def test_numbers_are_names_too(tmp_path):
    (tmp_path / "p.json").write_text(json.dumps({"TRAIN_SET": [1, 2], "TEST_SET": ["3"]}))
    assert read_partition(tmp_path / "p.json").train == ("1", "2")


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"TRAIN_SET": [], "TEST_SET": 3}', '{"TRAIN_SET": [[1]], "TEST_SET": []}']
)
def test_files_that_are_none(tmp_path, text):
    (tmp_path / "p.json").write_text(text)
    with pytest.raises(InputError, match="partition"):
        read_partition(tmp_path / "p.json")
    with pytest.raises(InputError, match="cannot be read"):
        read_partition(tmp_path / "none.json")


def test_nobody_is_in_both_sets():
    with pytest.raises(InputError, match="both sets"):
        Partition(("1", "2"), ("2",))


@pytest.mark.parametrize(("subset", "message"), [("train", "do not fit"), ("dev", "unknown")])
def test_choices_that_cannot_be(subset, message):
    with pytest.raises(InputError, match=message):
        Partition(("9",), ("1",)).choose(RECORDS, subset)
