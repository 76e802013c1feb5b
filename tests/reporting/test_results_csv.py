from __future__ import annotations

import csv
import io

import pytest

from gaitway.reporting.results_csv import COLUMNS, results_csv, write_results_csv
from gaitway.reporting.results_json import results_document
from support.outcomes import outcome, video


def rows(answer):
    return list(csv.DictReader(io.StringIO(results_csv(answer), newline="")))


def test_a_row_per_probe_track_agrees_with_results_json():
    answer = outcome(["anna", "ben"], [video("p", [(0, 120), (9, 60), (3, 6)])], unknown=frozenset({2}))
    table = rows(answer)
    probes = results_document(answer)["probes"]
    assert len(table) == len(probes) == 3
    for row, probe in zip(table, probes, strict=True):
        assert row["identity"] == (probe["identity"] or "")
        assert row["reason"] == (probe["reason"] or "")
        assert [int(row[k]) for k in ("track", "first_frame", "last_frame", "frames")] == [
            probe[k] for k in ("track", "first_frame", "last_frame", "frames")
        ]
        nearest = probe["candidates"][0] if probe["candidates"] else {"id": "", "distance": ""}
        assert (row["nearest"], row["distance"]) == (nearest["id"], str(nearest["distance"]))


def test_nobody_gives_the_head_alone():
    assert results_csv(outcome([], [video("p", [])])) == ",".join(COLUMNS) + "\r\n"


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_a_name_never_becomes_a_spreadsheets_formula(name):
    assert rows(outcome([name], [video("p", [(0, 50)])]))[0]["identity"] == f"'{name}"


@pytest.mark.parametrize("name", ['an "odd", name', "two\nlines", "李小龍", "a=b"])
def test_other_names_come_through_whole(name):
    assert rows(outcome([name], [video("p", [(0, 50)])]))[0]["identity"] == name


def test_the_file_is_utf8(tmp_path):
    write_results_csv(
        tmp_path / "results.csv", outcome(["Пётр", "caf\udce9"], [video("p", [(0, 50), (0, 50)])])
    )
    text = (tmp_path / "results.csv").read_bytes().decode("utf-8")
    assert "Пётр" in text
    assert "caf?" in text
