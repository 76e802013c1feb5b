"""Losses of metric learning."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - torch's own name for it


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


def pair_distances(embeddings: Float[Tensor, "n d p"]) -> Float[Tensor, "p n n"]:
    """Return the Euclidean distance of every pair of walks in every part.

    As the square root of |x|^2 + |y|^2 - 2xy, in float32: one matrix product. A walk's distance to itself,
    or to its double, is then not 0 but rounding noise of up to |x| * 5e-4; the field's published losses
    carry the same noise, and their values are only met with it (docs/decisions/0080).
    """
    parts = embeddings.float().permute(2, 0, 1).contiguous()
    rows, columns = (parts**2).sum(-1), (parts**2).sum(-1)  # apart: so gradients add up in the field's order
    inner = parts.matmul(parts.transpose(1, 2))
    return torch.relu(rows[:, :, None] + columns[:, None] - 2 * inner).sqrt()


@dataclass(frozen=True, slots=True, eq=False)
class TripletTerms:
    """Per part, what the triplets of a batch say.

    Attributes:
        loss: Mean over the triplets that break the margin; 0 where none does.
        hardest: Of the worst triplet.
        active: How many break the margin.
        distance: Mean over all pairs, themselves included.
    """

    loss: Float[Tensor, " p"]
    hardest: Float[Tensor, " p"]
    active: Float[Tensor, " p"]
    distance: Float[Tensor, " p"]


def batch_all_triplet(
    embeddings: Float[Tensor, "n d p"], labels: Int64[Tensor, " n"], *, margin: float = 0.2
) -> TripletTerms:
    """Compare every walk with every walk of its own person (itself too) and every other person's.

    Source:
        In Defense of the Triplet Loss (Hermans et al., 2017), batch all, averaged over non-zero terms, per
        body part as in GaitSet (AAAI 2019); the pair of a walk with itself counts, as in the published runs.
    """
    distances = pair_distances(embeddings)
    losses = _hinges(distances, labels, margin)
    active = (losses > 0).sum(1)
    loss = losses.sum(1) / (active + 1e-9)
    return TripletTerms(loss, losses.amax(1), active.float(), distances.mean((1, 2)))


def _hinges(
    distances: Float[Tensor, "p n n"], labels: Int64[Tensor, " n"], margin: float
) -> Float[Tensor, "p k"]:
    """Return max(positive - negative + margin, 0) of all triplets of every part.

    Where every person has as many walks as the others the triplets form a block without gaps.
    """
    same = labels[:, None] == labels[None]
    friends = same.sum(1)
    if bool((friends == friends[0]).all()):
        parts, count = distances.shape[:2]
        positive = distances[:, same].reshape(parts, count, -1, 1)
        negative = distances[:, ~same].reshape(parts, count, 1, -1)
        return torch.relu(positive - negative + margin).flatten(1)
    anchors, positives, negatives = torch.where(same[:, :, None] & ~same[:, None, :])
    return torch.relu(distances[:, anchors, positives] - distances[:, anchors, negatives] + margin)


def batch_hard_triplet(
    embeddings: Float[Tensor, "n d p"], labels: Int64[Tensor, " n"], *, margin: float = 0.2
) -> TripletTerms:
    """Compare every walk with the farthest of its own person and the nearest of all others.

    Source:
        In Defense of the Triplet Loss (Hermans et al., 2017), batch hard; averaged over all anchors.
    """
    distances = pair_distances(embeddings)
    same = labels[:, None] == labels[None]
    farthest = distances.masked_fill(~same, 0.0).amax(2)
    nearest = distances.masked_fill(same, torch.inf).amin(2)
    losses = torch.relu(farthest - nearest + margin)
    active = (losses > 0).sum(1).float()
    return TripletTerms(losses.mean(1), losses.amax(1), active, distances.mean((1, 2)))


def smoothed_cross_entropy(
    logits: Float[Tensor, "n k p"],
    labels: Int64[Tensor, " n"],
    *,
    scale: float = 16.0,
    smoothing: float = 0.1,
) -> Float[Tensor, ""]:
    """Return the mean cross-entropy over walks and parts of ``scale`` times the logits.

    Source:
        Label smoothing: Rethinking the Inception Architecture (Szegedy et al., CVPR 2016), section 7.
    """
    per_part = labels[:, None].expand(-1, logits.shape[2])
    return F.cross_entropy(logits.float() * scale, per_part, label_smoothing=smoothing)
