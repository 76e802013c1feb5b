"""A step's batch, made from the step's number alone: resuming, workers and processes cannot change it."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from jaxtyping import Int64, UInt8
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from gaitway.errors import InputError
from gaitway.protocols import WalkDataset
from gaitway.training.augment import Transform, apply, build_transform
from gaitway.training.frames import choose_frames, step_length
from gaitway.training.recipe import Recipe
from gaitway.training.samplers import TripletSampler

PREFETCH = 2  # batches that each worker keeps ready


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """What a process sees of a step.

    Attributes:
        walks: (N, C, T, H, W), 0..255.
        labels: Whose they are, places in the sampler's subjects.
    """

    walks: UInt8[Tensor, "n c t h w"]
    labels: Int64[Tensor, " n"]


class BatchMaker(Dataset[Batch]):
    """Batches by step: P x K walks drawn, their frames chosen, every walk changed by its own random numbers.

    Args:
        dataset: The training walks.
        recipe: Batch size, frames, transforms, seed.
        rank: Which process asks.
        world: How many there are; each gets an equal, contiguous part of the batch.

    Raises:
        InputError: The batch cannot be shared equally, or there are too few people.
    """

    def __init__(self, dataset: WalkDataset, recipe: Recipe, rank: int = 0, world: int = 1) -> None:
        size = recipe.sampler.people * recipe.sampler.walks
        if size % world:
            raise InputError(
                f"a batch of {size} walks cannot be shared by {world} processes: change its size"
            )
        self.sampler = TripletSampler(dataset.records, recipe.sampler, recipe.seed)
        self._dataset, self._recipe = dataset, recipe
        self._share = slice(rank * size // world, (rank + 1) * size // world)
        self._transforms: list[Transform] = [build_transform(step) for step in recipe.augment]

    def __len__(self) -> int:
        return self._recipe.steps

    def __getitem__(self, step: int) -> Batch:
        """Return the process's share of a step's batch."""
        places, labels = self.sampler.draw(step)
        seed = self._recipe.seed
        lengths = [max(self._dataset.records[place].frames, 1) for place in places.tolist()]
        count = step_length(self._recipe.frames, lengths, np.random.default_rng([seed, step, 0]))
        numbered = list(enumerate(places.tolist()))[self._share]
        walks = [
            self._walk(place, count, np.random.default_rng([seed, step, 1 + i])) for i, place in numbered
        ]
        stacked = np.stack(walks).transpose(0, 2, 1, 3, 4)
        return Batch(
            torch.from_numpy(np.ascontiguousarray(stacked)), torch.from_numpy(labels[self._share].copy())
        )

    def _walk(self, place: int, count: int, rng: np.random.Generator) -> UInt8[np.ndarray, "t c h w"]:
        walk = self._dataset.load(place)
        if not len(walk):
            record = self._dataset.records[place]
            raise InputError(
                f"the walk {record.subject}/{record.condition}/{record.view} has no frames: leave it out"
            )
        chosen = walk[choose_frames(self._recipe.frames, len(walk), count, rng)]
        return apply(self._transforms, chosen[:, None] if chosen.ndim == 3 else chosen, rng)


def batches(maker: BatchMaker, first: int, steps: int, *, workers: int, pin: bool = False) -> Iterator[Batch]:
    """Yield the batches of steps ``first`` to ``steps``, prepared ahead by worker processes.

    Args:
        maker: Makes them; sent to the workers.
        first: First step, from 0.
        steps: Where to end.
        workers: Processes; 0 prepares each batch when it is asked for.
        pin: Keep them in memory that a GPU can copy from.
    """
    order = range(first, steps)
    if not workers:
        yield from (maker[step] for step in order)
        return
    loader: DataLoader[Batch] = DataLoader(
        maker,
        batch_size=None,
        sampler=order,
        num_workers=min(workers, max(len(order), 1)),
        prefetch_factor=PREFETCH,
        multiprocessing_context=_context(),
        worker_init_fn=_one_thread,
        pin_memory=pin,
    )
    yield from loader


def _context() -> multiprocessing.context.BaseContext:
    """Return a way to start workers that is safe beside threads; the server holds what they import."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["gaitway.training.data"])
    return context


def _one_thread(_: int) -> None:
    cv2.setNumThreads(0)
