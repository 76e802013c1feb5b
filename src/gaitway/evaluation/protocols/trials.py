"""Which probes a protocol compares with which gallery, for figures beyond its published numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool

from gaitway.evaluation.protocols.cross_view import (
    CASIA_B,
    CASIA_B_ONE_GALLERY,
    OUMVLP,
    SUSTECH1K,
    ViewProtocol,
)
from gaitway.evaluation.protocols.samples import Samples
from gaitway.evaluation.protocols.street import CCPG, short_views, split_probe_set
from gaitway.recognition.rerank import RerankConfig

OVERALL = "Overall"
VIEW_PROTOCOLS = {"casia-b": CASIA_B, "oumvlp": OUMVLP, "sustech1k": SUSTECH1K}


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """Probes, their gallery, and parts of the probes to report on.

    Attributes:
        probes: All of them.
        gallery: What each is compared with.
        parts: Which probes belong to which condition; parts may overlap.
        exclude_view: Leave out a probe's own walks in its own view.
        rerank: How distances are re-ranked first; None for not at all.
    """

    probes: Samples
    gallery: Samples
    parts: Mapping[str, Bool[np.ndarray, " n"]]
    exclude_view: bool
    rerank: RerankConfig | None = None


def make_trials(
    protocol: str,
    samples: Samples,
    *,
    cross_view_gallery: bool = False,
    probe_set: Sequence[str] | str | Path = (),
    rerank: bool = False,
) -> list[Trial]:
    """Return a protocol's trials: one with all conditions, or one per condition where galleries differ.

    Args:
        protocol: A name in ``PROTOCOLS``; submissions have no trials, their labels are secret.
        samples: The test sequences.
        cross_view_gallery: As for the protocol.
        probe_set: As for the protocol.
        rerank: As for the protocol.
    """
    if protocol in VIEW_PROTOCOLS:
        views = VIEW_PROTOCOLS[protocol]
        if cross_view_gallery and protocol == "casia-b":
            views = CASIA_B_ONE_GALLERY
        return [_of_views(samples, views)]
    if protocol == "ccpg":
        short = short_views(samples)
        return [
            _whole(short.of_types(probes), short.of_types(gallery), name, exclude_view=True)
            for name, (probes, gallery) in CCPG.items()
        ]
    if protocol == "gait3d":
        return [_whole(*split_probe_set(samples, probe_set), rerank=rerank)]
    if protocol == "grew-train":
        return [_whole(samples.of_types(["00"]), samples.of_types(["01"]), rerank=rerank)]
    return []


def _of_views(samples: Samples, protocol: ViewProtocol) -> Trial:
    gallery = protocol.choose(samples, protocol.gallery)
    types = tuple(dict.fromkeys(name for names in protocol.probes.values() for name in names))
    probes = protocol.choose(samples, types)
    parts = {OVERALL: np.ones(len(probes), bool)}
    parts |= {name: protocol.belong(probes, chosen) for name, chosen in protocol.probes.items()}
    return Trial(probes, gallery, parts, exclude_view=True)


def _whole(
    probes: Samples,
    gallery: Samples,
    name: str = OVERALL,
    *,
    exclude_view: bool = False,
    rerank: bool = False,
) -> Trial:
    everybody = {name: np.ones(len(probes), bool)}
    return Trial(probes, gallery, everybody, exclude_view, RerankConfig() if rerank else None)
