"""What one probe set and gallery can tell: identification, verification, open set, and how surely."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool

from gaitway.evaluation.bootstrap import Interval, subject_intervals
from gaitway.evaluation.openset import NearestWalks, OpenSet, hold_out_subjects
from gaitway.evaluation.protocols.samples import Samples, compare
from gaitway.evaluation.ranking import MateRanks, Ranking, compared
from gaitway.evaluation.verification import PairCounts, Pairs, largest_distance
from gaitway.recognition.rerank import RerankConfig


@dataclass(frozen=True, slots=True)
class SummaryConfig:
    """What is reported.

    Attributes:
        ranks: Ranks of identification.
        fpir: False positive rates, in percent, at which open-set misses are reported; 0.1 to 10 as NIST does.
        fmr: False match rates, in percent, at which verification's misses are reported.
        strangers: Share of the gallery's subjects left out to make strangers, where the probes hold none.
        exclude_view: Leave out a probe's own walks in its own view.
        seed: Of the draws of subjects.
    """

    ranks: tuple[int, ...] = (1, 5, 10)
    fpir: tuple[float, ...] = (0.1, 1.0, 10.0)
    fmr: tuple[float, ...] = (0.1, 1.0)
    strangers: float = 0.5
    exclude_view: bool = False
    seed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Summary:
    """The parts of a summary, for curves and tables; ``numbers`` holds what is printed."""

    ranking: Ranking
    pairs: Pairs
    open_set: OpenSet
    numbers: dict[str, float | Interval]

    def as_json(self) -> dict[str, Any]:
        """Return the numbers with intervals as lists [mean, low, high]."""
        return {
            name: [value.mean, value.low, value.high] if isinstance(value, Interval) else value
            for name, value in self.numbers.items()
        }


def summarise(probes: Samples, gallery: Samples, config: SummaryConfig | None = None) -> Summary:
    """Measure identification, verification and open-set identification; all numbers are percentages."""
    whole = {"": np.ones(len(probes), bool)}
    return summarise_parts(probes, gallery, whole, config)[""]


def summarise_parts(
    probes: Samples,
    gallery: Samples,
    parts: Mapping[str, Bool[np.ndarray, " n"]],
    config: SummaryConfig | None = None,
    rerank: RerankConfig | None = None,
) -> dict[str, Summary]:
    """Summarise several choices of probes against one gallery, in one pass over all pairs.

    Memory is bounded: a block of distances, and what is counted of it.

    Args:
        probes: All of them.
        gallery: The one gallery.
        parts: Which probes belong to each part; parts may overlap.
        config: What is reported.
        rerank: How distances are re-ranked first; they then depend on all probes together.
    """
    config = config or SummaryConfig()
    kinds, group = np.unique(np.stack(list(parts.values()), axis=1), axis=0, return_inverse=True)
    ranks = MateRanks(len(probes))
    sides = (probes.embeddings, gallery.embeddings)
    largest = largest_distance(sides, probes.metric) if rerank is None else 1.0
    pairs = PairCounts(largest, group.reshape(-1).astype(np.int64))
    nearest = NearestWalks(len(probes), _enrolled(probes, gallery, config))
    rows = compare(probes, gallery, rerank)
    views = (probes.views, gallery.views) if config.exclude_view else None
    for block in compared(rows, (probes.labels, gallery.labels), views):
        for count in (ranks, pairs, nearest):
            count.take(block)
    ranking, found = ranks.result(), nearest.result()
    return {
        name: _summary(
            ranking.part(chosen),
            pairs.result(np.flatnonzero(kinds[:, index])),
            OpenSet(*(values[chosen] for values in found)),
            probes.labels[chosen],
            config,
        )
        for index, (name, chosen) in enumerate(parts.items())
    }


def by_group(
    ranking: Ranking, labels: np.ndarray, groups: np.ndarray, config: SummaryConfig | None = None
) -> dict[str, dict[str, float | Interval]]:
    """Return identification per group of probes (their view, their condition, ...), groups sorted.

    Args:
        ranking: Of all probes.
        labels: Whose probes they are, (N,).
        groups: Which group each belongs to, (N,).
        config: What is reported.
    """
    config = config or SummaryConfig()
    result = {}
    for group in np.unique(groups):
        chosen = groups == group
        part = ranking.part(chosen)
        if part.valid.any():
            result[str(group)] = _identification(part, labels[chosen][part.valid], config)
    return result


def _summary(
    ranking: Ranking, pairs: Pairs, open_set: OpenSet, labels: np.ndarray, config: SummaryConfig
) -> Summary:
    numbers: dict[str, float | Interval] = {
        **_identification(ranking, labels[ranking.valid], config),
        **{f"FNIR@FPIR={rate:g}%": open_set.fnir_at_fpir(rate) for rate in config.fpir},
        "EER": pairs.equal_error_rate(),
        **{f"FNMR@FMR={rate:g}%": pairs.fnmr(pairs.threshold_at_fmr(rate)) for rate in config.fmr},
    }
    return Summary(ranking, pairs, open_set, numbers)


def _identification(
    ranking: Ranking, subjects: np.ndarray, config: SummaryConfig
) -> dict[str, float | Interval]:
    values = {f"Rank-{k}": 100.0 * (ranking.first <= k) for k in config.ranks}
    values["mAP"] = 100 * ranking.average_precision
    values["mINP"] = 100 * ranking.inverse_penalty
    return dict(subject_intervals(values, subjects, seed=config.seed))


def _enrolled(probes: Samples, gallery: Samples, config: SummaryConfig) -> Bool[np.ndarray, " m"]:
    """Take the probes' strangers where there are any; else leave subjects out of the gallery."""
    if np.isin(probes.labels, gallery.labels).all():
        return hold_out_subjects(gallery.labels, config.strangers, config.seed)
    return np.ones(len(gallery), bool)
