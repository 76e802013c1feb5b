"""OpenGait's yaml: which network, and what it is shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from gaitway.errors import ConfigError
from gaitway.recognition.opengait import GaitInputConfig

# One network serves CASIA-B, OU-MVLP, GREW, Gait3D, CCPG and CASIA-E; only the classifier's width differs.
GAITBASE: dict[str, Any] = {
    "model": "Baseline",
    "backbone_cfg": {
        "type": "ResNet9",
        "block": "BasicBlock",
        "channels": [64, 128, 256, 512],
        "layers": [1, 1, 1, 1],
        "strides": [1, 2, 2, 1],
        "maxpool": False,
    },
    "SeparateFCs": {"in_channels": 512, "out_channels": 256, "parts_num": 16},
    "SeparateBNNecks": {"class_num": 1, "in_channels": 256, "parts_num": 16},
    "bin_num": [16],
}
# Whether a transform of ``evaluator_cfg`` cuts the sides; all divide by 255.
_TRANSFORMS = {
    "BaseSilCuttingTransform": True,
    "BaseParsingCuttingTransform": True,
    "BaseSilTransform": False,
}
# SwinGait on Gait3D is published on uncut silhouettes; its setting is recognised by its depth.
_UNCUT_SWINGAIT = (4, 4)


@dataclass(frozen=True, slots=True)
class GaitModel:
    """A gait network as configured.

    Attributes:
        cfg: OpenGait's ``model_cfg``.
        input: What it is shown.
    """

    cfg: Mapping[str, Any]
    input: GaitInputConfig


def read_config(config: Path | str | Mapping[str, Any] | None) -> GaitModel:
    """Read which network a checkpoint belongs to.

    Args:
        config: A yaml file, its content, or its ``model_cfg`` alone; None: GaitBase.

    Raises:
        ConfigError: No such file, not yaml, or no ``model_cfg`` with a ``model`` in it.
    """
    if config is None:
        return GaitModel(GAITBASE, GaitInputConfig())
    content = config if isinstance(config, Mapping) else _read_yaml(Path(config))
    cfg = content.get("model_cfg", content)
    if not isinstance(cfg, Mapping) or not isinstance(cfg.get("model"), str):
        raise ConfigError(
            "the config names no model: wanted OpenGait's yaml with a model_cfg, or that part of it"
        )
    evaluator = content.get("evaluator_cfg") or {}
    cuts = _cuts_sides(evaluator.get("transform"))
    sampler = evaluator.get("sampler") or {}
    limit = sampler.get("frames_all_limit")
    return GaitModel(
        cfg,
        GaitInputConfig(
            channels=input_channels(cfg),
            cuts_sides=default_cut(cfg) if cuts is None else cuts,
            min_frames=3 if cfg["model"] == "GaitGL" else 1,
            max_frames=limit if isinstance(limit, int) and limit >= 3 else GaitInputConfig().max_frames,
        ),
    )


def input_channels(cfg: Mapping[str, Any]) -> int:
    """Return how many images of each frame a network sees.

    Examples:
        >>> input_channels(GAITBASE)
        1
    """
    backbone = cfg.get("Backbone") or cfg.get("backbone_cfg") or {}
    if "part1_channel" in backbone:
        return int(backbone["part1_channel"]) + int(backbone["part2_channel"])
    return int(backbone.get("in_channels", backbone.get("in_channel", 1)))


def default_cut(cfg: Mapping[str, Any]) -> bool:
    """Tell whether a network of the published configurations sees cut silhouettes (64x44).

    MultiGait++'s own configuration does not cut because its files are cut already; what is 44 wide stays so.
    """
    layers = (cfg.get("Backbone") or {}).get("layers") or []
    return not (cfg["model"] == "SwinGait" and tuple(layers[1:3]) == _UNCUT_SWINGAIT)


def _cuts_sides(transforms: Any) -> bool | None:
    """Read ``evaluator_cfg.transform``; None where it says nothing."""
    if not transforms:
        return None
    listed = transforms if isinstance(transforms, list) else [transforms]
    names = [str(t.get("type")) for t in listed if isinstance(t, Mapping)]
    unknown = [name for name in names if name not in _TRANSFORMS]
    if unknown:
        raise ConfigError(
            f"evaluator_cfg.transform {unknown[0]!r} is not one of {', '.join(_TRANSFORMS)}: prepare its "
            "input yourself"
        )
    return any(_TRANSFORMS[name] for name in names)


def _read_yaml(path: Path) -> Mapping[str, Any]:
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(
            f"no config at {path}: give the yaml that the checkpoint was trained with"
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        raise ConfigError(
            f"{path} is not yaml: give the yaml that the checkpoint was trained with"
        ) from error
    if not isinstance(content, Mapping):
        raise ConfigError(f"{path} holds no settings: give the yaml that the checkpoint was trained with")
    return content
