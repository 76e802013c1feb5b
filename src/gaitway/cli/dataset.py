"""gaitway dataset: data sets of walks made, prepared, counted and checked."""

from __future__ import annotations

import json as json_module
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from gaitway.cli import options
from gaitway.cli.show import reporter

app = typer.Typer(help="Make, prepare, count and check data sets of walks.", no_args_is_help=True)

Folder = Annotated[Path, typer.Argument(help="Folder of a data set, in any layout.")]
Out = Annotated[Path, typer.Option("--out", "-o", help="Folder to write; made if absent.")]
Workers = Annotated[int, typer.Option(min=1, help="Processes.")]
PartitionFile = Annotated[
    Path | None,
    typer.Option("--partition", help="json with TRAIN_SET and TEST_SET; the folder's own if any."),
]
SubsetName = Annotated[str | None, typer.Option("--subset", help="train, test, probe or gallery.")]
Layout = Annotated[str, typer.Option(help="auto, tree, casia-b, gait3d, sustech1k, ccpg, oumvlp or grew.")]
Maps = Annotated[
    list[str] | None, typer.Option("--maps", help="Files to use where walks have several, such as '*sil*'.")
]


@app.command()
def synth(
    *,
    out: Out,
    people: Annotated[int, typer.Option(min=1, help="People.")] = 50,
    walks: Annotated[int, typer.Option(min=1, help="Walks of each person, with bags and coats.")] = 10,
    seed: Annotated[int, typer.Option(min=0, help="Makes everybody and everything.")] = 0,
    views: Annotated[int, typer.Option(min=1, max=181, help="Cameras from front to back.")] = 11,
    frames: Annotated[int, typer.Option(min=1, help="Frames of a walk, at most.")] = 40,
    faults: Annotated[
        bool, typer.Option("--faults/--clean", help="Spoil masks as segmentation does.")
    ] = True,
    test_share: Annotated[float, typer.Option(min=0, max=1, help="Part of the people for testing.")] = 0.5,
    workers: Workers = 1,
    quiet: options.Quiet = False,
) -> None:
    """Generate walkers as a data set with CASIA-B's names; the same seed makes the same bytes."""
    from gaitway.synthetic.dataset import DatasetConfig
    from gaitway.synthetic.population import PopulationConfig
    from gaitway.wiring.dataset import synthesise

    config = DatasetConfig(walks, views, frames, faulty=faults, population=PopulationConfig(seed=seed))
    with reporter(quiet=quiet) as report:
        synthesise(out, people, config, test_share=test_share, workers=workers, report=report)
    typer.echo(f"{people} people, {people * walks * views} walks: {out}")


@app.command()
def info(
    *,
    path: Folder,
    partition: PartitionFile = None,
    subset: SubsetName = None,
    layout: Layout = "auto",
    maps: Maps = None,
    json: options.Json = False,
) -> None:
    """Count walks and frames per subject, condition and view."""
    from gaitway.adapters.datasets import open_dataset
    from gaitway.wiring.dataset import describe_dataset

    found = describe_dataset(open_dataset(path, partition, subset, layout=layout, maps=maps or ()))
    if json:
        typer.echo(json_module.dumps(asdict(found), indent=1, ensure_ascii=False))
        return
    typer.echo(f"{found.walks} walks of {len(found.subjects)} subjects")
    typer.echo("frames: " + ", ".join(f"{name} {count}" for name, count in found.frames.items()))
    for name, counts in (("conditions", found.conditions), ("views", found.views)):
        typer.echo(f"{name}: " + _shortened([f"{label} ({count})" for label, count in counts.items()]))
    per_subject = sorted(found.subjects.values()) or [0]
    typer.echo(f"walks of a subject: {per_subject[0]} to {per_subject[-1]}")


def _shortened(names: list[str], most: int = 24) -> str:
    rest = f", and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest
