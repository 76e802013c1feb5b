"""How fast training is, beside what the machine could give; CPU anywhere, a GPU where there is one.

    ./run bench train [--model gaitbase|small] [--precision f32|bf16|f16] [--steps 6] [--workers 1]

Three rates are measured in turns, so that a busy machine slows all of them: the step on batches that lie
ready, batches alone as the loader makes them, and both together as a training runs. The share of the ceiling
is the network's own arithmetic (forward and backward, counted by torch) over the rate of a large matrix
product in the same precision, measured between the steps.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from gaitway.adapters.datasets import open_dataset
from gaitway.protocols import WalkDataset
from gaitway.training.data import PREFETCH, Batch, BatchMaker, batches
from gaitway.training.distributed import World, joined_world
from gaitway.training.loop import DTYPES, Trainer
from gaitway.training.read_recipe import recipe_from
from gaitway.training.recipe import Recipe
from gaitway.wiring.dataset import synthesise

SMALL: dict[str, Any] = {
    "model": "Baseline",
    "backbone_cfg": {
        "type": "ResNet9",
        "block": "BasicBlock",
        "channels": [16, 32, 64, 64],
        "layers": [1, 1, 1, 1],
        "strides": [2, 2, 2, 1],
        "maxpool": False,
    },
    "SeparateFCs": {"in_channels": 64, "out_channels": 64, "parts_num": 8},
    "SeparateBNNecks": {"in_channels": 64, "parts_num": 8},
    "bin_num": [8],
}
MATRIX = {"cpu": 1536, "cuda": 8192}
BATCH = {"cpu": (4, 2, 8), "cuda": (8, 16, 30)}  # people, walks, frames; a GPU's are the published ones


def settings(options: argparse.Namespace) -> Recipe:
    """Return the recipe: GaitBase's published transforms, the batch as asked."""
    augment = [
        {"type": "RandomPerspective", "prob": 0.2},
        {"type": "CutSides"},
        {"type": "RandomHorizontalFlip", "prob": 0.2},
        {"type": "RandomRotate", "prob": 0.2},
    ]
    return recipe_from(
        {
            "model": SMALL if options.model == "small" else "gaitbase",
            "data": {"path": "walks", "workers": options.workers},
            "sampler": {"people": options.people, "walks": options.walks},
            "frames": {"count": options.frames},
            "augment": augment,
            "precision": options.precision,
        }
    )


def walks_of(folder: Path, people: int) -> WalkDataset:
    """Return generated walks from the disk, in the memory-mapped format that training reads."""
    from gaitway.synthetic.dataset import DatasetConfig

    synthesise(folder, people, DatasetConfig(walks=8, views=2, frames=40))
    return open_dataset(folder)


def settled(device: torch.device) -> float:
    """Return the time once the device has done what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()


def timed(work: Callable[[], object], device: torch.device) -> float:
    """Return the seconds that ``work`` takes."""
    start = settled(device)
    work()
    return settled(device) - start


def matrix_rate(device: torch.device, dtype: torch.dtype) -> float:
    """Return the arithmetic of a large matrix product, operations per second."""
    size = MATRIX[device.type]
    a, b = (torch.randn(size, size, device=device, dtype=dtype) for _ in range(2))
    a @ b
    return 2 * size**3 / timed(lambda: a @ b, device)


def work_of(trainer: Trainer, batch: Batch) -> float:
    """Return the operations of one step: matrix products and convolutions, forward and backward."""
    counter = FlopCounterMode(display=False)
    with counter:
        trainer.train_step(batch)
    return float(counter.get_total_flops())


def measure(recipe: Recipe, walks: WalkDataset, world: World, steps: int) -> dict[str, float]:
    """Return the medians of all rates."""
    maker = BatchMaker(walks, recipe, world.rank, world.size)
    trainer = Trainer(recipe, len(maker.sampler.subjects), world)
    ready = [maker[step] for step in range(2)]
    operations = work_of(trainer, ready[0])
    pin = world.device.type == "cuda"
    prepared: Iterator[Batch] = batches(maker, 2, recipe.steps, workers=recipe.data.workers, pin=pin)
    together: Iterator[Batch] = batches(maker, 2, recipe.steps, workers=recipe.data.workers, pin=pin)
    waiting = 1 + PREFETCH * recipe.data.workers  # batches that lie ready: taken before the clock runs
    list(islice(together, waiting))
    seconds: dict[str, list[float]] = {"step": [], "loader": [], "training": [], "matrix": []}
    count = max(2, 2 * recipe.data.workers)
    for i in range(steps):
        seconds["step"].append(timed(lambda i=i: trainer.train_step(ready[i % 2]), world.device))
        seconds["matrix"].append(matrix_rate(world.device, DTYPES[recipe.precision]))
        seconds["training"].append(timed(lambda: trainer.train_step(next(together)), world.device))
        list(islice(prepared, waiting))
        start = time.perf_counter()
        list(islice(prepared, count))
        seconds["loader"].append((time.perf_counter() - start) / count)
    return {**{name: statistics.median(values) for name, values in seconds.items()}, "operations": operations}


def report(found: dict[str, float], recipe: Recipe, world: World) -> dict[str, float]:
    """Print the rates and return them."""
    size = recipe.sampler.people * recipe.sampler.walks / world.size
    rates = {
        "step_walks_per_s": size / found["step"],
        "training_walks_per_s": size / found["training"],
        "loader_walks_per_s": size / found["loader"],
        "step_gflops": found["operations"] / found["step"] / 1e9,
        "ceiling_gflops": found["matrix"] / 1e9,
        "share_of_ceiling": found["operations"] / found["step"] / found["matrix"],
        "loader_over_step": found["step"] / found["loader"],
    }
    print(f"step          {rates['step_walks_per_s']:10.1f} walks/s  {found['step'] * 1e3:9.1f} ms")
    print(f"training      {rates['training_walks_per_s']:10.1f} walks/s  {found['training'] * 1e3:9.1f} ms")
    print(f"loader alone  {rates['loader_walks_per_s']:10.1f} walks/s  {found['loader'] * 1e3:9.1f} ms")
    print(
        f"arithmetic    {rates['step_gflops']:10.1f} GFLOP/s, {100 * rates['share_of_ceiling']:.0f} % of the "
        f"{rates['ceiling_gflops']:.0f} that a matrix product gives"
    )
    is_limit = rates["loader_over_step"] < 1
    print(
        f"the loader is {rates['loader_over_step']:.1f} times as fast as the step"
        + (": it is the limit, raise --workers" if is_limit else "")
    )
    return rates


def machine() -> str:
    """Return what the figures depend on."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    return f"{platform.machine()}, {os.cpu_count()} cores, {torch.get_num_threads()} threads, load {load:.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", choices=("gaitbase", "small"), default="gaitbase")
    parser.add_argument("--precision", choices=tuple(DTYPES), default="f32")
    parser.add_argument("--device", choices=("cpu", "cuda"))
    parser.add_argument("--workers", type=int, default=1)
    for name, default in (("steps", 6), ("people", 0), ("walks", 0), ("frames", 0), ("threads", 0)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--json", type=Path, help="also write the rates to this file")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    with joined_world(options.device) as world, tempfile.TemporaryDirectory() as folder:
        people, walks, frames = BATCH[world.device.type]
        options.people, options.walks = options.people or people, options.walks or walks
        options.frames = options.frames or frames
        recipe = settings(options)
        batch = f"{recipe.sampler.people} x {recipe.sampler.walks} walks of {options.frames} frames"
        print(f"{options.model}, {batch}, {options.precision}, {options.workers} workers on {world.device}")
        print(machine())
        walks = walks_of(Path(folder) / "walks", max(options.people, 16))
        rates = report(measure(recipe, walks, world, options.steps), recipe, world)
    if options.json:
        options.json.write_text(json.dumps(rates, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
