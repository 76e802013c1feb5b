"""Everything a training is told: one value, whatever yaml it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from gaitway.errors import ConfigError
from gaitway.training.frames import FrameConfig
from gaitway.training.samplers import SamplerConfig

Precision = Literal["f32", "bf16", "f16"]


@dataclass(frozen=True)
class DataConfig:
    """Which walks.

    Attributes:
        path: Folder of the data set, in any layout that ``gaitway dataset info`` reads.
        partition: json with TRAIN_SET and TEST_SET; the folder's own when None, everything when it has none.
        test: Folder of the test walks, where it is another one.
        maps: Files of a walk to use, as name patterns.
        layout: Of a tree of folders, where it cannot be told.
        workers: Processes that prepare batches; 0: the training process itself.
    """

    path: str
    partition: str | None = None
    test: str | None = None
    maps: tuple[str, ...] = ()
    layout: str = "auto"
    workers: int = 1


@dataclass(frozen=True)
class TripletConfig:
    """The triplet loss; the defaults are GaitBase's.

    Attributes:
        weight: In the sum of losses; 0 leaves it out.
        margin: Between the distance to one's own walks and to others'.
        mining: All triplets, or the hardest of each walk.
    """

    weight: float = 1.0
    margin: float = 0.2
    mining: Literal["all", "hard"] = "all"


@dataclass(frozen=True)
class CrossEntropyConfig:
    """The classifier's loss; the defaults are GaitBase's.

    Attributes:
        weight: In the sum of losses; 0 leaves it out.
        scale: Of the logits before the softmax.
        smoothing: Share of the label that all classes get.
    """

    weight: float = 1.0
    scale: float = 16.0
    smoothing: float = 0.1


@dataclass(frozen=True)
class ContrastiveConfig:
    """The supervised contrastive loss on features of unit length; see ``losses.supervised_contrastive``."""

    weight: float = 0.0
    temperature: float = 0.1


@dataclass(frozen=True)
class LossConfig:
    """The sum of losses."""

    triplet: TripletConfig = field(default_factory=TripletConfig)
    cross_entropy: CrossEntropyConfig = field(default_factory=CrossEntropyConfig)
    contrastive: ContrastiveConfig = field(default_factory=ContrastiveConfig)

    def __post_init__(self) -> None:
        weights = (self.triplet.weight, self.cross_entropy.weight, self.contrastive.weight)
        if min(weights) < 0 or not any(weights):
            raise ConfigError(f"weights of the losses are {weights}: wanted none below 0 and one above")


@dataclass(frozen=True)
class OptimizerConfig:
    """The solver; the defaults are GaitBase's."""

    solver: Literal["SGD", "Adam", "AdamW"] = "SGD"
    lr: float = 0.1
    weight_decay: float = 5e-4
    momentum: float = 0.9
    betas: tuple[float, ...] = (0.9, 0.999)
    clip_norm: float | None = None


@dataclass(frozen=True)
class SchedulerConfig:
    """How the learning rate falls.

    Attributes:
        scheduler: At milestones, or along a cosine.
        milestones: Steps at which it is multiplied by ``gamma``.
        gamma: The factor.
        T_max: Steps of the cosine; all of them when None.
        eta_min: Where the cosine ends.
        warmup: Steps over which the rate first rises, in proportion.
    """

    scheduler: Literal["MultiStepLR", "CosineAnnealingLR"] = "MultiStepLR"
    milestones: tuple[int, ...] = (20_000, 40_000, 50_000)
    gamma: float = 0.1
    T_max: int | None = None
    eta_min: float = 0.0
    warmup: int = 0


@dataclass(frozen=True)
class EvaluationConfig:
    """How the network is measured, during training and at its end.

    Attributes:
        protocol: One of ``gaitway.evaluation.recognition.PROTOCOLS``; None: not at all.
        metric: euc or cos.
        every: Steps between measurements; 0: only at the end.
        max_frames: Of longer walks the first so many are used.
        options: The protocol's own.
    """

    protocol: str | None = None
    metric: Literal["euc", "cos"] = "euc"
    every: int = 0
    max_frames: int = 720
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Recipe:
    """A training.

    Attributes:
        model: OpenGait's ``model_cfg``.
        data: Which walks.
        sampler: Size of a batch.
        frames: Which frames of a walk.
        augment: Transforms in their order, each ``{type: ..., prob: ...}``; ``CutSides`` among them where
            the network sees cut silhouettes.
        losses: Their sum is made small.
        optimizer: The solver.
        scheduler: The learning rate's course.
        steps: Optimiser steps.
        precision: f32; bf16 or f16 where the networks compute in less (losses stay in f32).
        sync_bn: Normalise over the batches of all processes.
        fix_bn: Keep the normalisations' statistics as they are.
        init: Checkpoint whose weights to begin from.
        init_strict: Every weight of it must fit; else those that do are taken.
        log_every: Steps between lines of the log.
        save_every: Steps between checkpoints.
        keep: Checkpoints kept; the newest.
        evaluation: How the network is measured.
        seed: Of everything that is drawn.
        deterministic: On a GPU, use only kernels that give the same numbers every time (slower).
        name: Of the model.
    """

    model: Mapping[str, Any]
    data: DataConfig
    sampler: SamplerConfig = field(default_factory=SamplerConfig)
    frames: FrameConfig = field(default_factory=FrameConfig)
    augment: tuple[Mapping[str, Any], ...] = ()
    losses: LossConfig = field(default_factory=LossConfig)
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    scheduler: SchedulerConfig = field(default_factory=SchedulerConfig)
    steps: int = 60_000
    precision: Precision = "f32"
    sync_bn: bool = True
    fix_bn: bool = False
    init: str | None = None
    init_strict: bool = True
    log_every: int = 100
    save_every: int = 1000
    keep: int = 3
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)
    seed: int = 0
    deterministic: bool = False
    name: str = "encoder"

    def __post_init__(self) -> None:
        counts = {
            "steps": self.steps,
            "log_every": self.log_every,
            "save_every": self.save_every,
            "keep": self.keep,
        }
        for key, value in counts.items():
            if value < 1:
                raise ConfigError(f"{key} is {value}, wanted 1 or more")

    @property
    def cuts_sides(self) -> bool:
        """Whether the network sees cut silhouettes."""
        return any(step.get("type") == "CutSides" for step in self.augment)
