import json

import numpy as np
import pytest

from gaitway.evaluation.bootstrap import Interval
from gaitway.evaluation.protocols import Samples
from gaitway.evaluation.summary import SummaryConfig, by_group, summarise


def sides(noise, *, strangers=0, subjects=12, seed=0):
    rng = np.random.default_rng(seed)
    who = rng.standard_normal((subjects + strangers, 3, 6))

    def walk(count, each, view):
        labels = np.repeat(np.arange(count), each)
        parts = (who[labels] + noise * rng.standard_normal((len(labels), 3, 6))).astype(np.float32)
        return Samples(parts, labels.astype(str), np.repeat("nm", len(labels)), np.repeat(view, len(labels)))

    return walk(subjects + strangers, 4, "a"), walk(subjects, 3, "b")


class TestSummary:
    def test_perfect_walks(self):
        numbers = summarise(*sides(0.0)).numbers
        assert numbers["Rank-1"] == Interval(100.0, 100.0, 100.0)
        assert numbers["EER"] == pytest.approx(0.0)
        assert numbers["FNIR@FPIR=1%"] == pytest.approx(0.0)

    def test_noise_costs_everywhere(self):
        clean, noisy = (summarise(*sides(noise)).numbers for noise in (0.2, 2.0))
        assert noisy["Rank-1"].mean < clean["Rank-1"].mean
        assert noisy["EER"] > clean["EER"]
        assert noisy["FNIR@FPIR=10%"] > clean["FNIR@FPIR=10%"]

    def test_real_strangers_are_used_where_there_are_any(self):
        probes, gallery = sides(0.2, strangers=5)
        summary = summarise(probes, gallery)
        assert (~summary.open_set.mated).sum() == 20
        assert len(summary.ranking.first) == 48

    def test_strangers_are_made_where_there_are_none(self):
        summary = summarise(*sides(0.2), SummaryConfig(strangers=0.25))
        assert (~summary.open_set.mated).sum() == 3 * 4

    def test_is_json(self):
        text = json.dumps(summarise(*sides(0.5)).as_json())
        assert len(json.loads(text)["Rank-5"]) == 3

    def test_the_own_view_is_left_out_everywhere(self):
        probes, gallery = sides(0.0)
        twins = Samples(probes.embeddings, probes.labels, probes.types, np.repeat("a", len(probes)))
        rng = np.random.default_rng(0)
        far = gallery.embeddings + 3 * rng.standard_normal(gallery.embeddings.shape).astype(np.float32)
        both = Samples(
            np.concatenate([twins.embeddings, far]),
            *(np.concatenate([getattr(twins, k), getattr(gallery, k)]) for k in ("labels", "types", "views")),
        )
        kept, left_out = (
            summarise(probes, both, SummaryConfig(exclude_view=e)).numbers for e in (False, True)
        )
        assert kept["Rank-1"].mean == 100.0
        assert left_out["Rank-1"].mean < 60
        assert left_out["EER"] > kept["EER"]
        assert left_out["FNIR@FPIR=10%"] > kept["FNIR@FPIR=10%"]


class TestGroups:
    def test_groups_weigh_up_to_the_whole(self):
        probes, gallery = sides(1.0)
        groups = np.arange(len(probes)) % 2
        summary = summarise(probes, gallery)
        parts = by_group(summary.ranking, probes.labels, groups)
        whole = summary.numbers["Rank-1"].mean
        assert list(parts) == ["0", "1"]
        assert np.mean([part["Rank-1"].mean for part in parts.values()]) == pytest.approx(whole)

    def test_a_group_without_mates_is_left_out(self):
        probes, gallery = sides(0.5, strangers=2)
        groups = np.isin(probes.labels, gallery.labels)
        ranking = summarise(probes, gallery).ranking
        assert list(by_group(ranking, probes.labels, groups)) == ["True"]
