"""An evaluation as files: numbers as JSON and CSV, and a self-contained page with tables and curves."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

import numpy as np
from jaxtyping import Float

from gaitway.evaluation.bootstrap import Interval
from gaitway.evaluation.charts import Curve, cmc_chart, det_chart
from gaitway.evaluation.summary import Summary

MOST_POINTS = 400  # of a drawn curve
Table = Mapping[str, Mapping[str, float | Interval]]


@dataclass(frozen=True, slots=True, eq=False)
class RecognitionReport:
    """What is shown.

    Attributes:
        title: Of the page: model and data set.
        protocol: The published numbers, percent by name.
        summaries: Per condition identification with intervals, verification, open set.
        tables: Further tables by name: rows (views, conditions) of named numbers.
        matrices: Rank-1 per condition, probe view x gallery view, with the views' names.
    """

    title: str
    protocol: Mapping[str, float]
    summaries: Mapping[str, Summary] = field(default_factory=dict)
    tables: Mapping[str, Table] = field(default_factory=dict)
    matrices: Mapping[str, tuple[list[str], Float[np.ndarray, "v v"]]] = field(default_factory=dict)

    def as_json(self) -> str:
        """Return everything but the curves as JSON text; intervals are [mean, low, high]."""
        content: dict[str, Any] = {
            "title": self.title,
            "protocol": dict(self.protocol),
            "summaries": {name: summary.as_json() for name, summary in self.summaries.items()},
            "tables": {
                name: {row: {k: _plain(v) for k, v in values.items()} for row, values in table.items()}
                for name, table in self.tables.items()
            },
            "matrices": {
                name: {"views": views, "rank1": [[_finite(v) for v in row] for row in matrix.tolist()]}
                for name, (views, matrix) in self.matrices.items()
            },
        }
        return json.dumps(content, indent=1, allow_nan=False, default=str)

    def as_csv(self) -> str:
        """Return every number on a line of its own: table, row, name, value, low, high."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["table", "row", "name", "value", "low", "high"])
        for table, row, name, value in self._numbers():
            numbers = [value.mean, value.low, value.high] if isinstance(value, Interval) else [value, "", ""]
            writer.writerow([table, row, name, *numbers])
        return text.getvalue()

    def as_html(self) -> str:
        """Return a page that needs nothing else."""
        parts = [_HEAD.format(title=escape(self.title), style=_STYLE), f"<h1>{escape(self.title)}</h1>"]
        parts.append(_table("By the protocol", {"": self.protocol}))
        if self.summaries:
            numbers = {name: summary.numbers for name, summary in self.summaries.items()}
            parts.append(_table("Per condition, 95 % intervals over subjects", numbers))
            parts.append("<div class=charts>" + "".join(self.charts()) + "</div>")
        parts += [_table(name, table) for name, table in self.tables.items()]
        for name, (views, matrix) in self.matrices.items():
            rows = {
                view: dict(zip(views, row, strict=True))
                for view, row in zip(views, matrix.tolist(), strict=True)
            }
            parts.append(_table(f"{name}: rank-1, probe view by gallery view", rows))
        return "".join([*parts, "</body></html>\n"])

    def charts(self) -> list[str]:
        """Return the curves as SVG: CMC, verification DET, open-set DET; a curve per condition."""
        if not self.summaries:
            return []
        named = self.summaries.items()
        verification = [_thin(name, *summary.pairs.curve()[1:]) for name, summary in named]
        open_set = [_thin(name, *summary.open_set.curve()[1:]) for name, summary in named]
        return [
            cmc_chart([(name, summary.ranking.cmc(20)) for name, summary in named]),
            det_chart(verification, "Verification", ("FMR, %", "FNMR, %")),
            det_chart(open_set, "Open set", ("FPIR, %", "FNIR, %")),
        ]

    def _numbers(self) -> list[tuple[str, str, str, float | Interval]]:
        rows: list[tuple[str, str, str, float | Interval]] = [
            ("protocol", "", name, value) for name, value in self.protocol.items()
        ]
        for condition, summary in self.summaries.items():
            rows += [("summary", condition, name, value) for name, value in summary.numbers.items()]
        for table, content in self.tables.items():
            rows += [
                (table, row, name, value) for row, values in content.items() for name, value in values.items()
            ]
        for name, (views, matrix) in self.matrices.items():
            cells = np.ndenumerate(matrix)
            rows += [(name, views[i], views[j], float(value)) for (i, j), value in cells]
        return rows


_STYLE = """
:root { color-scheme: light dark }
body { font: 15px system-ui, sans-serif; margin: 1.5rem auto; max-width: 72rem; padding: 0 1rem }
table { border-collapse: collapse; margin: .5rem 0 1.5rem }
td, th { padding: .2rem .6rem; text-align: right; border-bottom: 1px solid #8884 }
th:first-child { text-align: left }
small { opacity: .7 }
.wide { overflow-x: auto }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(18rem, 1fr)); gap: 1rem }
"""
_HEAD = (
    "<!doctype html><html lang=en><head><meta charset=utf-8>"
    "<meta name=viewport content='width=device-width,initial-scale=1'>"
    "<title>{title}</title><style>{style}</style></head><body>"
)


def _table(title: str, rows: Table | Mapping[str, Mapping[str, float]]) -> str:
    names = list(dict.fromkeys(name for values in rows.values() for name in values))
    if len(rows) == 1:
        (values,) = rows.values()
        body = "".join(_row(name, [values[name]]) for name in names)
    else:
        head = "".join(f"<th>{escape(name)}</th>" for name in ["", *names])
        lines = (_row(row, [values.get(name) for name in names]) for row, values in rows.items())
        body = f"<tr>{head}</tr>{''.join(lines)}"
    return f"<h2>{escape(title)}</h2><div class=wide><table>{body}</table></div>"


def _row(name: str, values: Sequence[float | Interval | None]) -> str:
    cells = "".join(f"<td>{_cell(value)}</td>" for value in values)
    return f"<tr><th>{escape(name)}</th>{cells}</tr>"


def _cell(value: float | Interval | None) -> str:
    if isinstance(value, Interval):
        return f"{value.mean:.2f} <small>{value.low:.1f}-{value.high:.1f}</small>"
    return "-" if value is None or not np.isfinite(value) else f"{value:.2f}"


def _thin(name: str, x: np.ndarray, y: np.ndarray) -> Curve:
    """Keep at most about ``MOST_POINTS`` points of a curve, its ends among them."""
    if len(x) <= MOST_POINTS:
        return name, x, y
    keep = np.unique(np.concatenate([_evenly(x), _evenly(y)]))
    return name, x[keep], y[keep]


def _evenly(rate: np.ndarray) -> np.ndarray:
    """Return where a monotone rate passes evenly spaced logarithmic levels, and both ends."""
    levels = np.geomspace(0.01, 100, MOST_POINTS // 2)
    rising = rate if rate[-1] >= rate[0] else rate[::-1]
    found = np.searchsorted(rising, levels).clip(0, len(rate) - 1)
    places: np.ndarray = found if rate[-1] >= rate[0] else len(rate) - 1 - found
    return np.append(places, [0, len(rate) - 1])


def _plain(value: float | Interval) -> Any:
    return [value.mean, value.low, value.high] if isinstance(value, Interval) else _finite(value)


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
