"""gaitway models: list, fetch, add, check, find and remove model files."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TaskID, TextColumn, TransferSpeedColumn
from rich.progress import Progress as Bars

from gaitway.adapters.modelstore.manifest import StoredModel
from gaitway.adapters.modelstore.store import ModelStore
from gaitway.adapters.modelstore.zoo import ZOO
from gaitway.errors import ModelFileError
from gaitway.packs import MODELS, PACKS, Model, find_model

app = typer.Typer(help="List, fetch, add, check and find model files.", no_args_is_help=True)

Names = Annotated[list[str], typer.Argument(help=f"Packs ({', '.join(PACKS)}) or models.", metavar="NAME...")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("list")
def list_models(as_json: AsJson = False) -> None:
    """Show the models that can be fetched, those that are here, and the gait networks that can be built."""
    store = ModelStore()
    here = {stored.name: stored for stored in store.entries()}
    rows = [_row(name, MODELS.get(name), here.get(name)) for name in dict.fromkeys((*MODELS, *here))]
    if as_json:
        shown = {"home": str(store.home), "models": rows, "zoo": [asdict(network) for network in ZOO]}
        typer.echo(json.dumps(shown, indent=2, ensure_ascii=False))
        return
    for row in rows:
        state = "here" if row["here"] else f"{row['size_mb']:.0f} MB"
        typer.echo(f"{row['name']:<16} {state:>7}  {', '.join(row['kinds']):<20}  {row['summary']}")
        typer.echo(f"{'':<27}{row['licence']}")
    typer.echo("\npacks:")
    for pack in PACKS.values():
        typer.echo(f"{pack.name:<16} {', '.join(pack.models)}: {pack.summary}")
    _show_zoo()
    typer.echo(f"\ncache: {store.home}")


@app.command()
def pull(names: Names, quiet: Quiet = False) -> None:
    """Fetch models, unless they are here already."""
    store = ModelStore()
    for name in _models(names):
        is_here = store.find(name) is not None
        if not is_here and not quiet:
            _introduce(find_model(name))
        with _Bytes(quiet=quiet or is_here) as progress:
            stored = store.pull(name, progress)
        if not quiet:
            typer.echo(f"{name} is {'already here' if is_here else 'ready'}")
            if not is_here:
                _tell_unpinned(stored)


@app.command()
def add(
    file: Annotated[Path, typer.Argument(help="A model file, zip or folder that you fetched yourself.")],
    name: Annotated[
        str | None, typer.Option("--name", help="What to call it; known models name themselves.")
    ] = None,
) -> None:
    """Take a file into the cache, once it is clear what it is; nothing in it is run."""
    stored = ModelStore().add(file, name)
    typer.echo(f"{stored.name} is ready: {stored.summary}")
    _tell_unpinned(stored)


@app.command()
def verify(
    names: Annotated[
        list[str] | None, typer.Argument(help="Models; all when left out.", metavar="[NAME]...")
    ] = None,
) -> None:
    """Compare the files in the cache with their hashes."""
    problems = ModelStore().verify(_models(names) if names else None)
    for name, wrong in problems.items():
        typer.echo(f"{name}: {'; '.join(wrong) or 'ok'}")
    bad = [name for name, wrong in problems.items() if wrong]
    if bad:
        raise ModelFileError(
            f"{len(bad)} of {len(problems)} models are not as stored: run 'gaitway models remove "
            f"{' '.join(bad)}', then pull or add them again"
        )


@app.command()
def path(
    name: Annotated[str, typer.Argument(help="A model.")],
    member: Annotated[str | None, typer.Argument(help="Its file, where it has several.")] = None,
) -> None:
    """Print where a model's file lies."""
    typer.echo(ModelStore().path(name, member))


@app.command()
def remove(names: Annotated[list[str], typer.Argument(help="Models.", metavar="NAME...")]) -> None:
    """Delete models from the cache."""
    for name in names:
        ModelStore().remove(name)
        typer.echo(f"{name} is removed")


def _models(names: list[str]) -> list[str]:
    """Replace packs by the models they need."""
    models = [model for name in names for model in (PACKS[name].models if name in PACKS else (name,))]
    return list(dict.fromkeys(models))


def _row(name: str, model: Model | None, stored: StoredModel | None) -> dict[str, Any]:
    known = stored or model
    size_mb = sum(f.size for f in stored.files) / 1e6 if stored else model.size_mb if model else 0.0
    return {
        "name": name,
        "kinds": list(known.kinds) if known else [],
        "summary": known.summary if known else "",
        "licence": known.licence if known else "",
        "size_mb": round(size_mb, 1),
        "here": stored is not None,
        "files": [asdict(f) for f in stored.files] if stored else [],
    }


def _show_zoo() -> None:
    """Print the gait networks that can be built, two lines each."""
    typer.echo("\ngait networks: parameters in millions, GFLOPs a frame, published rank-1 in %")
    for network in ZOO:
        cost = f"{network.parameters:6.2f} M {'-' if network.gflops is None else f'{network.gflops:.2f}':>6}"
        typer.echo(f"{network.name:<26} {cost}  {network.accuracy or '-'}")
        source = network.accuracy_source if network.accuracy_source != network.paper else ""
        typer.echo(f"{'':<27}{network.paper}{f'; accuracy: {source}' if source else ''}")
        typer.echo(f"{'':<27}{network.licence}; {network.get}")


def _introduce(model: Model) -> None:
    """Say what is about to be fetched and under which terms."""
    typer.echo(f"{model.name}: {model.summary} ({model.size_mb:.0f} MB)", err=True)
    typer.echo(f"  licence: {model.licence}", err=True)
    typer.echo(f"  please cite: {model.citation}", err=True)
    typer.echo(f"  from: {model.homepage}", err=True)


def _tell_unpinned(stored: StoredModel) -> None:
    """Say which files nobody vouched for: their hash is recorded now and checked from here on."""
    for file in stored.files:
        if not file.pinned:
            typer.echo(f"  {file.name}: first use, recorded SHA-256 {file.sha256}", err=True)


class _Bytes:
    """Shows a download: a bar on a terminal, a line elsewhere."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._bars: Bars | None = None
        self._task: TaskID | None = None
        self._said = ""

    def __enter__(self) -> _Bytes:
        if not self._quiet and sys.stderr.isatty():
            columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
            self._bars = Bars(*columns, console=Console(stderr=True))
            self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bars is not None:
            self._bars.stop()

    def __call__(self, file: str, done: int, total: int | None) -> None:
        if self._bars is not None:
            if self._task is None:
                self._task = self._bars.add_task(file)
            self._bars.update(self._task, completed=done, total=total)
        elif not self._quiet and self._said != file:
            self._said = file
            typer.echo(f"  fetching {file}", err=True)
