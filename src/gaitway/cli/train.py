"""gaitway train: an encoder from labelled walks."""

from __future__ import annotations

import json as json_module
from pathlib import Path
from typing import Annotated

import typer

from gaitway.cli import options
from gaitway.cli.show import reporter


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("train")(train)


def train(
    *,
    config: Annotated[Path, typer.Argument(help="The training's yaml: OpenGait's, or ours (docs/train.md).")],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder for checkpoints, log and the encoder.")
    ] = Path("gaitway-train"),
    device: Annotated[str | None, typer.Option(help="cpu or cuda; CUDA where there is one.")] = None,
    quiet: options.Quiet = False,
    json: options.Json = False,
) -> None:
    """Train an encoder (extra: torch); one that was stopped goes on. Several processes: torchrun."""
    from gaitway.wiring.train import EXPORT, train_from

    with reporter(quiet=quiet) as report:
        trained = train_from(config, out, device=device, report=report)
    if json:
        typer.echo(json_module.dumps(dict(trained.numbers), indent=1))
        return
    for name, value in trained.numbers.items():
        typer.echo(f"{name}: {value:.2f}")
    typer.echo(f"encoder: {out / EXPORT}")
