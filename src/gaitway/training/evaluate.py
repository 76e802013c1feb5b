"""How well an encoder tells people apart across views, on walks that we make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, Int64, Shaped, UInt8

from gaitway.models.gait_template import GaitTemplateNet
from gaitway.protocols import Encoder
from gaitway.recognition.distance import distance_matrix
from gaitway.recognition.learned import average_pieces, cut_pieces, network_input
from gaitway.synthetic.benchmark import GALLERY, LabelledWalk


@dataclass(frozen=True, slots=True)
class CrossView:
    """Rank-1 in percent, averaged over all pairs of different views.

    Attributes:
        by_condition: nm, bg, cl.
        interval: The same with 95 % intervals, from drawing the people again and again.
        by_view: For every probe view, all conditions together.
        same_view: Where gallery and probe have the same view, all conditions together.
    """

    by_condition: dict[str, float]
    interval: dict[str, tuple[float, float]]
    by_view: dict[float, float]
    same_view: float

    @property
    def front_back(self) -> float:
        """Rank-1 of probes seen exactly from the front or the back."""
        return float(np.mean([self.by_view[view] for view in (0.0, 180.0)]))


@dataclass(frozen=True, slots=True, eq=False)
class Decisions:
    """Every probe against every gallery view: (N,) each.

    Attributes:
        person: Whose walk the probe is.
        condition: nm, bg or cl.
        probe_view: Azimuth in degrees.
        gallery_view: Azimuth in degrees.
        right: Whether the nearest gallery walk is the same person's.
    """

    person: Int64[np.ndarray, " n"]
    condition: Shaped[np.ndarray, " n"]
    probe_view: Float[np.ndarray, " n"]
    gallery_view: Float[np.ndarray, " n"]
    right: Bool[np.ndarray, " n"]

    @property
    def crosses(self) -> Bool[np.ndarray, " n"]:
        """Where the views differ."""
        differ: np.ndarray = self.probe_view != self.gallery_view
        return differ


class NetworkEncoder:
    """An Encoder over the torch network: what ``LearnedEncoder`` gives, many pieces at a time."""

    def __init__(self, net: GaitTemplateNet, model_id: str = "in training") -> None:
        self.model_id = model_id
        self._net = net.eval()

    def encode(self, sequences: Sequence[UInt8[np.ndarray, "..."]]) -> Float32[np.ndarray, "n p c"]:
        """Encode walks; see ``LearnedEncoder.encode``."""
        pieces = [[network_input(walk[cut]) for cut in cut_pieces(len(walk))] for walk in sequences]
        maps = torch.from_numpy(
            np.stack([view for walk in pieces for m in walk for view in (m, m[:, :, ::-1])])
        )
        device = next(self._net.parameters()).device
        with torch.inference_mode():
            parts = self._net(maps.to(device)).cpu().numpy()
        ends = np.cumsum([2 * len(walk) for walk in pieces])
        return average_pieces([list(block) for block in np.split(parts, ends[:-1])])


def embed(encoder: Encoder, walks: Sequence[LabelledWalk], *, batch: int = 64) -> Float[np.ndarray, "n p c"]:
    """Encode walks, ``batch`` at a time."""
    blocks = [
        encoder.encode([walk.silhouettes for walk in walks[start : start + batch]])
        for start in range(0, len(walks), batch)
    ]
    return np.concatenate(blocks)


def cross_view(encoder: Encoder, walks: Sequence[LabelledWalk]) -> CrossView:
    """Score an encoder by CASIA-B's protocol; see ``decide``."""
    return summary(decide(embed(encoder, walks), walks))


def decide(parts: Float[np.ndarray, "n p c"], walks: Sequence[LabelledWalk]) -> Decisions:
    """Name every probe by its nearest gallery walk, one pair of views at a time.

    Source:
        Yu, Tan and Tan, A Framework for Evaluating the Effect of View Angle, Clothing and Carrying
        Condition on Gait Recognition, ICPR 2006.
    """
    people = np.array([walk.person for walk in walks])
    views = np.array([walk.view_deg for walk in walks])
    conditions = np.array([walk.condition for walk in walks])
    enrolled = np.isin(conditions, GALLERY)
    probes = np.flatnonzero(~enrolled)
    seen = np.unique(views)
    right = []
    for view in seen:
        gallery = np.flatnonzero(enrolled & (views == view))
        nearest = distance_matrix(parts[probes], parts[gallery]).argmin(axis=1)
        right.append(people[gallery[nearest]] == people[probes])
    return Decisions(
        np.tile(people[probes], len(seen)),
        np.tile([condition[:2] for condition in conditions[probes]], len(seen)),
        np.tile(views[probes], len(seen)),
        np.repeat(seen, len(probes)),
        np.concatenate(right),
    )


def summary(decisions: Decisions) -> CrossView:
    """Average decisions; the identical view is left out, as the field does."""
    cross, right = decisions.crosses, decisions.right

    def mean(chosen: np.ndarray) -> float:
        return 100 * float(right[chosen].mean()) if chosen.any() else float("nan")

    kinds = {str(kind): decisions.condition == kind for kind in dict.fromkeys(decisions.condition.tolist())}
    return CrossView(
        {kind: mean(cross & here) for kind, here in kinds.items()},
        {kind: interval(decisions.person[cross & here], right[cross & here]) for kind, here in kinds.items()},
        {
            float(view): mean(cross & (decisions.probe_view == view))
            for view in np.unique(decisions.probe_view)
        },
        mean(~cross),
    )


def interval(
    person: Int64[np.ndarray, " n"], right: Bool[np.ndarray, " n"], draws: int = 1000
) -> tuple[float, float]:
    """Return the 95 % interval of the percentage right, people drawn with replacement.

    Source:
        Efron, Bootstrap Methods, Annals of Statistics 1979; decisions about one person hang together, so
        people are drawn and not decisions.
    """
    who, index = np.unique(person, return_inverse=True)
    if not len(who):
        return float("nan"), float("nan")
    share = np.bincount(index, right) / np.bincount(index)
    drawn = np.random.default_rng(0).integers(0, len(who), (draws, len(who)))
    low, high = np.percentile(100 * share[drawn].mean(axis=1), [2.5, 97.5])
    return float(low), float(high)
