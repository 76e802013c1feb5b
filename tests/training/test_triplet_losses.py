"""The losses against plain loops, an outside implementation and the field's stored values."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from gaitway.training.losses import (
    batch_all_triplet,
    batch_hard_triplet,
    pair_distances,
    smoothed_cross_entropy,
    supervised_contrastive,
)
from support.shared import shared

LABELS = [[0, 0, 1, 1, 2, 2], [0, 0, 0, 1, 1, 5], [3, 3, 8, 8, 8, 8]]
OUTSIDE = json.loads(Path(__file__).with_name("metric_losses.json").read_text())


def embeddings(count, channels=8, parts=3, seed=0):
    rng = np.random.default_rng(seed)
    return torch.from_numpy(rng.standard_normal((count, channels, parts)).astype(np.float32))


def plain_all(x, labels, margin):
    """Batch all, loop by loop; a walk's own distance is 0."""
    terms = []
    for a in range(len(labels)):
        for p in range(len(labels)):
            for n in range(len(labels)):
                if labels[a] == labels[p] and labels[a] != labels[n]:
                    far = float((x[a] - x[p]).norm() - (x[a] - x[n]).norm()) + margin
                    terms.append(max(far, 0.0))
    active = [t for t in terms if t > 0]
    return sum(active) / max(len(active), 1), max(terms), len(active)


@pytest.mark.parametrize("labels", LABELS)
def test_batch_all_equals_the_loops(labels):
    x = embeddings(6)
    terms = batch_all_triplet(x, torch.tensor(labels), margin=0.2)
    for part in range(3):
        loss, hardest, active = plain_all(x[:, :, part].double(), labels, 0.2)
        assert float(terms.loss[part]) == pytest.approx(loss, rel=1e-3)
        assert float(terms.hardest[part]) == pytest.approx(hardest, rel=1e-3)
        assert int(terms.active[part]) == active


@pytest.mark.parametrize("labels", LABELS)
def test_batch_hard_equals_the_loops(labels):
    x, y = embeddings(6), torch.tensor(labels)
    found = batch_hard_triplet(x, y, margin=0.3).loss
    for part in range(3):
        d = torch.cdist(x[:, :, part].double(), x[:, :, part].double())
        plain = [
            max(float(max(d[a][y == y[a]]) - min(d[a][y != y[a]])) + 0.3, 0.0) for a in range(len(labels))
        ]
        assert float(found[part]) == pytest.approx(np.mean(plain), rel=1e-3, abs=1e-4)


@pytest.mark.parametrize("case", OUTSIDE, ids=lambda c: str(c["labels"]))
def test_equal_to_pytorch_metric_learning(case):
    """Its triplets leave a walk's pair with itself out; that pair breaks no margin in these cases."""
    labels = torch.tensor(case["labels"])
    rng = np.random.default_rng(case["seed"])
    x = torch.from_numpy(rng.standard_normal((len(labels), 8)).astype(np.float32))[:, :, None]
    assert float(batch_all_triplet(x, labels).loss) == pytest.approx(case["triplet_all"], rel=1e-5)
    unit = torch.nn.functional.normalize(x, dim=1).transpose(1, 2)
    assert float(supervised_contrastive(unit, labels)) == pytest.approx(case["contrastive"], rel=1e-5)


def test_walks_far_apart_cost_nothing_and_teach_nothing():
    x = torch.zeros(4, 2, 1)
    x[2:] = 100
    x.requires_grad_()
    for mine in (batch_all_triplet, batch_hard_triplet):
        terms = mine(x, torch.tensor([0, 0, 1, 1]))
        assert terms.loss.item() == 0
        (grad,) = torch.autograd.grad(terms.loss.sum(), x)
        assert (grad == 0).all()


def test_doubles_give_finite_gradients():
    x = torch.ones(4, 6, 2, requires_grad=True)
    labels = torch.tensor([0, 0, 1, 1])
    for mine in (batch_all_triplet, batch_hard_triplet):
        (grad,) = torch.autograd.grad(mine(x, labels).loss.sum(), x)
        assert torch.isfinite(grad).all()


def test_half_precision_is_compared_in_full():
    x = embeddings(6).half()
    torch.testing.assert_close(pair_distances(x), pair_distances(x.float()))


def test_equal_to_the_fields_losses_and_gradients():
    stored = np.load(shared("fixtures/opengait/training/losses.npz"))
    x, logits = (torch.from_numpy(stored[k]).requires_grad_() for k in ("embeddings", "logits"))
    labels = torch.from_numpy(stored["labels"])
    terms = batch_all_triplet(x, labels, margin=0.2)
    classes = smoothed_cross_entropy(logits, labels, scale=16, smoothing=0.1)
    loss = terms.loss.mean() + classes
    grads = torch.autograd.grad(loss, (x, logits))
    for name, value in {
        "scalar__triplet__loss": terms.loss,
        "scalar__triplet__hard_loss": terms.hardest,
        "scalar__triplet__loss_num": terms.active,
        "scalar__triplet__mean_dist": terms.distance,
        "scalar__softmax__loss": classes,
        "loss_sum": loss,
    }.items():
        np.testing.assert_allclose(value.detach().numpy(), stored[name], rtol=1e-5, err_msg=name)
    for grad, name in zip(grads, ("grad_embeddings", "grad_logits"), strict=True):
        largest = np.abs(stored[name]).max()
        np.testing.assert_allclose(grad.numpy(), stored[name], atol=1e-6 * largest, rtol=0, err_msg=name)
