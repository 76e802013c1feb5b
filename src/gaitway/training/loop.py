"""The training loop, top to bottom."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

from gaitway.adapters.checkpoints.opengait_yaml import input_channels
from gaitway.adapters.checkpoints.torchfile import load_weights, read_state
from gaitway.errors import NetworkError
from gaitway.models.opengait.blocks import GaitNetwork
from gaitway.progress import Progress, Report, silent
from gaitway.protocols import WalkDataset
from gaitway.recognition.opengait import GaitInputConfig
from gaitway.training.checkpoint import load_latest, save_checkpoint
from gaitway.training.data import Batch, BatchMaker, batches
from gaitway.training.distributed import World, distribute, share_statistics
from gaitway.training.logbook import Logbook
from gaitway.training.network import TrainingNetwork, as_input, build_training_network, fix_statistics
from gaitway.training.objective import Objective
from gaitway.training.optimiser import build_optimizer, set_rate
from gaitway.training.recipe import Recipe
from gaitway.training.validate import measure

DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """What a training ends with.

    Attributes:
        network: In evaluation mode, on the CPU.
        shown: What it is shown of a walk.
        numbers: The last measurement, percent by name; empty without one.
        people: How many it was trained on.
        history: Every logged step's numbers of this run.
    """

    network: GaitNetwork
    shown: GaitInputConfig
    numbers: Mapping[str, float]
    people: int
    history: tuple[Mapping[str, float], ...] = field(default=())


class Trainer:
    """A network, its solver and how far they are.

    Args:
        recipe: How to train.
        people: Classes.
        world: The processes.

    Attributes:
        step: Steps done.
        network: What is trained, without wrappers; its state_dict has the published keys.
    """

    def __init__(self, recipe: Recipe, people: int, world: World) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe, self.world, self.step = recipe, world, 0
        self._objective = Objective(recipe.losses, world)
        module = build_training_network(recipe.model, people, classifies=self._objective.classifies)
        if recipe.init is not None:
            begin_from(module.network, recipe)
        module = module.to(world.device)
        if recipe.sync_bn and world.size > 1:
            module = cast("TrainingNetwork", share_statistics(module, world.device))
        self.network = module.network
        self._forward = distribute(module, world)
        self._optimizer = build_optimizer(self.network, recipe.optimizer, recipe.model)
        self._scaler = torch.amp.GradScaler(world.device.type, enabled=recipe.precision == "f16")
        self._dtype = DTYPES[recipe.precision]

    def train_step(self, batch: Batch) -> dict[str, Tensor]:
        """Make one step; return the batch's numbers, still on the device."""
        rate = set_rate(self._optimizer, self.recipe, self.step)
        torch.manual_seed(_mixed(self.recipe.seed, self.step, self.world.rank))
        self._forward.train()
        if self.recipe.fix_bn:
            fix_statistics(self._forward)
        device = self.world.device
        with torch.autocast(device.type, dtype=self._dtype, enabled=self._dtype != torch.float32):
            features, logits = self._forward(as_input(batch.walks, device))
        loss, numbers = self._objective(features, logits, batch.labels.to(device))
        self._optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(self._scaler.scale(loss))
        if self.recipe.optimizer.clip_norm is not None:
            self._scaler.unscale_(self._optimizer)
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.recipe.optimizer.clip_norm)
        self._scaler.step(self._optimizer)
        self._scaler.update()
        self.step += 1
        return {**numbers, "lr": torch.tensor(rate)}

    def state(self) -> dict[str, Any]:
        """Return all that going on needs."""
        return {
            "model": self.network.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "scaler": self._scaler.state_dict(),
        }

    def restore(self, content: Mapping[str, Any]) -> None:
        """Go on from a checkpoint's content."""
        self.network.load_state_dict(content["model"])
        self._optimizer.load_state_dict(content["optimizer"])
        self._scaler.load_state_dict(content["scaler"])
        self.step = int(content["step"])


def _mixed(seed: int, step: int, rank: int) -> int:
    """Return a step's seed for what networks draw themselves."""
    return (seed * 1_000_003 + step * 1009 + rank) % (1 << 63)


def begin_from(network: GaitNetwork, recipe: Recipe) -> None:
    """Put a checkpoint's weights into a network; those that fit alone unless ``init_strict``.

    Raises:
        ModelFileError: The file is none, or a weight does not fit.
    """
    path = Path(recipe.init or "")
    state = read_state(path)
    if not recipe.init_strict:
        own = network.state_dict()
        state = {**own, **{k: v for k, v in state.items() if k in own and v.shape == own[k].shape}}
    load_weights(network, state, path.name)


def shown_to(recipe: Recipe) -> GaitInputConfig:
    """Return what the recipe's network is shown of a walk."""
    return GaitInputConfig(
        channels=input_channels(recipe.model),
        cuts_sides=recipe.cuts_sides,
        min_frames=3 if recipe.model["model"] == "GaitGL" else 1,
        max_frames=recipe.evaluation.max_frames,
    )


def train(
    recipe: Recipe,
    walks: WalkDataset,
    out: Path,
    *,
    test: WalkDataset | None = None,
    world: World | None = None,
    report: Report = silent,
) -> Trained:
    """Train, going on where an earlier call with the same recipe and folder stopped.

    Args:
        recipe: How.
        walks: Whom on.
        out: Folder for checkpoints and the log; every process names the same one.
        test: Walks to measure the network on.
        world: The processes; None: this one alone, on the CPU.
        report: Told after every step.

    Raises:
        ConfigError: The recipe does not fit the data, or ``out`` holds another recipe's training.
        NetworkError: The loss is not finite any more.
    """
    world = world or World()
    torch.use_deterministic_algorithms(recipe.deterministic)
    maker = BatchMaker(walks, recipe, world.rank, world.size)
    trainer = Trainer(recipe, len(maker.sampler.subjects), world)
    content = load_latest(out, recipe, world.device)
    if content is not None:
        trainer.restore(content)
    run = _Run(trainer, out, test, report)
    pin = world.device.type == "cuda"
    for batch in batches(maker, trainer.step, recipe.steps, workers=recipe.data.workers, pin=pin):
        run.step(batch)
    return run.finish(len(maker.sampler.subjects))


class _Run:
    """What happens around the steps: log, checkpoints, measurements."""

    def __init__(self, trainer: Trainer, out: Path, test: WalkDataset | None, report: Report) -> None:
        self._trainer, self._out, self._test, self._report = trainer, out, test, report
        self._recipe, self._world = trainer.recipe, trainer.world
        self._book = Logbook(out, trainer.step) if self._world.leads else None
        if self._book is not None and self._book.note:
            report(Progress("train", self._recipe.name, note=self._book.note))
        self._numbers: Mapping[str, float] = {}
        self._measured = -1
        self._history: list[Mapping[str, float]] = []
        self._since = (time.monotonic(), trainer.step)

    def step(self, batch: Batch) -> None:
        """Make a step and what is due after it."""
        numbers = self._trainer.train_step(batch)
        done, last = self._trainer.step, self._trainer.step == self._recipe.steps
        note = ""
        if done % self._recipe.log_every == 0 or last:
            note = self._log({name: float(value) for name, value in numbers.items()})
        every = self._recipe.evaluation.every
        if every and done % every == 0:
            self._measure()
        if done % self._recipe.save_every == 0 or last:
            self._save()
        self._report(Progress("train", self._recipe.name, done, self._recipe.steps, note, last))

    def _log(self, numbers: dict[str, float]) -> str:
        done = self._trainer.step
        if not all(abs(value) < float("inf") for value in numbers.values()):
            raise NetworkError(
                f"the loss at step {done} is {numbers['loss']}: lower the learning rate, or use "
                "precision bf16"
            )
        (then, before), now = self._since, time.monotonic()
        self._since = (now, done)
        size = self._recipe.sampler.people * self._recipe.sampler.walks
        numbers["walks_per_s"] = (done - before) * size / max(now - then, 1e-9)
        self._history.append({"step": float(done), **numbers})
        if self._book is not None:
            self._book.write(done, numbers)
        return f"step {done}, loss {numbers['loss']:.4f}, {numbers['walks_per_s']:.1f} walks/s"

    def _save(self) -> None:
        if self._world.leads:
            save_checkpoint(self._out, self._trainer.step, self._trainer.state(), self._recipe)
        self._world.wait()

    def _measure(self) -> None:
        if self._test is None or self._measured == self._trainer.step:
            return
        shown = shown_to(self._recipe)
        self._numbers = measure(
            self._trainer.network, self._test, self._recipe.evaluation, shown, self._world
        )
        self._measured = self._trainer.step
        if self._book is not None and self._numbers:
            self._book.write(self._trainer.step, self._numbers)

    def finish(self, people: int) -> Trained:
        """Measure once more and hand the network over."""
        self._measure()
        if self._book is not None:
            self._book.close()
        network = self._trainer.network.eval().cpu()
        return Trained(network, shown_to(self._recipe), self._numbers, people, tuple(self._history))
