"""Losses of metric learning."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int64
from torch import Tensor


def supervised_contrastive(
    embeddings: Float[Tensor, "n p c"], labels: Int64[Tensor, " n"], *, temperature: float = 0.1
) -> Float[Tensor, ""]:
    """Pull walks of one person together and push others away, in every part by itself.

    Args:
        embeddings: Of unit length along C.
        labels: Whose walk each is; people with one walk only push.
        temperature: Smaller looks harder at the nearest others.

    Source:
        Khosla et al., Supervised Contrastive Learning, NeurIPS 2020, eq. 2; differs: averaged over parts.
    """
    parts = embeddings.transpose(0, 1)
    logits = torch.bmm(parts, parts.transpose(1, 2)) / temperature
    itself = torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    same = (labels[:, None] == labels[None]) & ~itself
    log_share = logits - torch.logsumexp(logits.masked_fill(itself, -1e9), dim=2, keepdim=True)
    pairs = same.sum(dim=1)
    mean = (log_share * same).sum(dim=2) / pairs.clamp(min=1)
    return -mean[:, pairs > 0].mean()
