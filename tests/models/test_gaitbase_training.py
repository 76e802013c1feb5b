"""GaitBase learns as published: the losses and every gradient of a first step."""

import json

import numpy as np
import pytest

from support.published import opengait_state
from support.shared import shared

torch = pytest.importorskip("torch", reason="the extra torch is not installed")

from gaitway.models import build_opengait  # noqa: E402

MAX_RELATIVE = 1e-4
SLICES = [("A", 0), ("A", 8), ("B", 0), ("B", 8), ("B", 16), ("B", 24), ("A", 16), ("A", 22)]


def triplet(features, labels, margin: float):
    """Batch-all triplet loss per part, averaged over the triplets that are not yet satisfied."""
    parts = features.permute(2, 0, 1)
    squared = (parts[:, :, None] - parts[:, None]).square().sum(-1)
    distances = torch.where(squared > 0, squared, 1.0).sqrt() * (squared > 0)
    same = labels[:, None] == labels[None]
    count = len(labels)
    positive = distances[:, same].reshape(len(parts), count, -1, 1)
    negative = distances[:, ~same].reshape(len(parts), count, 1, -1)
    losses = torch.relu(positive - negative + margin).flatten(1)
    return losses.sum(1) / (losses > 0).sum(1).clamp(min=1)


def cross_entropy(logits, labels, scale: float):
    """Smoothed cross-entropy per part."""
    parts = logits.permute(2, 0, 1) * scale
    return torch.stack(
        [torch.nn.functional.cross_entropy(part, labels, label_smoothing=0.1) for part in parts]
    )


def test_first_step_equals_the_published_one():
    published = json.loads(shared("fixtures/opengait/training/gaitbase_three_steps.json").read_text())
    folder = shared("fixtures/opengait/gaitbase_casiab")
    sequences = np.load(shared("fixtures/opengait/inputs/inputs.npz"))
    walks = np.stack([sequences[name][start : start + 8, :, 10:54] for name, start in SLICES])
    labels = torch.tensor(published["labels"])
    network = build_opengait(json.loads((folder / "config.json").read_text())["model_cfg"]).train()
    network.load_state_dict({k: torch.from_numpy(np.asarray(v)) for k, v in opengait_state(folder).items()})
    features = network.embed(torch.from_numpy(walks.astype(np.float32) / 255)[:, None])
    _, logits = network.classify(features)
    apart, classes = triplet(features, labels, 0.2), cross_entropy(logits, labels, 16)
    step = published["steps"][0]
    # The published distance of a walk to itself is rounding noise up to 0.05, ours is 0: hence 2 % of a part.
    assert apart.detach().numpy() == pytest.approx(step["info"]["scalar/triplet/loss"], rel=0.02)
    assert classes.mean().item() == pytest.approx(step["info"]["scalar/softmax/loss"], rel=MAX_RELATIVE)
    (apart.mean() + classes.mean()).backward()
    norms = {k: p.grad.norm().item() for k, p in network.named_parameters()}
    assert norms == pytest.approx(step["grad_norm"], rel=MAX_RELATIVE)
