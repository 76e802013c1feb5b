"""The solver, and the learning rate as a function of the step alone."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from gaitway.training.recipe import OptimizerConfig, Recipe, SchedulerConfig


def build_optimizer(
    network: nn.Module, config: OptimizerConfig, model_cfg: Mapping[str, Any]
) -> torch.optim.Optimizer:
    """Return the solver of a network; every group of weights keeps its own rate under ``base_lr``."""
    groups = _groups(network, config.lr, model_cfg)
    if config.solver == "SGD":
        return torch.optim.SGD(
            groups, lr=config.lr, momentum=config.momentum, weight_decay=config.weight_decay
        )
    first, second = config.betas
    kind = torch.optim.AdamW if config.solver == "AdamW" else torch.optim.Adam
    return kind(groups, lr=config.lr, betas=(first, second), weight_decay=config.weight_decay)


def _groups(network: nn.Module, lr: float, model_cfg: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the weights by learning rate: a pre-trained backbone may have one for each of its layers.

    Source:
        ``backbone_lr`` and ``projector_lr`` of FoundationGait's configurations (arXiv 2512.00691).
    """
    rates = {f".layer{i}.": rate for i, rate in enumerate(model_cfg.get("backbone_lr", ()))}
    rates |= {".projector.": model_cfg["projector_lr"]} if "projector_lr" in model_cfg else {}
    groups: dict[float, list[nn.Parameter]] = {}
    for name, weight in network.named_parameters():
        rate = next((rate for part, rate in rates.items() if part in name), lr)
        groups.setdefault(float(rate), []).append(weight)
    return [{"params": weights, "lr": rate, "base_lr": rate} for rate, weights in groups.items()]


def rate_factor(config: SchedulerConfig, step: int, steps: int) -> float:
    """Return by what the learning rate is multiplied in a step, ``eta_min`` aside.

    Examples:
        >>> rate_factor(SchedulerConfig(milestones=(10, 20), gamma=0.1), 10, 30)
        0.1
    """
    factor = min((step + 1) / config.warmup, 1.0) if config.warmup else 1.0
    if config.scheduler == "MultiStepLR":
        return factor * config.gamma ** sum(step >= milestone for milestone in config.milestones)
    done = min(step / (config.T_max or steps), 1.0)
    return factor * 0.5 * (1 + math.cos(math.pi * done))


def set_rate(optimizer: torch.optim.Optimizer, recipe: Recipe, step: int) -> float:
    """Give every group of weights its learning rate for ``step``; return the largest."""
    factor = rate_factor(recipe.scheduler, step, recipe.steps)
    floor = recipe.scheduler.eta_min if recipe.scheduler.scheduler == "CosineAnnealingLR" else 0.0
    for group in optimizer.param_groups:
        base = group["base_lr"]
        group["lr"] = base * factor + floor * (1 - factor) if base > floor else base * factor
    return float(max(group["lr"] for group in optimizer.param_groups))
