"""Where a training stands, as files: whole or not there, read as data alone."""

from __future__ import annotations

import json
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from gaitway.config import as_mapping
from gaitway.errors import ConfigError, StoreError
from gaitway.files import atomic_file, translated
from gaitway.training.recipe import Recipe

FOLDER = "checkpoints"
# What may change between a run and its continuation without changing its numbers.
FREE = ("steps", "log_every", "save_every", "keep", "evaluation", "name")


def save_checkpoint(out: Path, step: int, state: Mapping[str, Any], recipe: Recipe) -> Path:
    """Write where a training stands after ``step`` steps, and remove the oldest beyond ``recipe.keep``.

    Args:
        out: The training's folder.
        step: Steps done.
        state: state_dicts: ``model`` (the published keys), ``optimizer``, ``scaler``.
        recipe: Kept beside it.

    Raises:
        StoreError: It cannot be written.
    """
    path = out / FOLDER / f"step-{step:07d}.pt"
    content = {**state, "step": step, "recipe": json.dumps(as_mapping(recipe), sort_keys=True)}
    with atomic_file(path) as file:
        torch.save(content, file)
    with translated("remove old checkpoints of", out):
        for old in stored_checkpoints(out)[: -recipe.keep]:
            old.unlink()
    return path


def stored_checkpoints(out: Path) -> list[Path]:
    """Return a training's checkpoints, oldest first."""
    return sorted((out / FOLDER).glob("step-*.pt"))


def load_latest(out: Path, recipe: Recipe, device: torch.device) -> dict[str, Any] | None:
    """Return the newest checkpoint's content, or None where there is none.

    Raises:
        StoreError: It cannot be read.
        ConfigError: It was made by another recipe.
    """
    stored = stored_checkpoints(out)
    if not stored:
        return None
    path = stored[-1]
    try:
        content: dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
        before = json.loads(content["recipe"])
    except (
        pickle.UnpicklingError,
        RuntimeError,
        ValueError,
        EOFError,
        KeyError,
        OSError,
        TypeError,
    ) as error:
        raise StoreError(
            f"the checkpoint {path} is no whole checkpoint of a training: delete it, the one before is used"
        ) from error
    changed = _changed(before, recipe)
    if changed:
        raise ConfigError(
            f"the training in {out} was made with another {', '.join(changed)}: go on with its settings, or "
            "choose another --out"
        )
    return content


def _changed(before: Mapping[str, Any], recipe: Recipe) -> list[str]:
    """Say which settings differ that change the numbers."""
    now = json.loads(json.dumps(as_mapping(recipe)))
    cosine = recipe.scheduler.scheduler == "CosineAnnealingLR" and recipe.scheduler.T_max is None
    free = [name for name in FREE if not (name == "steps" and cosine)]
    for values in (before, now):
        values.get("data", {}).pop("workers", None)
    return [name for name in now if name not in free and before.get(name) != now[name]]
