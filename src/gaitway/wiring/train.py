"""``gaitway train``: the recipe's data opened, the training run, its result exported."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gaitway.adapters.datasets import open_dataset
from gaitway.adapters.datasets.partition import FILE
from gaitway.errors import MissingExtraError
from gaitway.progress import Report, silent
from gaitway.protocols import WalkDataset

if TYPE_CHECKING:
    from gaitway.training.loop import Trained
    from gaitway.training.recipe import DataConfig, Recipe

EXPORT = "export"


def train_from(
    config: str | Path, out: str | Path, *, device: str | None = None, report: Report = silent
) -> Trained:
    """Train as a yaml says, and export the encoder to ``out``/export; one that was stopped goes on.

    Under torchrun every process calls this; the first one writes.

    Args:
        config: OpenGait's yaml, or ours (``gaitway.training.recipe.Recipe``).
        out: Folder for checkpoints, log and export.
        device: ``cpu`` or ``cuda``; None: CUDA where there is one.
        report: Told after every step, in the first process.

    Raises:
        ConfigError: The yaml has an unknown key, or does not fit the data.
        InputError: The data cannot be read.
        MissingExtraError: torch is not installed.
    """
    try:
        import torch  # noqa: F401 - asked for before anything else needs it
    except ImportError as error:
        raise MissingExtraError("torch", "torch", "training") from error
    from gaitway.training.distributed import joined_world
    from gaitway.training.export import export
    from gaitway.training.loop import train
    from gaitway.training.read_recipe import read_recipe

    recipe = read_recipe(Path(config))
    walks, test = open_data(recipe)
    with joined_world(device) as world:
        told = report if world.leads else silent
        trained = train(recipe, walks, Path(out), test=test, world=world, report=told)
        if world.leads:
            export(trained, recipe, Path(out) / EXPORT)
        world.wait()
    return trained


def open_data(recipe: Recipe) -> tuple[WalkDataset, WalkDataset | None]:
    """Open the walks to train on and, where a protocol is asked for, those to measure on."""
    data = recipe.data
    walks = _open(data, data.path, "train")
    if recipe.evaluation.protocol is None:
        return walks, None
    return walks, _open(data, data.test or data.path, "test")


def _open(data: DataConfig, path: str, subset: str) -> WalkDataset:
    """Open one side of the partition; a folder without any is used whole."""
    has_partition = data.partition is not None or (Path(path) / FILE).is_file()
    return open_dataset(
        path, data.partition, subset if has_partition else None, layout=data.layout, maps=data.maps
    )
