"""gaitway dataset: data sets of walks made, prepared, counted and checked."""

from __future__ import annotations

import json as json_module
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import typer

from gaitway.cli import options
from gaitway.cli.show import reporter
from gaitway.errors import ConfigError

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
    walks: Annotated[
        int | None,
        typer.Option(min=1, help="Walks of each person, with bags and coats. Default: 10, scenes 2."),
    ] = None,
    kind: Annotated[
        str, typer.Option(help="walks (silhouettes) or scenes (videos, boxes, masks).")
    ] = "walks",
    seed: Annotated[int, typer.Option(min=0, help="Makes everybody and everything.")] = 0,
    views: Annotated[int, typer.Option(min=1, max=181, help="Cameras from front to back.")] = 11,
    frames: Annotated[int, typer.Option(min=1, help="Frames of a walk, at most.")] = 40,
    faults: Annotated[
        bool, typer.Option("--faults/--clean", help="Spoil masks as segmentation does.")
    ] = True,
    test_share: Annotated[float, typer.Option(min=0, max=1, help="Part of the people for testing.")] = 0.5,
    together: Annotated[int, typer.Option(min=1, help="People in a scene.")] = 4,
    seconds: Annotated[float, typer.Option(min=0.5, max=600, help="Length of a scene.")] = 7.0,
    workers: Workers = 1,
    quiet: options.Quiet = False,
) -> None:
    """Generate walkers: a data set with CASIA-B's names, or filmed scenes; the same seed, the same bytes."""
    from gaitway.synthetic.dataset import DatasetConfig
    from gaitway.synthetic.population import PopulationConfig
    from gaitway.synthetic.scene_dataset import ScenesConfig
    from gaitway.wiring.dataset import synthesise
    from gaitway.wiring.scenes import synthesise_scenes

    population = PopulationConfig(seed=seed)
    with reporter(quiet=quiet) as report:
        if kind == "walks":
            config = DatasetConfig(walks or 10, views, frames, faulty=faults, population=population)
            synthesise(out, people, config, test_share=test_share, workers=workers, report=report)
            made = f"{people * config.walks * views} walks"
        elif kind == "scenes":
            filmed = ScenesConfig(people, walks or 2, together, seconds, population=population)
            made = f"{len(synthesise_scenes(out, filmed, workers=workers, report=report))} scenes"
        else:
            raise ConfigError(f"the kind {kind!r} is unknown, wanted walks or scenes")
    typer.echo(f"{people} people, {made}: {out}")


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


@app.command()
def prepare(
    *,
    source: Annotated[
        Path,
        typer.Argument(help="Folder of silhouettes, pickles or videos, or a csv file that labels videos."),
    ],
    out: Out,
    format: Annotated[  # noqa: A002 - the option's name
        str, typer.Option(help="walks (one memory-mapped file) or pickle (OpenGait's layout).")
    ] = "walks",
    layout: Layout = "auto",
    partition: PartitionFile = None,
    maps: Maps = None,
    align: Annotated[bool, typer.Option("--align/--no-align", help="Align pictures to 64x64.")] = True,
    binary: Annotated[
        bool, typer.Option("--binary", help="Black and white alone: an eighth of the size.")
    ] = False,
    workers: Workers = 1,
    pack: options.Pack = None,
    detector: options.Detector = None,
    segmenter: options.Segmenter = None,
    crop: options.Crop = None,
    precision: options.Precision = None,
    device: options.Device = None,
    threads: options.Threads = None,
    config: options.Config = None,
    quiet: options.Quiet = False,
) -> int:
    """Align silhouettes, or cut people out of videos, into a data set; one that was stopped goes on.

    Videos lie as <subject>/<condition>/<view>.mp4, or a csv file names video, subject, condition, view and,
    where several people walk, track.
    """
    from gaitway.wiring.prepare import PrepareConfig, prepare_folder
    from gaitway.wiring.prepare_videos import find_videos, prepare_videos, read_labels

    chosen = {"pack": pack, "detector": detector, "segmenter": segmenter, "crop": crop}
    settings = options.settings_from(config, **chosen, precision=precision, device=device, threads=threads)
    how = PrepareConfig(_format(format), align=align, binary=binary, maps=tuple(maps or ()), workers=workers)
    videos = read_labels(source) if source.suffix.lower() == ".csv" else find_videos(source)
    with reporter(quiet=quiet) as report:
        if videos:
            made = prepare_videos(videos, out, how, settings=settings, partition=partition, report=report)
        else:
            made = prepare_folder(source, out, how, layout=layout, partition=partition, report=report)
    for note in made.notes:
        if note.remark:
            typer.echo(f"gaitway: {'/'.join(note.labels)}: {note.remark}", err=True)
    kept = ", ".join(f"{count} frames {name}" for name, count in made.frames.items())
    typer.echo(f"{made.walks} of {len(made.notes)} walks, {kept}: {out}")
    return 1 if made.failures else 0


@app.command()
def check(
    *,
    path: Folder,
    partition: PartitionFile = None,
    layout: Layout = "auto",
    maps: Maps = None,
    workers: Workers = 1,
    quiet: options.Quiet = False,
    json: options.Json = False,
) -> int:
    """Read every walk and name what is wrong; exit code 1 if anything is."""
    from gaitway.wiring.check import check_dataset

    with reporter(quiet=quiet) as report:
        found = check_dataset(path, partition, layout=layout, maps=maps or (), workers=workers, report=report)
    if json:
        typer.echo(json_module.dumps(asdict(found), indent=1, ensure_ascii=False))
    else:
        for fault in found.faults:
            typer.echo(f"{fault.where}: {fault.what}")
        typer.echo(f"{found.walks} walks, {len(found.faults)} faults")
    return 1 if found.faults else 0


def _format(name: str) -> Literal["walks", "pickle"]:
    if name not in {"walks", "pickle"}:
        raise ConfigError(f"the format {name!r} is unknown, wanted walks or pickle")
    return "pickle" if name == "pickle" else "walks"


def _shortened(names: list[str], most: int = 24) -> str:
    rest = f", and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest
