"""A yaml file to a recipe: our own form, or OpenGait's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from gaitway.adapters.checkpoints.opengait_yaml import GAITBASE, default_cut
from gaitway.config import from_mapping
from gaitway.errors import ConfigError
from gaitway.training.augment import build_transform
from gaitway.training.near import unknown_key
from gaitway.training.opengait_recipe import SECTIONS, from_opengait
from gaitway.training.recipe import Recipe

MODELS: dict[str, Mapping[str, Any]] = {"gaitbase": GAITBASE}


def read_recipe(path: Path) -> Recipe:
    """Read a training's yaml.

    Args:
        path: OpenGait's yaml (data_cfg, model_cfg, trainer_cfg, ...), or ours: the fields of ``Recipe``.

    Raises:
        ConfigError: No such file, no yaml, an unknown key (near names are listed) or an impossible value.
    """
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"no config at {path}: give a yaml file") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise ConfigError(f"{path} is not yaml ({reason}): correct it") from error
    if not isinstance(content, Mapping) or not content:
        raise ConfigError(f"{path} holds no settings: wanted a training's yaml")
    return recipe_from(content)


def recipe_from(content: Mapping[str, Any]) -> Recipe:
    """Return the recipe that a yaml's content describes; see ``read_recipe``.

    Examples:
        >>> recipe_from({"model": "gaitbase", "data": {"path": "walks"}}).cuts_sides
        True
    """
    recipe = from_opengait(content) if set(content) & set(SECTIONS) else _from_own(content)
    for step in recipe.augment:
        build_transform(step)
    return recipe


def _from_own(content: Mapping[str, Any]) -> Recipe:
    values = dict(content)
    if isinstance(values.get("data"), str):
        values["data"] = {"path": values["data"]}
    missing = [key for key in ("model", "data") if key not in values]
    if missing:
        raise ConfigError(f"the config lacks {' and '.join(missing)}: say which network and which walks")
    model = values["model"]
    if isinstance(model, str):
        if model not in MODELS:
            raise unknown_key(f"model {model}", model, MODELS)
        values["model"] = MODELS[model]
    elif not isinstance(model, Mapping) or not isinstance(model.get("model"), str):
        raise ConfigError("model names no network: wanted one of our names, or OpenGait's model_cfg")
    cuts = values.pop("cut_sides", default_cut(values["model"]))
    steps = values.get("augment") or []
    if not isinstance(steps, list) or not all(isinstance(step, Mapping) for step in steps):
        raise ConfigError("augment is no list of {type: ..., prob: ...}: write one line for each transform")
    if cuts and not any(step.get("type") == "CutSides" for step in steps):
        steps = [*steps, {"type": "CutSides"}]
    return from_mapping(Recipe, values | {"augment": steps})
