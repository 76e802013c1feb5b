"""gaitway calibrate: thresholds for stated false-positive rates, and what they are worth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gaitway.cli import options
from gaitway.cli.gallery import DEFAULT, Key, Url, opened
from gaitway.cli.show import reporter


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("calibrate")(calibrate)


def calibrate(
    *,
    gallery: Url = DEFAULT,
    key: Key = None,
    people: Annotated[int, typer.Option(min=20, help="Generated people; half are strangers.")] = 120,
    walks: Annotated[int, typer.Option(min=2, help="Walks of each.")] = 4,
    seed: Annotated[int, typer.Option(help="Chooses the people and scenes.")] = 0,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for figures and plot.")] = Path(
        "calibration"
    ),
    pack: options.Pack = None,
    encoder: options.Encoder = None,
    precision: options.Precision = None,
    threads: options.Threads = None,
    config: options.Config = None,
    quiet: options.Quiet = False,
) -> None:
    """Fit the gallery's thresholds on generated walkers, and measure them on others."""
    from gaitway.wiring.calibrate import calibrate as run

    settings = options.settings_from(config, pack=pack, encoder=encoder, precision=precision, threads=threads)
    with opened(gallery, key, create=True) as store, reporter(quiet=quiet) as report:
        outcome = run(store, out, people=people, walks=walks, seed=seed, settings=settings, report=report)
    for row in outcome.operating_points:
        found = f"measured {row.fpir} | FNIR {row.fnir}"
        typer.echo(f"FPIR asked {row.asked:.1%}: {found} | {row.people} people enrolled")
    typer.echo(f"written: {out / 'calibration.json'}, {out / 'det.png'}; kept in the gallery {gallery}")
