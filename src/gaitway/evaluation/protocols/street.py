"""Real streets: Gait3D, CCPG, and labelled GREW, ranked as in person re-identification."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gaitway.errors import InputError
from gaitway.evaluation.protocols.cross_view import KEY, rank1_table
from gaitway.evaluation.protocols.samples import Samples, compare
from gaitway.evaluation.ranking import Ranking, rank_mates
from gaitway.recognition.rerank import RerankConfig

# Li et al., An In-Depth Exploration of Person Re-Identification and Gait Recognition in Cloth-Changing
# Conditions, CVPR 2023 (CCPG): what changes between probe and gallery is everything, the top, the trousers,
# or a bag.
CCPG = {
    "CL": (("U0_D0_BG", "U0_D0"), ("U1_D1", "U2_D2", "U3_D3")),
    "UP": (("U3_D3",), ("U0_D3",)),
    "DN": (("U1_D0",), ("U1_D1",)),
    "BG": (("U0_D0_BG",), ("U0_D0",)),
}


def evaluate_gait3d(
    samples: Samples, *, probe_set: Sequence[str] | str | Path, rerank: bool = False
) -> dict[str, float]:
    """Evaluate by Gait3D's protocol: rank-1, 5, 10, mAP and mINP; probes without a mate are left out.

    Args:
        samples: The test sequences.
        probe_set: Names of the probes, ``<label>-<type>-<view>``; every other sequence is gallery. A list,
            or the path of a json file that is one or holds one under "PROBE_SET".
        rerank: Re-rank by k-reciprocal neighbours first; the published numbers are without.

    Source:
        Zheng et al., Gait Recognition in the Wild with Dense 3D Representations and A Benchmark, CVPR 2022.
    """
    ranking = _rank(*split_probe_set(samples, probe_set), rerank=rerank)
    return {
        f"{KEY}/Rank-1": ranking.rank(1),
        f"{KEY}/Rank-5": ranking.rank(5),
        f"{KEY}/Rank-10": ranking.rank(10),
        f"{KEY}/mAP": ranking.mean_average_precision,
        f"{KEY}/mINP": ranking.mean_inverse_penalty,
    }


def split_probe_set(samples: Samples, probe_set: Sequence[str] | str | Path) -> tuple[Samples, Samples]:
    """Return the probes that a list names, and the gallery, which is everything else."""
    wanted = set(_read_names(probe_set))
    triples = zip(samples.labels, samples.types, samples.views, strict=True)
    is_probe = np.array([f"{label}-{type_}-{view}" in wanted for label, type_, view in triples], bool)
    if not is_probe.any() or is_probe.all():
        raise InputError(
            f"{int(is_probe.sum())} of {len(samples)} sequences are in the probe set, wanted some, not all: "
            "its names are <label>-<type>-<view>"
        )
    return samples.where(is_probe), samples.where(~is_probe)


def evaluate_real_scene(samples: Samples, *, rerank: bool = False) -> dict[str, float]:
    """Evaluate labelled street data (GREW's training people): type 00 are probes, 01 gallery.

    Args:
        samples: The sequences.
        rerank: As for Gait3D.

    Source:
        Zhu et al., Gait Recognition in the Wild: A Benchmark, ICCV 2021.
    """
    probes, gallery = samples.of_types(["00"]), samples.of_types(["01"])
    known = np.isin(probes.labels, gallery.labels)
    ranking = _rank(probes, gallery, rerank=rerank)
    share = known.mean()  # who is not in the gallery counts as wrong here
    return {f"{KEY}/Rank-{k}": round(ranking.rank(k) * share, 2) if known.any() else 0.0 for k in (1, 5)}


def evaluate_ccpg(samples: Samples) -> dict[str, Any]:
    """Evaluate by CCPG's protocol.

    Returns:
        Per condition CL, UP, DN, BG: under the published key the rank-1 table, probe view x gallery view, in
        percent; its mean with and without the diagonal; and rank-1, mAP and mINP as in re-identification, the
        identical view left out. A view is the part of its name before the first "_".
    """
    samples = short_views(samples)
    views = samples.views
    result: dict[str, Any] = {}
    for condition, (probe_types, gallery_types) in CCPG.items():
        probes, gallery = samples.of_types(probe_types), samples.of_types(gallery_types)
        table = rank1_table(probes, gallery, np.unique(views))
        ranking = _rank(probes, gallery, exclude_view=True)
        off = ~np.eye(len(table), dtype=bool)
        result[f"{KEY}/{condition}"] = table
        result[f"{KEY}/{condition}@R1"] = float(table[off].mean())
        result[f"{KEY}/{condition}@R1-with-identical-view"] = float(table.mean())
        result[f"{KEY}/{condition}-ReID-Rank@1"] = ranking.rank(1)
        result[f"{KEY}/{condition}-ReID-mAP"] = ranking.mean_average_precision
        result[f"{KEY}/{condition}-ReID-mINP"] = ranking.mean_inverse_penalty
    return result


def short_views(samples: Samples) -> Samples:
    """Return CCPG's samples under their views' names before the first "_"."""
    views = np.array([str(view).split("_")[0] for view in samples.views])
    return Samples(samples.embeddings, samples.labels, samples.types, views, samples.metric)


def _rank(probes: Samples, gallery: Samples, *, exclude_view: bool = False, rerank: bool = False) -> Ranking:
    rows = compare(probes, gallery, RerankConfig() if rerank else None)
    views = (probes.views, gallery.views) if exclude_view else None
    return rank_mates(rows, probes.labels, gallery.labels, views)


def _read_names(probe_set: Sequence[str] | str | Path) -> list[str]:
    if not isinstance(probe_set, (str, Path)):
        return [str(name) for name in probe_set]
    try:
        content = json.loads(Path(probe_set).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(
            f"the probe set {probe_set} cannot be read ({error}): pass a json list of names"
        ) from error
    names = content.get("PROBE_SET") if isinstance(content, dict) else content
    if not isinstance(names, list):
        raise InputError(f"the probe set {probe_set} holds no list: wanted a list, or one under PROBE_SET")
    return [str(name) for name in names]
