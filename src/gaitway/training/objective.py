"""The sum of losses that a training makes small."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - torch's own name for it

from gaitway.training.distributed import World
from gaitway.training.losses import (
    batch_all_triplet,
    batch_hard_triplet,
    smoothed_cross_entropy,
    supervised_contrastive,
)
from gaitway.training.recipe import LossConfig, TripletConfig

MINERS = {"all": batch_all_triplet, "hard": batch_hard_triplet}


class Objective:
    """Features, logits and labels of one process to the loss of the whole batch.

    Losses that compare walks see those of all processes. Gradients are right once averaged over processes,
    which is what DistributedDataParallel does.
    """

    def __init__(self, config: LossConfig, world: World) -> None:
        self._config, self._world = config, world

    @property
    def classifies(self) -> bool:
        """Whether logits are needed."""
        return self._config.cross_entropy.weight > 0

    def __call__(
        self,
        features: Float[Tensor, "n d p"],
        logits: Float[Tensor, "n k p"] | None,
        labels: Int64[Tensor, " n"],
    ) -> tuple[Float[Tensor, ""], dict[str, Float[Tensor, ""]]]:
        """Return what to differentiate, and the batch's numbers for the log."""
        config = self._config
        numbers: dict[str, Tensor] = {}
        loss = features.new_zeros((), dtype=torch.float32)
        shown = loss
        if config.triplet.weight or config.contrastive.weight:
            compared, told = self._compared(self._world.gather(features.float()), self._world.gather(labels))
            loss, shown, numbers = loss + compared * self._world.size, shown + compared.detach(), told
        if logits is not None:
            own = smoothed_cross_entropy(
                logits,
                labels,
                scale=config.cross_entropy.scale,
                smoothing=config.cross_entropy.smoothing,
            )
            loss = loss + own * config.cross_entropy.weight
            right = (logits.detach().argmax(1) == labels[:, None]).float().mean()
            numbers["cross_entropy"], numbers["accuracy"] = self._world.mean(
                torch.stack([own, right])
            ).unbind()
            shown = shown + numbers["cross_entropy"] * config.cross_entropy.weight
        return loss, {"loss": shown, **numbers}

    def _compared(
        self, features: Float[Tensor, "n d p"], labels: Int64[Tensor, " n"]
    ) -> tuple[Float[Tensor, ""], dict[str, Float[Tensor, ""]]]:
        """Return the losses that compare walks with each other."""
        numbers: dict[str, Tensor] = {}
        loss = features.new_zeros(())
        if self._config.triplet.weight:
            part, numbers = self._triplets(self._config.triplet, features, labels)
            loss = loss + part * self._config.triplet.weight
        if self._config.contrastive.weight:
            unit = F.normalize(features.transpose(1, 2), dim=2)
            part = supervised_contrastive(unit, labels, temperature=self._config.contrastive.temperature)
            numbers["contrastive"] = part.detach()
            loss = loss + part * self._config.contrastive.weight
        return loss, numbers

    @staticmethod
    def _triplets(
        config: TripletConfig, features: Float[Tensor, "n d p"], labels: Int64[Tensor, " n"]
    ) -> tuple[Float[Tensor, ""], dict[str, Float[Tensor, ""]]]:
        terms = MINERS[config.mining](features, labels, margin=config.margin)
        loss = terms.loss.mean()
        return loss, {
            "triplet": loss.detach(),
            "triplet_active": terms.active.mean().detach(),
            "distance": terms.distance.mean().detach(),
        }
