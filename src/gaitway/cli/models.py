"""gaitway models: list, fetch, add, check and find model files."""

from __future__ import annotations

from typing import Annotated

import typer

from gaitway.adapters.modelstore.store import ModelStore
from gaitway.packs import MODELS, PACKS, find_model

app = typer.Typer(help="List, fetch, add, check and find model files.", no_args_is_help=True)

NAMES = Annotated[list[str], typer.Argument(help=f"Packs ({', '.join(PACKS)}) or models.", metavar="NAME...")]


@app.command()
def pull(names: NAMES) -> None:
    """Fetch models, unless they are here already."""
    store = ModelStore()
    for name in _models(names):
        store.pull(name)
        typer.echo(f"{name} is ready")


@app.command()
def path(
    name: Annotated[str, typer.Argument(help="A model.")],
    member: Annotated[str | None, typer.Argument(help="Its file, where it has several.")] = None,
) -> None:
    """Print where a model's file lies."""
    typer.echo(ModelStore().path(name, member))


def _models(names: list[str]) -> list[str]:
    """Replace packs by the models they need."""
    models = [
        m for name in names for m in (PACKS[name].models if name in PACKS else (find_model(name).name,))
    ]
    return list(dict.fromkeys(models))


__all__ = ["MODELS", "app"]
