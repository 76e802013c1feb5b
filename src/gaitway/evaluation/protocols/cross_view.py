"""Rank-1 between every pair of views, the identical view left out: CASIA-B, OU-MVLP, SUSTech1K."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64

from gaitway.errors import InputError
from gaitway.evaluation.protocols.samples import Samples
from gaitway.evaluation.ranking import distance_rows, rank_mates

KEY = "scalar/test_accuracy"


@dataclass(frozen=True, slots=True)
class ViewProtocol:
    """Which types are probes, per condition, and which gallery; ``like``: a piece of the type is enough."""

    probes: Mapping[str, tuple[str, ...]]
    gallery: tuple[str, ...]
    like: bool = False

    def choose(self, samples: Samples, types: Sequence[str]) -> Samples:
        """Return the samples of some of the protocol's types."""
        return samples.with_type_like(types) if self.like else samples.of_types(types)

    def belong(self, samples: Samples, types: Sequence[str]) -> Bool[np.ndarray, " n"]:
        """Return which samples are of some of the protocol's types."""
        return samples.has_type_like(types) if self.like else samples.has_type(types)


# Yu, Tan and Tan, ICPR 2006, with the split of Wu et al., TPAMI 2017: gallery nm-01..04, the rest are probes.
CASIA_B = ViewProtocol(
    {"NM": ("nm-05", "nm-06"), "BG": ("bg-01", "bg-02"), "CL": ("cl-01", "cl-02")},
    ("nm-01", "nm-02", "nm-03", "nm-04"),
)
# Takemura et al., IPSJ 2018: recording 01 is the gallery, 00 the probe, 14 views.
OUMVLP = ViewProtocol({"NM": ("00",)}, ("01",))
# Shen et al., LidarGait, CVPR 2023: attributes within the type; names as the field's tables print them.
SUSTECH1K = ViewProtocol(
    {
        "Normal": ("01-nm",),
        "Bag": ("bg",),
        "Clothing": ("cl",),
        "Carrying": ("cr",),
        "Umberalla": ("ub",),
        "Uniform": ("uf",),
        "Occlusion": ("oc",),
        "Night": ("nt",),
        "Overall": ("01", "02", "03", "04"),
    },
    ("00-nm",),
    like=True,
)
# One gallery of all views and conditions per probe view; confirmed on published numbers for CASIA-B.
CASIA_B_ONE_GALLERY = ViewProtocol(
    {"NM": ("nm-01",), "BG": ("bg-01",), "CL": ("cl-01",)}, ("nm-02", "bg-02", "cl-02")
)


def evaluate_casia_b(samples: Samples, *, cross_view_gallery: bool = False) -> dict[str, float]:
    """Evaluate by CASIA-B's protocol; ``cross_view_gallery`` puts all views into one gallery."""
    if cross_view_gallery:
        return _one_gallery(samples, CASIA_B_ONE_GALLERY)
    return _rank1(samples, CASIA_B)


def evaluate_oumvlp(samples: Samples, *, cross_view_gallery: bool = False) -> dict[str, float]:
    """Evaluate by OU-MVLP's protocol; probes whose person is not in the gallery count as wrong."""
    return _one_gallery(samples, OUMVLP) if cross_view_gallery else _rank1(samples, OUMVLP)


def evaluate_sustech1k(samples: Samples) -> dict[str, float]:
    """Evaluate by SUSTech1K's protocol."""
    return _rank1(samples, SUSTECH1K)


def view_tables(samples: Samples, protocol: ViewProtocol) -> dict[str, Float64[np.ndarray, "v v"]]:
    """Return per condition the rank-1 percentages, probe view x gallery view, views sorted.

    Each cell is rounded to two decimals, as the field's published tables are before they are averaged. A
    cell without probes or without gallery is NaN.
    """
    gallery = protocol.choose(samples, protocol.gallery)
    return {
        condition: rank1_table(protocol.choose(samples, types), gallery, np.unique(samples.views))
        for condition, types in protocol.probes.items()
    }


def rank1_table(probes: Samples, gallery: Samples, views: np.ndarray) -> Float64[np.ndarray, "v v"]:
    """Return the rank-1 percentage of every probe view against every gallery view."""
    table = np.full((len(views), len(views)), np.nan)
    for row, probe_view in enumerate(views):
        asked = probes.where(probes.views == probe_view)
        if len(asked):
            table[row] = _hits(asked, gallery, views)
    return table


def rank1_numbers(tables: Mapping[str, Float64[np.ndarray, "v v"]]) -> dict[str, float]:
    """Return the published numbers of ``view_tables``: per condition the mean without the identical view."""
    return {f"{KEY}/{name}@R1": float(np.mean(off_diagonal(table))) for name, table in tables.items()}


def off_diagonal(table: Float64[np.ndarray, "v v"]) -> Float64[np.ndarray, " v"]:
    """Return per probe view the mean over the other gallery views."""
    if len(table) < 2:
        raise InputError("one view cannot be evaluated across views: pass sequences of two views or more")
    others: np.ndarray = (table.sum(axis=1) - np.diag(table)) / (len(table) - 1)
    return others


def _rank1(samples: Samples, protocol: ViewProtocol) -> dict[str, float]:
    return rank1_numbers(view_tables(samples, protocol))


def _hits(probes: Samples, gallery: Samples, views: np.ndarray) -> np.ndarray:
    """Return per gallery view the percentage of probes whose nearest is the same person."""
    columns = [np.flatnonzero(gallery.views == view) for view in views]
    right = np.zeros(len(views))
    for place, distances in distance_rows(probes.embeddings, gallery.embeddings, probes.metric):
        labels = probes.labels[place]
        for index, column in enumerate(columns):
            if len(column):
                best = column[np.argmin(distances[:, column], axis=1)]
                right[index] += (gallery.labels[best] == labels).sum()
    share = np.round(100 * right / len(probes), 2)
    share[[not len(column) for column in columns]] = np.nan
    return share


def _one_gallery(samples: Samples, protocol: ViewProtocol) -> dict[str, float]:
    """Rank-1 and mAP per probe view against all views, one's own walk in the same view left out."""
    gallery = protocol.choose(samples, protocol.gallery)
    result: dict[str, float] = {}
    for condition, types in protocol.probes.items():
        probes = protocol.choose(samples, types)
        rank1, precision = _per_view(probes, gallery, np.unique(samples.views))
        result[f"{KEY}/{condition}-Rank@1"] = float(np.mean(rank1))
        result[f"{KEY}/{condition}-mAP"] = float(np.mean(precision))
    return result


def _per_view(probes: Samples, gallery: Samples, views: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    numbers = []
    for view in views:
        asked = probes.where(probes.views == view)
        rows = distance_rows(asked.embeddings, gallery.embeddings, asked.metric)
        ranking = rank_mates(rows, asked.labels, gallery.labels, (asked.views, gallery.views))
        numbers.append((ranking.rank(1), ranking.mean_average_precision))
    rank1, precision = np.round(np.array(numbers), 2).T
    return rank1, precision
