"""gaitway enroll: a person of a video into the gallery."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gaitway.cli import options
from gaitway.cli.gallery import DEFAULT, Key, Url, opened
from gaitway.cli.show import reporter


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("enroll")(enroll)


def enroll(
    videos: Annotated[
        list[str], typer.Argument(help="Videos in which the person walks.", metavar="VIDEO...")
    ],
    *,
    name: Annotated[str, typer.Option("--name", "-n", help="Who it is.")],
    track: Annotated[int | None, typer.Option(help="Which track, where others walk too.")] = None,
    gallery: Url = DEFAULT,
    key: Key = None,
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
) -> int:
    """Enrol the person of videos, new or known by this name."""
    from gaitway.wiring.gallery import enroll as run

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
    with opened(gallery, key, create=True) as store, reporter(quiet=quiet) as report:
        result = run(store, videos, name, track=track, out=out, settings=settings, report=report)
    if result.subject is not None:
        typer.echo(
            f"{result.subject.name}: {len(result.walks)} walks enrolled, {result.subject.templates} in all"
        )
    for source, reason in result.failures.items():
        typer.echo(f"failed: {source}: {reason}", err=True)
    return 1 if result.failures else 0
