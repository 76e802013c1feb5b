"""What one probe set and gallery can tell: identification, verification, open set, and how surely."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool

from gaitway.evaluation.bootstrap import Interval, subject_interval
from gaitway.evaluation.openset import OpenSet, find_nearest, hold_out_subjects
from gaitway.evaluation.protocols.samples import Samples
from gaitway.evaluation.ranking import Ranking, distance_rows, rank_mates
from gaitway.evaluation.verification import Pairs, collect_pairs


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
    config = config or SummaryConfig()
    sides = (probes.embeddings, gallery.embeddings), (probes.labels, gallery.labels)
    views = (probes.views, gallery.views) if config.exclude_view else None
    rows = distance_rows(*sides[0], probes.metric)
    ranking = rank_mates(rows, *sides[1], views)
    pairs = collect_pairs(*sides, probes.metric, views)
    open_set = _open_set(probes, gallery, config)
    numbers: dict[str, float | Interval] = {
        **_identification(ranking, probes.labels[ranking.valid], config),
        **{f"FNIR@FPIR={rate:g}%": open_set.fnir_at_fpir(rate) for rate in config.fpir},
        "EER": pairs.equal_error_rate(),
        **{f"FNMR@FMR={rate:g}%": pairs.fnmr(pairs.threshold_at_fmr(rate)) for rate in config.fmr},
    }
    return Summary(ranking, pairs, open_set, numbers)


def by_group(
    probes: Samples, gallery: Samples, groups: np.ndarray, config: SummaryConfig | None = None
) -> dict[str, dict[str, float | Interval]]:
    """Return identification per group of probes (their view, their condition, ...), groups sorted."""
    config = config or SummaryConfig()
    result = {}
    for group in np.unique(groups):
        chosen = probes.where(groups == group)
        views = (chosen.views, gallery.views) if config.exclude_view else None
        rows = distance_rows(chosen.embeddings, gallery.embeddings, chosen.metric)
        ranking = rank_mates(rows, chosen.labels, gallery.labels, views)
        if ranking.valid.any():
            result[str(group)] = _identification(ranking, chosen.labels[ranking.valid], config)
    return result


def _identification(
    ranking: Ranking, subjects: np.ndarray, config: SummaryConfig
) -> dict[str, float | Interval]:
    values = {f"Rank-{k}": 100.0 * (ranking.first <= k) for k in config.ranks}
    values["mAP"] = 100 * ranking.average_precision
    values["mINP"] = 100 * ranking.inverse_penalty
    return {name: subject_interval(value, subjects, seed=config.seed) for name, value in values.items()}


def _open_set(probes: Samples, gallery: Samples, config: SummaryConfig) -> OpenSet:
    """Take the probes' strangers where there are any; else leave subjects out of the gallery."""
    known: Bool[np.ndarray, " n"] = np.isin(probes.labels, gallery.labels)
    if known.all():
        gallery = gallery.where(hold_out_subjects(gallery.labels, config.strangers, config.seed))
    embeddings, labels = (probes.embeddings, gallery.embeddings), (probes.labels, gallery.labels)
    views = (probes.views, gallery.views) if config.exclude_view else None
    return find_nearest(embeddings, labels, probes.metric, views)
