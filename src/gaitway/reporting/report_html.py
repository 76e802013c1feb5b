"""report.html: the run for people. One file, no script, no outside request; see templates/report.html.j2."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jinja2
import numpy as np
from jaxtyping import UInt8

from gaitway.files import write_text
from gaitway.reporting.pictures import poster_uri
from gaitway.reporting.run_json import plain
from gaitway.reporting.text import encodable
from gaitway.reporting.views import ReportConfig, ViewBuilder
from gaitway.results import IdentifyResult


@dataclass(frozen=True, slots=True, eq=False)
class OutputVideo:
    """A video beside the report.

    Attributes:
        title: What it shows.
        file_name: Its name in the report's own folder.
        poster: A frame to show before it plays, RGB.
    """

    title: str
    file_name: str
    poster: UInt8[np.ndarray, "h w 3"] | None = None


def _settings(run: Mapping[str, Any], limit: int) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the run's mapping as tables: one per key that holds a mapping, and one of the single values."""

    def lines(prefix: str, value: Any) -> list[tuple[str, str]]:
        if isinstance(value, dict) and value:
            return [
                line
                for key, item in value.items()
                for line in lines(f"{prefix}.{key}" if prefix else key, item)
            ]
        if isinstance(value, list):
            return [(prefix, ", ".join(map(str, value)) or "none")]
        return [(prefix, "none" if value in (None, {}) else str(value))]

    groups = {key: value for key, value in plain(run).items() if isinstance(value, dict) and value}
    single = {key: value for key, value in plain(run).items() if key not in groups}
    tables = [(key, lines("", value)) for key, value in groups.items()]
    if single:
        tables.insert(0, ("run", lines("", single)))
    return [(name, rows[:limit]) for name, rows in tables]


def _video_link(video: OutputVideo, *, has_poster: bool) -> tuple[str, str, str | None]:
    """Return a video's title, relative address and poster."""
    poster = poster_uri(video.poster) if has_poster and video.poster is not None else None
    return video.title, "./" + quote(encodable(video.file_name)), poster


@functools.cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("gaitway.reporting"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render_report(
    result: IdentifyResult,
    run: Mapping[str, Any],
    *,
    videos: Sequence[OutputVideo] = (),
    config: ReportConfig | None = None,
) -> str:
    """Return the report as one HTML page.

    Args:
        result: What ``identify`` answered.
        run: As in run.json; every key that holds a mapping becomes a table (models, versions, timings).
        videos: Annotated videos that lie beside the report.
        config: Limits; the defaults of ``ReportConfig`` if None.
    """
    config = config or ReportConfig()
    builder = ViewBuilder(result, config)
    probes = [builder.probe(video) for video in result.probes]
    gallery = [builder.gallery(video) for video in result.gallery]
    page = (
        _environment()
        .get_template("report.html.j2")
        .render(
            config=config,
            probes=probes,
            gallery=gallery,
            identities=[(label, builder.colour(label)) for label in builder.labels],
            failures=dict(result.failures),
            videos=[_video_link(v, has_poster=k < config.posters) for k, v in enumerate(videos)],
            settings=_settings(run, config.settings),
        )
    )
    return encodable(page)


def write_report(
    path: Path,
    result: IdentifyResult,
    run: Mapping[str, Any],
    *,
    videos: Sequence[OutputVideo] = (),
    config: ReportConfig | None = None,
) -> None:
    """Write report.html whole or not at all; arguments as ``render_report``.

    Raises:
        StoreError: The file cannot be written.
    """
    write_text(path, render_report(result, run, videos=videos, config=config))
