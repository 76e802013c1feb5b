"""The network measured by the field's protocols, all processes sharing the walks."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from jaxtyping import Float32

from gaitway.errors import InputError
from gaitway.evaluation import evaluate
from gaitway.models.opengait.blocks import GaitNetwork
from gaitway.protocols import WalkDataset
from gaitway.recognition.opengait import GaitInputConfig, prepare_walk
from gaitway.training.distributed import World
from gaitway.training.recipe import EvaluationConfig


def embed_walks(
    network: GaitNetwork, dataset: WalkDataset, config: GaitInputConfig, world: World
) -> Float32[np.ndarray, "n p c"]:
    """Return the embeddings of every walk, each seen alone and whole, in float32.

    Args:
        network: Put into evaluation mode for the while.
        dataset: The walks.
        config: What the network is shown.
        world: Each process takes every so-manieth walk.
    """
    was_training = network.training
    network.eval()
    mine = range(world.rank, len(dataset.records), world.size)
    with torch.inference_mode():
        own = [_embed(network, prepare_walk(dataset.load(i), config), world.device) for i in mine]
    network.train(was_training)
    parts = world.gather_objects(own)
    joined: list[Any] = [None] * len(dataset.records)
    for rank, embeddings in enumerate(parts):
        joined[rank :: world.size] = embeddings
    if not joined:
        raise InputError("there are no walks to evaluate: check the partition's TEST_SET")
    return np.stack(joined)


def _embed(
    network: GaitNetwork, walk: Float32[np.ndarray, "1 c t h w"], device: torch.device
) -> Float32[np.ndarray, "p d"]:
    embedding: np.ndarray = network(torch.from_numpy(walk).to(device))[0].T.float().cpu().numpy()
    return embedding


def measure(
    network: GaitNetwork,
    dataset: WalkDataset,
    config: EvaluationConfig,
    shown: GaitInputConfig,
    world: World,
) -> dict[str, float]:
    """Return the protocol's numbers, percent by name.

    Raises:
        InputError: The walks do not fit the protocol.
    """
    if config.protocol is None:
        return {}
    embeddings = embed_walks(network, dataset, shown, world)
    records = dataset.records
    found = evaluate(
        config.protocol,
        embeddings,
        np.array([record.subject for record in records]),
        np.array([record.condition for record in records]),
        np.array([record.view for record in records]),
        config.metric,
        **config.options,
    )
    return {
        name: float(value) for name, value in found.items() if isinstance(value, float | int | np.floating)
    }
