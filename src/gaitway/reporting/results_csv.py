"""results.csv: one row per probe track, for spreadsheets."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

from gaitway.files import write_text
from gaitway.reporting.results_json import results_document
from gaitway.reporting.text import encodable
from gaitway.results import IdentifyResult

COLUMNS = (
    *("video", "track", "identity", "score", "nearest", "distance"),
    *("first_frame", "last_frame", "frames", "quality", "reason"),
)


def _cell(value: Any) -> Any:
    """Return a cell that no spreadsheet runs as a formula.

    Source:
        OWASP, "CSV Injection": a quote before the characters that start a formula.
    """
    if value is None:
        return ""
    return (
        f"'{value}"
        if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r"))
        else value
    )


def results_csv(result: IdentifyResult) -> str:
    """Return the table as RFC 4180 text: frames from 1, an empty identity is nobody of the gallery."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for probe in results_document(result)["probes"]:
        nearest = probe["candidates"][0] if probe["candidates"] else {"id": None, "distance": None}
        row = {**probe, "nearest": nearest["id"], "distance": nearest["distance"]}
        writer.writerow([_cell(row[name]) for name in COLUMNS])
    return text.getvalue()


def write_results_csv(path: Path, result: IdentifyResult) -> None:
    """Write results.csv whole or not at all.

    Raises:
        StoreError: The file cannot be written.
    """
    write_text(path, encodable(results_csv(result)))
