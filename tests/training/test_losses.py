import numpy as np
import pytest
import torch

from gaitway.training.losses import supervised_contrastive


def unit(n, p, c, seed=0):
    x = torch.from_numpy(np.random.default_rng(seed).standard_normal((n, p, c)).astype(np.float32))
    return torch.nn.functional.normalize(x, dim=2)


def slow(embeddings, labels, temperature):
    """Khosla's equation 2, sum by sum."""
    n, parts, _ = embeddings.shape
    terms = []
    for part in range(parts):
        z = embeddings[:, part].double()
        for i in range(n):
            friends = [j for j in range(n) if j != i and labels[j] == labels[i]]
            if not friends:
                continue
            below = sum(torch.exp(z[i] @ z[a] / temperature) for a in range(n) if a != i)
            terms.append(
                -sum(torch.log(torch.exp(z[i] @ z[j] / temperature) / below) for j in friends) / len(friends)
            )
    return float(sum(terms) / len(terms))


@pytest.mark.parametrize("labels", [[0, 0, 1, 1, 2, 2], [0, 0, 0, 1, 1, 5], [3, 3, 3, 3, 3, 3]])
def test_equals_the_sums_of_the_paper(labels):
    x = unit(6, 3, 8)
    fast = float(supervised_contrastive(x, torch.tensor(labels), temperature=0.2))
    assert fast == pytest.approx(slow(x, labels, 0.2), rel=1e-5)


def test_people_in_heaps_of_their_own_cost_least():
    labels = torch.tensor([0, 0, 1, 1])
    heaps = torch.tensor([[1.0, 0], [1, 0], [0, 1], [0, 1]])[:, None]
    mixed = heaps[[0, 2, 1, 3]]
    assert supervised_contrastive(heaps, labels) < 0.01
    assert supervised_contrastive(mixed, labels) > 5


def test_gradient_is_finite_for_equal_embeddings():
    x = torch.ones(4, 1, 2, requires_grad=True)
    supervised_contrastive(x / 2**0.5, torch.tensor([0, 0, 1, 1])).backward()
    assert torch.isfinite(x.grad).all()
