"""The gaitway command: parse, call wiring, print; no maths."""

from __future__ import annotations

import typer

app = typer.Typer(name="gaitway", no_args_is_help=True, add_completion=False)


@app.callback()
def root() -> None:
    """Find, follow, cut out and recognise walking people in video."""


def main() -> None:
    """Run the command line."""
    app()
