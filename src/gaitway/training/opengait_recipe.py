"""OpenGait's yaml as a recipe: every key of the published configurations is read, checked or refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gaitway.config import from_mapping
from gaitway.errors import ConfigError
from gaitway.training.near import check_keys, unknown_key
from gaitway.training.recipe import Recipe

SECTIONS = {
    "data_cfg": "cache data_in_use dataset_name dataset_partition dataset_root frames_all_limit num_workers "
    "remove_no_gallery test_dataset_name test_dataset_partition test_dataset_root",
    "evaluator_cfg": "cross_view_gallery enable_float16 eval_func iteration metric restore_ckpt_strict "
    "restore_hint rerank sampler save_name transform",
    "loss_cfg": "",
    "model_cfg": "",
    "optimizer_cfg": "betas lr momentum solver weight_decay",
    "scheduler_cfg": "T_max eta_min gamma milestones scheduler",
    "trainer_cfg": "enable_float16 find_unused_parameters fix_BN fix_layers log_iter optimizer_reset "
    "restore_ckpt_strict restore_hint sampler save_iter save_name scheduler_reset sync_BN total_iter "
    "transform with_test",
}
_SAMPLER = (
    "batch_shuffle batch_size frames_all_limit frames_num_fixed frames_num_max frames_num_min "
    "frames_skip_num sample_type type"
)
_LOSSES = {
    "TripletLoss": ("triplet", {"margin": "margin"}),
    "CrossEntropyLoss": ("cross_entropy", {"scale": "scale", "eps": "smoothing"}),
    "SupConLoss": ("contrastive", {"temperature": "temperature"}),
}
_LOSS_KEYS = "log_accuracy log_prefix loss_term_weight type"
_CUTS = ("BaseSilCuttingTransform", "BaseParsingCuttingTransform")
_WHOLE = ("BaseSilTransform",)
_PROTOCOLS = {
    "CASIA-B": "casia-b",
    "CASIA-B*": "casia-b",
    "OUMVLP": "oumvlp",
    "GREW": "grew-train",
    "Gait3D": "gait3d",
    "Gait3D-Parsing": "gait3d",
    "CCPG": "ccpg",
    "SUSTech1K": "sustech1k",
}
_EVALUATIONS = {
    "evaluate_indoor_dataset": None,  # by the data set's name
    "identification": None,  # its name in the first configurations
    "evaluate_Gait3D": "gait3d",
    "evaluate_CCPG": "ccpg",
    "evaluate_real_scene": "grew-train",
    "GREW_submission": "grew-train",
}


def from_opengait(content: Mapping[str, Any]) -> Recipe:
    """Return the recipe that OpenGait's yaml describes.

    Raises:
        ConfigError: A key is unknown, a section is missing, or something is asked that is not done here.
    """
    check_keys(content, SECTIONS, "")
    missing = [name for name in ("data_cfg", "model_cfg", "trainer_cfg", "loss_cfg") if name not in content]
    if missing:
        raise ConfigError(f"the config lacks {', '.join(missing)}: wanted OpenGait's whole yaml")
    sections = {name: content.get(name) or {} for name in SECTIONS}
    for name, keys in SECTIONS.items():
        if keys:
            check_keys(sections[name], keys.split(), name)
    trainer = sections["trainer_cfg"]
    if trainer.get("optimizer_reset") is False and isinstance(trainer.get("restore_hint"), str):
        trainer = {
            **trainer,
            "optimizer_reset": True,
        }  # a file holds weights; runs of ours go on by themselves
    augment, _ = _transforms(trainer.get("transform") or sections["evaluator_cfg"].get("transform"))
    values: dict[str, Any] = {
        "model": sections["model_cfg"],
        "data": _data(sections["data_cfg"]),
        **_sampling(trainer.get("sampler") or {}),
        "augment": augment,
        "losses": _losses(sections["loss_cfg"]),
        "optimizer": _optimizer(sections["optimizer_cfg"]),
        "scheduler": _lists_to_tuples(sections["scheduler_cfg"]),
        "evaluation": _evaluation(sections, trainer),
        **_trainer(trainer),
    }
    return from_mapping(Recipe, values)


def _data(section: Mapping[str, Any]) -> dict[str, Any]:
    if "dataset_root" not in section:
        raise ConfigError("data_cfg lacks dataset_root: say where the walks lie")
    if section.get("remove_no_gallery"):
        raise ConfigError(
            "data_cfg.remove_no_gallery is true: not done here, leave those walks out of the partition"
        )
    if not all(section.get("data_in_use") or [True]):
        raise ConfigError(
            "data_cfg.data_in_use leaves files out by place: make a data set of the files you want "
            "('gaitway dataset prepare --maps') and train on that"
        )
    names = {
        "dataset_root": "path",
        "dataset_partition": "partition",
        "test_dataset_root": "test",
        "num_workers": "workers",
    }
    return {ours: section[theirs] for theirs, ours in names.items() if theirs in section}


def _sampling(section: Mapping[str, Any]) -> dict[str, Any]:
    check_keys(section, _SAMPLER.split(), "trainer_cfg.sampler")
    kind = section.get("type", "TripletSampler")
    if kind != "TripletSampler":
        raise ConfigError(f"trainer_cfg.sampler.type is {kind!r}, wanted TripletSampler")
    size = section.get("batch_size", [8, 16])
    if not isinstance(size, list) or len(size) != 2:
        raise ConfigError(f"trainer_cfg.sampler.batch_size is {size!r}, wanted [people, walks of each]")
    names = {
        "sample_type": "order",
        "frames_num_fixed": "count",
        "frames_num_min": "fewest",
        "frames_num_max": "most",
        "frames_skip_num": "skip",
        "frames_all_limit": "most",
    }
    frames = {ours: section[theirs] for theirs, ours in names.items() if theirs in section}
    shuffle = bool(section.get("batch_shuffle", False))
    return {"sampler": {"people": size[0], "walks": size[1], "shuffle": shuffle}, "frames": frames}


def _transforms(listed: Any) -> tuple[list[dict[str, Any]], bool]:
    """Return the transforms in our names; every input of a network of several is changed alike."""
    steps = [_compose(entry) for entry in (listed or [{"type": "BaseSilCuttingTransform"}])]
    if any(step != steps[0] for step in steps):
        raise ConfigError(
            "trainer_cfg.transform changes the maps of a frame differently: give all the same transforms"
        )
    return steps[0], True


def _compose(entry: Mapping[str, Any]) -> list[dict[str, Any]]:
    if entry.get("type") == "Compose":
        check_keys(entry, ("type", "trf_cfg"), "transform")
        return [step for inner in entry.get("trf_cfg") or [] for step in _compose(inner)]
    name = entry.get("type")
    if name in _CUTS or name in _WHOLE:
        # img_w, of the first configurations, says the walks' width, which the data says anyway
        check_keys(entry, ("type", "divsor", "cutting", "img_w"), f"transform {name}")
        if entry.get("divsor", 255.0) != 255.0 or entry.get("cutting") is not None:
            raise ConfigError(f"transform {name} with divsor or cutting of its own: wanted 255 and none")
        return [{"type": "CutSides"}] if name in _CUTS else []
    return [dict(entry)]


def _losses(listed: Any) -> dict[str, Any]:
    entries = listed if isinstance(listed, Sequence) else [listed]
    losses: dict[str, Any] = {name: {"weight": 0.0} for name, _ in _LOSSES.values()}
    for entry in entries:
        kind = str(entry.get("type"))
        if kind not in _LOSSES:
            raise unknown_key(f"loss {kind}", kind, _LOSSES)
        ours, keys = _LOSSES[kind]
        if losses[ours]["weight"]:
            raise ConfigError(f"loss_cfg has {kind} twice: wanted each loss once")
        extra = ["label_smooth"] if kind == "CrossEntropyLoss" else []
        check_keys(entry, [*_LOSS_KEYS.split(), *keys, *extra], f"loss_cfg {kind}")
        losses[ours] = {keys[key]: value for key, value in entry.items() if key in keys}
        losses[ours]["weight"] = entry.get("loss_term_weight", 1.0)
        if entry.get("label_smooth") is False:
            losses[ours]["smoothing"] = 0.0
    return losses


def _optimizer(section: Mapping[str, Any]) -> dict[str, Any]:
    return _lists_to_tuples(section)


def _lists_to_tuples(section: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in section.items()}


def _trainer(section: Mapping[str, Any]) -> dict[str, Any]:
    names = {
        "total_iter": "steps",
        "log_iter": "log_every",
        "save_iter": "save_every",
        "sync_BN": "sync_bn",
        "fix_BN": "fix_bn",
        "restore_ckpt_strict": "init_strict",
        "save_name": "name",
    }
    values = {ours: section[theirs] for theirs, ours in names.items() if theirs in section}
    values["precision"] = "f16" if section.get("enable_float16") else "f32"
    if section.get("fix_layers"):
        raise ConfigError("trainer_cfg.fix_layers asks to keep layers as they are: wanted false, or fix_BN")
    hint = section.get("restore_hint", 0)
    if isinstance(hint, str):
        values["init"] = hint
    elif hint:
        raise ConfigError(
            f"trainer_cfg.restore_hint is {hint}: runs of ours go on by themselves; name a file to begin from"
        )
    return values


def _evaluation(sections: Mapping[str, Any], trainer: Mapping[str, Any]) -> dict[str, Any]:
    section, data = sections["evaluator_cfg"], sections["data_cfg"]
    sampler = section.get("sampler") or {}
    check_keys(sampler, _SAMPLER.split(), "evaluator_cfg.sampler")
    name = section.get("eval_func", "evaluate_indoor_dataset")
    if name not in _EVALUATIONS:
        raise unknown_key(f"evaluator_cfg.eval_func {name}", str(name), _EVALUATIONS)
    dataset = data.get("test_dataset_name") or data.get("dataset_name")
    protocol = _EVALUATIONS[name] or _PROTOCOLS.get(str(dataset))
    if protocol is None:
        raise unknown_key(f"data_cfg.dataset_name {dataset}", str(dataset), _PROTOCOLS)
    values: dict[str, Any] = {"protocol": protocol, "metric": section.get("metric", "euc")}
    if section.get("cross_view_gallery"):
        values["options"] = {"cross_view_gallery": True}
    if isinstance(sampler.get("frames_all_limit"), int):
        values["max_frames"] = sampler["frames_all_limit"]
    if trainer.get("with_test"):
        values["every"] = trainer.get("save_iter", 1000)
    return values
