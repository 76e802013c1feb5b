"""How well an encoder tells people apart across views, on walks that we make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float32, UInt8

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
        by_view: The same for every probe view, all conditions together.
        same_view: Where gallery and probe have the same view, all conditions together.
    """

    by_condition: dict[str, float]
    by_view: dict[float, float]
    same_view: float


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
    """Score an encoder by CASIA-B's protocol: per pair of views, the nearest gallery walk names the probe.

    Source:
        Yu, Tan and Tan, A Framework for Evaluating the Effect of View Angle, Clothing and Carrying
        Condition on Gait Recognition, ICPR 2006; the identical view is left out as the field does.
    """
    parts = embed(encoder, walks)
    people = np.array([walk.person for walk in walks])
    views = np.array([walk.view_deg for walk in walks])
    conditions = np.array([walk.condition for walk in walks])
    enrolled = np.isin(conditions, GALLERY)
    rows: list[tuple[str, float, float, float]] = []
    for probe_view in np.unique(views):
        probes = np.flatnonzero(~enrolled & (views == probe_view))
        for view in np.unique(views):
            gallery = np.flatnonzero(enrolled & (views == view))
            nearest = distance_matrix(parts[probes], parts[gallery]).argmin(axis=1)
            right = people[gallery[nearest]] == people[probes]
            for kind in np.unique(conditions[probes]):
                share = 100 * float(right[conditions[probes] == kind].mean())
                rows.append((str(kind)[:2], float(probe_view), float(view), share))
    return _summary(rows)


def _summary(rows: list[tuple[str, float, float, float]]) -> CrossView:
    cross = [row for row in rows if row[1] != row[2]]

    def mean(chosen: list[tuple[str, float, float, float]]) -> float:
        return float(np.mean([row[3] for row in chosen])) if chosen else float("nan")

    return CrossView(
        {kind: mean([r for r in cross if r[0] == kind]) for kind in dict.fromkeys(r[0] for r in rows)},
        {view: mean([r for r in cross if r[1] == view]) for view in sorted({r[1] for r in rows})},
        mean([row for row in rows if row[1] == row[2]]),
    )
