from __future__ import annotations

import json
import os

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaitway.errors import StoreError
from gaitway.reporting.results_json import (
    read_results_json,
    results_document,
    results_schema,
    write_results_json,
)
from gaitway.results import GalleryEntry, IdentifyResult
from gaitway.types import Candidate, Match
from support.outcomes import outcome, video

SCHEMA = jsonschema.Draft202012Validator(results_schema())
ANSWER = outcome(
    ["anna", "ben"], [video("probe1", [(0, 120), (10, 230), (100, 105)])], unknown=frozenset({2})
)


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(results_schema())


def test_the_document_is_as_the_design_says():
    """The contract, spelt out: keys, frames from 1, null identity with its reason."""
    document = results_document(ANSWER)
    SCHEMA.validate(document)
    assert document["schema"] == 1
    assert document["gallery"][1] == {
        "id": "ben",
        "video": "gallery",
        "track": 2,
        "first_frame": 1,
        "last_frame": 200,
        "frames": 200,
        "quality": 0.9,
    }
    first, second, third = document["probes"]
    assert list(first) == [
        *("video", "track", "identity", "score", "candidates"),
        *("first_frame", "last_frame", "frames", "quality", "reason"),
    ]
    assert (first["identity"], first["reason"], first["first_frame"], first["last_frame"]) == (
        "anna",
        None,
        1,
        120,
    )
    assert first["candidates"][0] == {"id": "anna", "distance": 0.413, "score": first["score"]}
    assert (second["identity"], second["reason"]) == (None, "no one near enough")
    assert (third["identity"], third["reason"], third["candidates"]) == (None, "too few frames", [])


def test_every_probe_track_is_listed_even_if_it_was_never_compared():
    probes = (video("p", [(0, 50), (60, 63)]),)
    document = results_document(IdentifyResult((), probes, (), ()))
    assert [p["reason"] for p in document["probes"]] == ["not compared", "too few frames"]
    SCHEMA.validate(document)


def test_nobody_anywhere_is_a_result():
    document = results_document(outcome([], [video("p", [])]))
    assert document == {"schema": 1, "gallery": [], "probes": [], "warnings": [], "failures": []}


def test_two_tracks_of_one_gallery_identity_are_both_listed():
    gallery = video("gallery", [(0, 90), (100, 190)])
    entries = (GalleryEntry("anna", "gallery", 1), GalleryEntry("anna", "gallery", 2))
    document = results_document(IdentifyResult((gallery,), (), entries, ()))
    assert [(e["id"], e["track"]) for e in document["gallery"]] == [("anna", 1), ("anna", 2)]


@given(st.lists(st.text(max_size=12), min_size=1, max_size=5, unique=True), st.sets(st.integers(1, 4)))
def test_any_answer_fits_the_schema_and_reads_back_as_written(tmp_path_factory, labels, unknown):
    answer = outcome(labels, [video("p", [(0, 60), (5, 90), (7, 12)])], unknown=frozenset(unknown))
    path = tmp_path_factory.mktemp("results") / "results.json"
    write_results_json(path, answer)
    SCHEMA.validate(read_results_json(path))
    if all(label.isprintable() for label in labels):
        assert read_results_json(path) == json.loads(json.dumps(results_document(answer)))


@pytest.mark.parametrize(
    ("where", "value"),
    [
        (("probes", 0, "first_frame"), 0),
        (("probes", 0, "score"), 1.2),
        (("probes", 0, "reason"), "named, yet a reason"),
        (("probes", 1, "reason"), None),
        (("gallery", 0, "track"), 0),
        (("extra",), 1),
        (("schema",), 2),
    ],
)
def test_the_schema_refuses_what_the_design_does_not_allow(where, value):
    document = results_document(ANSWER)
    inner = document
    for key in where[:-1]:
        inner = inner[key]
    inner[where[-1]] = value
    assert not SCHEMA.is_valid(document)


def test_a_name_with_broken_bytes_is_written_with_question_marks(tmp_path):
    write_results_json(tmp_path / "r.json", outcome(["caf\udce9"], []))
    assert read_results_json(tmp_path / "r.json")["gallery"][0]["id"] == "caf?"


def test_a_distance_that_is_no_number_is_never_written(tmp_path):
    match = Match("p", 1, (Candidate("anna", float("nan"), 0.5),), "anna", 0.5)
    answer = IdentifyResult((), (video("p", [(0, 20)]),), (), (match,))
    with pytest.raises(StoreError, match="not finite"):
        write_results_json(tmp_path / "r.json", answer)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"\xff\xfe{", "not JSON"),
        (b"{", "not JSON"),
        (b'{"schema": 7}', "schema is 7"),
        (b"[]", "schema is None"),
    ],
)
def test_other_files_are_refused_in_one_line(tmp_path, content, line):
    path = tmp_path / "r.json"
    path.write_bytes(content)
    with pytest.raises(StoreError, match=line) as error:
        read_results_json(path)
    assert "\n" not in str(error.value)


def test_a_missing_file_is_one_line(tmp_path):
    with pytest.raises(StoreError, match="No such file"):
        read_results_json(tmp_path / "none.json")


def test_a_full_disk_leaves_the_old_file_and_says_so(tmp_path, monkeypatch):
    path = tmp_path / "r.json"
    write_results_json(path, ANSWER)
    before = path.read_bytes()

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match="No space left on device: free space") as error:
        write_results_json(path, outcome(["carla"], []))
    assert "\n" not in str(error.value)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["r.json"]
