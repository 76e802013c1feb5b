"""Gathers the stages' settings; reads TOML. Defaults live in each stage's config, once."""

from __future__ import annotations

import dataclasses
import difflib
import tomllib
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

from gaitway.errors import ConfigError
from gaitway.pipeline import PipelineConfig
from gaitway.segmentation.humanseg_crops import CropKind

C = TypeVar("C")

Draw = Literal["silhouette", "keypoints", "none"]
Device = Literal["cpu", "cuda"]


@dataclass(frozen=True)
class Settings:
    """Everything a run can be told, besides its inputs.

    Attributes:
        pack: Model pack: which detector, segmenter and encoder.
        detector: Another detector than the pack's, by name or file.
        segmenter: Another segmenter than the pack's, by name or folder.
        encoder: Another encoder than the pack's, by name or file.
        steady: Where a YOLOX detector loses somebody for a moment, look with BlazePose's landmark network, if
            that is the segmenter.
        crop: How PP-HumanSeg is shown a person (``HumanSegConfig``); ``seed``: exactly as in the seed system.
        precision: Arithmetic of the networks. f32 gives the same result on every machine; int8 needs
            the extra ``int8``.
        device: Where YOLOX, PP-HumanSegV2-Mobile and gait checkpoints run; other networks always on the CPU.
        draw: What the output videos show besides boxes and names.
        video: Write the output videos at all.
        seed_layout: Write ``output/`` too, the seed system's folders and names; docs/seed-layout.md.
        camera_motion: Estimate the camera's own motion and take it out of the tracks.
        link: Link broken tracks once a video is complete (files only; cameras stay online).
        link_by_looks: Let clothes and proportions count when tracks are linked and parted.
        link_by_gait: Let walks count when tracks are linked.
        min_score: A track whose best score stays below it is unknown; 0.5: as likely as not.
        together: Decide about everybody who is seen at once together; else every track by itself.
        centre: Take out what sets a probe video apart from a gallery video as a whole (``centre_scene``).
        threads: Cores to use; 0 means all there are.
        pipeline: Bounds of memory and overlap.
    """

    pack: str = "builtin"
    detector: str | None = None
    segmenter: str | None = None
    encoder: str | None = None
    steady: bool = True
    crop: CropKind = "context"
    precision: Literal["f32", "bf16", "f16", "int8"] = "f32"
    device: Device = "cpu"
    draw: Draw = "silhouette"
    video: bool = True
    seed_layout: bool = False
    camera_motion: bool = True
    link: bool = True
    link_by_looks: bool = True
    link_by_gait: bool = True
    min_score: float = 0.5
    together: bool = True
    centre: bool = True
    threads: int = 0
    pipeline: PipelineConfig = field(default_factory=PipelineConfig)


def with_pack(settings: Settings | None, pack: str | None) -> Settings:
    """Return ``settings`` (the defaults where None) with another pack, where one is given."""
    settings = settings or Settings()
    return settings if pack is None else dataclasses.replace(settings, pack=pack)


def read_settings(path: Path) -> Settings:
    """Read settings from a TOML file.

    Raises:
        ConfigError: No such file, not TOML, an unknown key or a value that does not fit.
    """
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(f"no settings file {path}: check the path given to --config") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not TOML: {error}: correct that line") from error
    return from_mapping(Settings, values)


def from_mapping(kind: type[C], values: Mapping[str, Any], *, where: str = "") -> C:
    """Build a config dataclass from plain values, nested ones too.

    Raises:
        ConfigError: An unknown key (near names are listed) or a value of the wrong type.

    Examples:
        >>> from_mapping(Settings, {"pack": "light", "pipeline": {"max_queue": 4}}).pipeline.max_queue
        4
    """
    hints = typing.get_type_hints(kind)
    names = [f.name for f in dataclasses.fields(kind)]  # type: ignore[arg-type]
    built: dict[str, Any] = {}
    for key, value in values.items():
        if key not in names:
            near = difflib.get_close_matches(key, names, n=3, cutoff=0.4) or names
            raise ConfigError(f"unknown setting {where}{key}: did you mean {', '.join(near)}?")
        built[key] = _fit(hints[key], value, f"{where}{key}")
    return kind(**built)


def _fit(hint: Any, value: Any, where: str) -> Any:
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        if not isinstance(value, Mapping):
            raise ConfigError(f"setting {where} is {value!r}, wanted a table [{where}]")
        return from_mapping(hint, value, where=f"{where}.")
    origin, options = typing.get_origin(hint), typing.get_args(hint)
    if origin is Literal:
        if value not in options:
            raise ConfigError(f"setting {where} is {value!r}, wanted one of {', '.join(map(repr, options))}")
        return value
    if origin in {types.UnionType, typing.Union}:
        kinds = tuple(o for o in options if isinstance(o, type))
    elif origin is tuple:
        if not isinstance(value, list | tuple):
            raise ConfigError(f"setting {where} is {value!r}, wanted a list")
        return tuple(value)
    else:
        kinds = (origin or hint,)
    if float in kinds and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        wanted = " or ".join(k.__name__ for k in kinds)
        raise ConfigError(f"setting {where} is {value!r}, wanted {wanted}")
    return value


def as_mapping(settings: Any) -> dict[str, Any]:
    """Return a config as plain values, for run.json and for keys.

    Examples:
        >>> as_mapping(Settings())["pack"]
        'builtin'
    """
    return dataclasses.asdict(settings)
