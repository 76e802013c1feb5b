"""gaitway demo: everything at once, on people who do not exist."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gaitway.cli import options
from gaitway.cli.show import reporter


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo")(demo)


def demo(
    *,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for videos and results.")] = Path(
        "gaitway-demo"
    ),
    seconds: Annotated[float, typer.Option(min=2.0, max=60.0, help="Length of each sample video.")] = 7.0,
    pack: options.Pack = None,
    encoder: options.Encoder = None,
    threads: options.Threads = None,
    quiet: options.Quiet = False,
) -> int:
    """Render walking people, identify them, and show the answers beside the truth."""
    from gaitway.wiring.demo import run_demo

    settings = options.settings_from(None, pack=pack, encoder=encoder, threads=threads)
    with reporter(quiet=quiet) as report:
        outcome = run_demo(out, settings=settings, seconds=seconds, report=report)
    typer.echo(f"{'video':<8} {'track':>5}  {'truth':<10} {'answer':<10}")
    for a in outcome.answers:
        verdict = "right" if a.is_right else "WRONG"
        typer.echo(
            f"{a.video:<8} {a.track_id:>5}  {a.truth or 'nobody':<10} {a.answer or 'unknown':<10} {verdict}"
        )
    right = sum(a.is_right for a in outcome.answers)
    typer.echo(f"{right} of {len(outcome.answers)} tracks right")
    typer.echo(f"report: {outcome.latest / 'report.html'}")
    typer.echo(f"videos: {outcome.latest}")
    return 1 if outcome.result.failures else 0
