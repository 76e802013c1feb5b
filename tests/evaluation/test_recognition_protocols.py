import json

import numpy as np
import pytest

from gaitway.errors import InputError
from gaitway.evaluation import evaluate
from gaitway.evaluation.protocols.cross_view import CASIA_B, Samples, off_diagonal, view_tables
from support.shared import shared

KEY = "scalar/test_accuracy"


def people(types, views, *, subjects=6, noise=0.1, seed=0, parts=(4, 8)):
    """Return embeddings, labels, types, views of a data set with every subject in every type and view."""
    rng = np.random.default_rng(seed)
    who = rng.standard_normal((subjects, *parts))
    names = [(f"{s:03d}", t, v) for s in range(subjects) for t in types for v in views]
    embeddings = np.stack([who[int(s)] + noise * rng.standard_normal(parts) for s, _, _ in names])
    labels, kinds, places = (np.array(column) for column in zip(*names, strict=True))
    return embeddings.astype(np.float32), labels, kinds, places


CASIA_TYPES = [*(f"nm-0{k}" for k in range(1, 7)), "bg-01", "bg-02", "cl-01", "cl-02"]


class TestFixtures:
    @pytest.mark.parametrize(("name", "protocol"), [("casiab", "casia-b"), ("gait3d_small", "gait3d")])
    def test_equals_the_field(self, name, protocol):
        folder = shared("fixtures/opengait/evaluation")
        arrays = np.load(folder / f"{name}.npz")
        options = {"probe_set": folder / f"{name}_probe_set.json"} if protocol == "gait3d" else {}
        for case in json.loads((folder / f"{name}.json").read_text())["results"].values():
            got = evaluate(
                protocol,
                arrays["embeddings"].transpose(0, 2, 1),
                arrays["labels"],
                arrays["types"],
                arrays["views"],
                **case["args"],
                **options,
            )
            assert list(got) == list(case["result"])
            for key, wanted in case["result"].items():
                assert got[key] == pytest.approx(wanted, abs=1e-4), key

    def test_view_tables_equal_the_field(self):
        folder = shared("fixtures/opengait/evaluation")
        arrays = np.load(folder / "casiab.npz")
        wanted = json.loads((folder / "casiab.json").read_text())["results"]["euc"]["de_diag_calls"]
        parts = arrays["embeddings"].transpose(0, 2, 1)
        tables = view_tables(Samples(parts, arrays["labels"], arrays["types"], arrays["views"]), CASIA_B)
        for table, matrix in zip(tables.values(), wanted, strict=True):
            np.testing.assert_allclose(table, matrix)


class TestCrossView:
    def test_perfect_embeddings_score_100(self):
        got = evaluate("casia-b", *people(CASIA_TYPES, ["000", "090", "180"], noise=0))
        assert got == {f"{KEY}/{name}@R1": 100.0 for name in ("NM", "BG", "CL")}

    def test_the_identical_view_does_not_count(self):
        embeddings, labels, types, views = people(CASIA_TYPES, ["000", "090"], noise=0)
        embeddings = (
            embeddings + 50 * (views == "090")[:, None, None] * (1 + np.arange(len(views)) % 7)[:, None, None]
        )
        plain = evaluate("casia-b", *people(CASIA_TYPES, ["000", "090"], noise=0))
        moved = evaluate("casia-b", embeddings.astype(np.float32), labels, types, views)
        assert moved[f"{KEY}/NM@R1"] < plain[f"{KEY}/NM@R1"]

    def test_cells_are_rounded_before_they_are_averaged(self):
        # Three probes a cell: a third is 33.33 in the published tables, not 33.3333.
        embeddings, labels, types, views = people(["00", "01"], ["000", "015", "030"], subjects=3, noise=0)
        embeddings[(types == "00") & (labels == "001")] *= -1
        embeddings[(types == "00") & (labels == "002")] *= -1
        got = evaluate("oumvlp", embeddings, labels, types, views)[f"{KEY}/NM@R1"]
        assert got == round(got, 2)

    def test_probes_whose_person_is_missing_count_as_wrong(self):
        embeddings, labels, types, views = people(["00", "01"], ["000", "015"], subjects=4, noise=0)
        kept = ~((labels == "002") & (types == "01"))
        got = evaluate("oumvlp", embeddings[kept], labels[kept], types[kept], views[kept])
        assert got == {f"{KEY}/NM@R1": 75.0}

    def test_sustech_finds_attributes_within_the_type(self):
        kinds = ["00-nm", "01-nm", "02-bg", "01-cl", "03-cr", "04-ub", "01-uf", "02-oc", "03-nt", "01-bg-nt"]
        got = evaluate("sustech1k", *people(kinds, ["000", "090"], noise=0))
        assert set(got.values()) == {100.0}
        assert len(got) == 9

    def test_one_view_is_refused(self):
        with pytest.raises(InputError, match="two views"):
            off_diagonal(np.ones((1, 1)))

    def test_missing_types_are_named(self):
        with pytest.raises(InputError, match="types present: 00, 01"):
            evaluate("casia-b", *people(["00", "01"], ["000", "090"]))


class TestStreet:
    def test_gait3d_leaves_probes_without_a_mate_out(self):
        embeddings, labels, types, views = people(["a", "b"], ["x"], subjects=5, noise=0)
        alone = ~((labels == "004") & (types == "b"))
        names = [f"{label}-a-x" for label in np.unique(labels)]
        got = evaluate(
            "gait3d", embeddings[alone], labels[alone], types[alone], views[alone], probe_set=names
        )
        assert set(got.values()) == {100.0}
        assert list(got) == [f"{KEY}/{name}" for name in ("Rank-1", "Rank-5", "Rank-10", "mAP", "mINP")]

    def test_the_probe_set_may_be_the_published_partition(self, tmp_path):
        data = people(["a", "b"], ["x"], subjects=3)
        (tmp_path / "p.json").write_text(json.dumps({"TRAIN_SET": [], "PROBE_SET": ["000-a-x", "001-a-x"]}))
        assert evaluate("gait3d", *data, probe_set=tmp_path / "p.json") == evaluate(
            "gait3d", *data, probe_set=["000-a-x", "001-a-x"]
        )

    @pytest.mark.parametrize("content", ["[", '"x"', None])
    def test_a_probe_set_that_cannot_be_read(self, tmp_path, content):
        if content is not None:
            (tmp_path / "p.json").write_text(content)
        with pytest.raises(InputError, match="probe set"):
            evaluate("gait3d", *people(["a"], ["x"]), probe_set=str(tmp_path / "p.json"))

    def test_a_probe_set_of_other_names(self):
        with pytest.raises(InputError, match="<label>-<type>-<view>"):
            evaluate("gait3d", *people(["a"], ["x"]), probe_set=["nobody"])

    def test_ccpg(self):
        kinds = ["U0_D0", "U0_D0_BG", "U1_D1", "U2_D2", "U3_D3", "U0_D3", "U1_D0"]
        got = evaluate("ccpg", *people(kinds, ["c1_1", "c2_5", "c3_2"], noise=0))
        for condition in ("CL", "UP", "DN", "BG"):
            assert got[f"{KEY}/{condition}"].shape == (3, 3)
            assert got[f"{KEY}/{condition}@R1"] == 100.0
            assert got[f"{KEY}/{condition}-ReID-mAP"] == 100.0

    def test_labelled_grew_counts_strangers_as_wrong(self):
        embeddings, labels, types, views = people(["00", "01"], ["x"], subjects=4, noise=0)
        kept = ~((labels == "001") & (types == "01"))
        got = evaluate("grew-train", embeddings[kept], labels[kept], types[kept], views[kept])
        assert got == {f"{KEY}/Rank-1": 75.0, f"{KEY}/Rank-5": 75.0}


class TestSubmissions:
    def test_grew_lists_the_people_of_the_twenty_nearest_sequences(self, tmp_path):
        gallery = people(["01", "02"], ["v"], subjects=30, noise=0.01)
        probe = (
            gallery[0][[0, 2]],
            np.array(["p", "p"]),
            np.array(["03", "03"]),
            np.array(["clip1", "clip2"]),
        )
        data = [np.concatenate(pair) for pair in zip(gallery, probe, strict=True)]
        got = evaluate("grew", *data, out=tmp_path / "grew.csv")
        assert (tmp_path / "grew.csv").read_text() == got["csv"]
        header, first, second = got["csv"].splitlines()
        assert header.startswith("videoId,rank1,rank2,")
        assert header.endswith("rank20")
        assert first.split(",")[:3] == ["clip1", "0", "0"]  # both sequences of person 000: people repeat
        assert second.split(",")[:3] == ["clip2", "1", "1"]
        assert len(first.split(",")) == 21

    @pytest.mark.parametrize("rerank", [False, True])
    def test_hid_names_the_nearest(self, rerank):
        gallery = people(["a", "b"], ["v"], subjects=8, noise=0.05)
        probe = (
            gallery[0][::2],
            np.repeat("probe", 8),
            np.array([f"vid{k}" for k in range(8)]),
            np.repeat("v", 8),
        )
        data = [np.concatenate(pair) for pair in zip(gallery, probe, strict=True)]
        rows = evaluate("hid", *data, rerank=rerank)["rows"]
        assert rows == [[f"vid{k}", f"{k:03d}"] for k in range(8)]


class TestErrors:
    def test_unknown_protocol(self):
        with pytest.raises(InputError, match="casia-b, oumvlp"):
            evaluate("market", *people(["a"], ["x"]))

    @pytest.mark.parametrize("name", ["OU-MVLP", "oumvlp", "OU_MVLP"])
    def test_names_are_read_as_people_write_them(self, name):
        assert evaluate(name, *people(["00", "01"], ["x", "y"], noise=0)) == {f"{KEY}/NM@R1": 100.0}

    def test_unknown_option(self):
        with pytest.raises(InputError, match="unknown probe; it takes cross_view_gallery"):
            evaluate("oumvlp", *people(["00", "01"], ["x", "y"]), probe=3)

    def test_missing_option(self):
        with pytest.raises(InputError, match="missing probe_set"):
            evaluate("gait3d", *people(["a"], ["x"]))

    def test_unknown_metric(self):
        with pytest.raises(InputError, match="euc, cos"):
            evaluate("oumvlp", *people(["00", "01"], ["x", "y"]), metric="l1")

    def test_lengths_must_agree(self):
        embeddings, labels, types, views = people(["00", "01"], ["x", "y"])
        with pytest.raises(InputError, match="pass one each"):
            evaluate("oumvlp", embeddings, labels[:-1].tolist(), types.tolist(), views.tolist())
