"""Make metric_losses.json: losses by pytorch-metric-learning, an outside implementation (MIT licence).

pip install pytorch-metric-learning==2.9.0
python tests/training/make_metric_losses.py
"""

import json
from pathlib import Path

import numpy as np
import torch

CASES = (([0, 0, 1, 1, 2, 2], 0), ([0, 0, 0, 1, 1, 5], 1), ([4, 4, 4, 7, 7, 7, 9, 9, 9], 2))


def made(labels, seed):
    """Return the losses of embeddings drawn by ``seed``, (N, 8)."""
    from pytorch_metric_learning import distances, losses

    x = torch.from_numpy(np.random.default_rng(seed).standard_normal((len(labels), 8)).astype(np.float32))
    unit, who = torch.nn.functional.normalize(x, dim=1), torch.tensor(labels)
    plain = distances.LpDistance(normalize_embeddings=False)
    return {
        "labels": labels,
        "seed": seed,
        "triplet_all": losses.TripletMarginLoss(0.2, distance=plain, triplets_per_anchor="all")(
            x, who
        ).item(),
        "contrastive": losses.SupConLoss(temperature=0.1)(unit, who).item(),
    }


if __name__ == "__main__":
    path = Path(__file__).with_name("metric_losses.json")
    path.write_text(json.dumps([made(*case) for case in CASES], indent=1) + "\n")
