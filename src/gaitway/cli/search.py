"""gaitway search: who of the gallery walks in videos."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gaitway.cli import options
from gaitway.cli.gallery import DEFAULT, Index, Key, Url, as_json, opened, seconds_of
from gaitway.cli.show import reporter


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("search")(search)


def search(
    videos: Annotated[list[str], typer.Argument(help="Videos to look through.", metavar="VIDEO...")],
    *,
    gallery: Url = DEFAULT,
    key: Key = None,
    index: Index = "auto",
    top: Annotated[int, typer.Option(min=1, help="Candidates to list per track.")] = 3,
    certain_fpir: Annotated[float, typer.Option(help="Name for certain up to this FPIR.")] = 0.01,
    review_fpir: Annotated[float, typer.Option(help="Name for review up to this FPIR.")] = 0.1,
    keep: Annotated[str | None, typer.Option(help="Afterwards erase sightings older than this: 30d.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Keep silhouettes and features here.")
    ] = None,
    pack: options.Pack = None,
    detector: options.Detector = None,
    segmenter: options.Segmenter = None,
    encoder: options.Encoder = None,
    crop: options.Crop = None,
    precision: options.Precision = None,
    device: options.Device = None,
    threads: options.Threads = None,
    config: options.Config = None,
    quiet: options.Quiet = False,
    json: options.Json = False,
) -> int:
    """Say who of the gallery walks in videos, and remember where they were seen."""
    from gaitway.recognition.openset import OpenSetConfig
    from gaitway.wiring.gallery import search as run

    settings = options.settings_from(
        config,
        pack=pack,
        detector=detector,
        segmenter=segmenter,
        encoder=encoder,
        crop=crop,
        precision=precision,
        device=device,
        threads=threads,
    )
    rule, span = OpenSetConfig(certain_fpir, review_fpir), seconds_of(keep) if keep else None
    with opened(gallery, key, index=index) as store, reporter(quiet=quiet) as report:
        result = run(store, videos, config=rule, top=top, out=out, settings=settings, report=report)
        if span is not None:
            store.purge(span)
    if json:
        typer.echo(as_json(result))
        return 1 if result.failures else 0
    for answer in result.answers:
        who = f"{answer.name} ({answer.status}, score {answer.score:.2f})" if answer.name else None
        nearest = ", ".join(f"{c.name} {c.distance:.3f}" for c in answer.candidates)
        typer.echo(
            f"{answer.video} track {answer.summary.track_id}: {who or f'unknown: {answer.reason}'}"
            f"{f'; nearest: {nearest}' if nearest else ''}"
        )
    if not result.answers:
        typer.echo("nobody was found in the videos")
    if not result.is_calibrated:
        typer.echo("no calibration for this encoder: names are for review; see 'gaitway calibrate'", err=True)
    for source, reason in result.failures.items():
        typer.echo(f"failed: {source}: {reason}", err=True)
    return 1 if result.failures else 0
