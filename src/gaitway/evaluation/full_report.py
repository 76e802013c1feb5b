"""Everything that can be said about a set of embeddings by one protocol."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from gaitway.evaluation.protocols.cross_view import KEY, rank1_numbers, view_tables
from gaitway.evaluation.protocols.samples import Samples
from gaitway.evaluation.protocols.trials import VIEW_PROTOCOLS, Trial, make_trials
from gaitway.evaluation.recognition import check_options, evaluate_samples, find_protocol
from gaitway.evaluation.recognition_report import RecognitionReport, Table
from gaitway.evaluation.summary import Summary, SummaryConfig, by_group, summarise_parts

Matrices = dict[str, tuple[list[str], np.ndarray]]


def full_report(
    title: str, protocol: str, samples: Samples, config: SummaryConfig | None = None, **options: Any
) -> RecognitionReport:
    """Evaluate by a protocol and add what it leaves out.

    Args:
        title: Of the report: model and data set.
        protocol: As for ``evaluate``; submissions have no labels and so no report.
        samples: The test sequences.
        config: What is reported; each trial says itself whether own views are left out.
        options: The protocol's own.

    Raises:
        InputError: As ``evaluate``.
    """
    name, config = find_protocol(protocol), config or SummaryConfig()
    numbers, matrices = _published(name, samples, options)
    summaries: dict[str, Summary] = {}
    tables: dict[str, Table] = {}
    for trial in make_trials(name, samples, **options):
        found = summarise_parts(
            trial.probes, trial.gallery, trial.parts, _config(config, trial), trial.rerank
        )
        summaries |= found
        condition, whole = next(iter(found.items()))
        labels = trial.probes.labels
        tables[f"{condition}: by probe view"] = by_group(whole.ranking, labels, trial.probes.views, config)
        tables[f"{condition}: by probe type"] = by_group(whole.ranking, labels, trial.probes.types, config)
    return RecognitionReport(title, numbers, summaries, tables, matrices)


def _published(protocol: str, samples: Samples, options: dict[str, Any]) -> tuple[dict[str, float], Matrices]:
    """Return the protocol's numbers, and its tables of views; no distance is computed twice for them."""
    names = [str(view) for view in np.unique(samples.views)]
    if protocol in VIEW_PROTOCOLS and not options.get("cross_view_gallery"):
        check_options(protocol, options)
        tables = view_tables(samples, VIEW_PROTOCOLS[protocol])
        return rank1_numbers(tables), {name: (names, table) for name, table in tables.items()}
    numbers, matrices = {}, {}
    for key, value in evaluate_samples(protocol, samples, **options).items():
        if isinstance(value, np.ndarray):
            views = [str(view) for view in np.unique([name.split("_")[0] for name in names])]
            matrices[key.removeprefix(f"{KEY}/")] = (views, value)
        else:
            numbers[key] = value
    return numbers, matrices


def _config(config: SummaryConfig, trial: Trial) -> SummaryConfig:
    return replace(config, exclude_view=trial.exclude_view)
