"""Every protocol beside its definition written out in loops, on data sets with sequences missing."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaitway.evaluation import evaluate

KEY = "scalar/test_accuracy"
VIEWS = ("000", "090", "180")
SUSTECH = {
    "Normal": ("01-nm",),
    "Bag": ("bg",),
    "Clothing": ("cl",),
    "Carrying": ("cr",),
    "Umberalla": ("ub",),
    "Uniform": ("uf",),
    "Occlusion": ("oc",),
    "Night": ("nt",),
    "Overall": ("01", "02", "03", "04"),
}
SUSTECH_TYPES = ("00-nm", "01-nm", "02-bg", "03-cl", "04-cr", "01-ub", "02-uf", "01-oc", "01-bg-nt", "02-nm")
CCPG = {
    "CL": (("U0_D0_BG", "U0_D0"), ("U1_D1", "U2_D2", "U3_D3")),
    "UP": (("U3_D3",), ("U0_D3",)),
    "DN": (("U1_D0",), ("U1_D1",)),
    "BG": (("U0_D0_BG",), ("U0_D0",)),
}
CCPG_TYPES = ("U0_D0_BG", "U0_D0", "U1_D1", "U2_D2", "U3_D3", "U0_D3", "U1_D0")
seeds = st.integers(0, 10_000)


def walks(types, seed, *, views=VIEWS, people=5, kept=0.85):
    """Return what ``evaluate`` takes, in random order, some sequences missing, nobody's view empty."""
    rng = np.random.default_rng(seed)
    who = rng.standard_normal((people, 2, 4))
    rows = [
        row
        for row in product(range(people), types, views)
        if row[0] == people - 1 or rng.random() < kept  # the last person keeps every cell filled
    ]
    rows = [rows[k] for k in rng.permutation(len(rows))]
    embeddings = np.stack([who[person] + 0.7 * rng.standard_normal((2, 4)) for person, _, _ in rows])
    columns = zip(*((f"{person:03d}", kind, view) for person, kind, view in rows), strict=True)
    return embeddings.astype(np.float32), *(np.array(column) for column in columns)


def apart(data, i, j, metric):
    """Return the mean over parts of the distance of two sequences."""
    total = 0.0
    for a, b in zip(data[0][i].astype(float), data[0][j].astype(float), strict=True):
        cosine = a @ b / np.sqrt((a @ a) * (b @ b))
        total += np.sqrt(((a - b) ** 2).sum()) if metric == "euc" else 1 - cosine
    return total / len(data[0][i])


def matrix(data, metric):
    count = len(data[1])
    return np.array([[apart(data, i, j, metric) for j in range(count)] for i in range(count)])


def view_to_view(data, distances, probes, gallery, views):
    """Rank-1 of every probe view in every gallery view, the identical one left out."""
    _, labels, _, places = data
    means = []
    for own in views:
        cells = []
        for other in views:
            if other == own:
                continue
            asked = [i for i in probes if places[i] == own]
            held = [j for j in gallery if places[j] == other]
            right = [labels[min(held, key=lambda j, i=i: distances[i, j])] == labels[i] for i in asked]
            cells.append(round(100 * sum(right) / len(right), 2))
        means.append(sum(cells) / len(cells))
    return sum(means) / len(means)


def re_identification(data, distances, probes, gallery):
    """Rank-1, mAP and mINP of probes that have an answer; one's own walk in one's own view is none."""
    _, labels, _, places = data
    first, precision, penalty = [], [], []
    for i in probes:
        held = [j for j in gallery if not (labels[j] == labels[i] and places[j] == places[i])]
        order = sorted(held, key=lambda j, i=i: distances[i, j])
        ranks = [rank for rank, j in enumerate(order, 1) if labels[j] == labels[i]]
        if ranks:
            first.append(ranks[0] == 1)
            precision.append(np.mean([k / rank for k, rank in enumerate(ranks, 1)]))
            penalty.append(len(ranks) / ranks[-1])
    return tuple(100 * float(np.mean(values)) for values in (first, precision, penalty))


def of(data, wanted):
    return [i for i, kind in enumerate(data[2]) if wanted(str(kind))]


@settings(max_examples=8, deadline=None)
@given(seed=seeds, metric=st.sampled_from(["euc", "cos"]))
def test_oumvlp_with_sequences_missing(seed, metric):
    data = walks(("00", "01"), seed, people=7)
    far = matrix(data, metric)
    wanted = view_to_view(data, far, of(data, "00".__eq__), of(data, "01".__eq__), VIEWS)
    assert evaluate("oumvlp", *data, metric=metric) == {f"{KEY}/NM@R1": pytest.approx(wanted, abs=1e-4)}


@settings(max_examples=5, deadline=None)
@given(seed=seeds, metric=st.sampled_from(["euc", "cos"]))
def test_one_gallery_of_all_views(seed, metric):
    data = walks(("00", "01"), seed, people=7)
    far = matrix(data, metric)
    gallery = of(data, "01".__eq__)
    per_view = [
        re_identification(data, far, [i for i in of(data, "00".__eq__) if data[3][i] == view], gallery)
        for view in VIEWS
    ]
    got = evaluate("oumvlp", *data, metric=metric, cross_view_gallery=True)
    for place, name in enumerate(("Rank@1", "mAP")):
        wanted = np.mean([round(numbers[place], 2) for numbers in per_view])
        assert got[f"{KEY}/NM-{name}"] == pytest.approx(wanted, abs=1e-4)


@settings(max_examples=4, deadline=None)
@given(seed=seeds)
def test_sustech1k_s_attributes_overlap(seed):
    data = walks(SUSTECH_TYPES, seed, people=3)
    far = matrix(data, "euc")
    gallery = of(data, lambda kind: "00-nm" in kind)
    got = evaluate("sustech1k", *data)
    assert list(got) == [f"{KEY}/{name}@R1" for name in SUSTECH]
    for name, pieces in SUSTECH.items():
        probes = of(data, lambda kind, pieces=pieces: any(piece in kind for piece in pieces))
        wanted = view_to_view(data, far, probes, gallery, VIEWS)
        assert got[f"{KEY}/{name}@R1"] == pytest.approx(wanted, abs=1e-4), name


@settings(max_examples=4, deadline=None)
@given(seed=seeds)
def test_ccpg_s_conditions(seed):
    views = ("c1_2", "c1_9", "c2_1", "c3_4")  # a camera's name is what stands before the first "_"
    data = walks(CCPG_TYPES, seed, views=views, people=4)
    far = matrix(data, "euc")
    short = (*data[:3], np.array([view.split("_")[0] for view in data[3]]))
    got = evaluate("ccpg", *data)
    for name, (asked, held) in CCPG.items():
        probes, gallery = (of(data, lambda kind, some=some: kind in some) for some in (asked, held))
        wanted = view_to_view(short, far, probes, gallery, ("c1", "c2", "c3"))
        assert got[f"{KEY}/{name}@R1"] == pytest.approx(wanted, abs=1e-4)
        numbers = re_identification(short, far, probes, gallery)
        for key, number in zip(("Rank@1", "mAP", "mINP"), numbers, strict=True):
            assert got[f"{KEY}/{name}-ReID-{key}"] == pytest.approx(number, abs=1e-4)


@settings(max_examples=6, deadline=None)
@given(seed=seeds, metric=st.sampled_from(["euc", "cos"]))
def test_gait3d_s_views_do_not_matter(seed, metric):
    data = walks(("camid0", "camid1", "camid2"), seed, views=("v0", "v1"), people=6, kept=0.6)
    probes = [i for i in of(data, "camid0".__eq__) if data[3][i] == "v0"]
    gallery = [j for j in range(len(data[1])) if j not in probes]
    no_view = (*data[:3], np.arange(len(data[1])))
    names = [f"{data[1][i]}-{data[2][i]}-{data[3][i]}" for i in probes]
    rank1, precision, penalty = re_identification(no_view, matrix(data, metric), probes, gallery)
    got = evaluate("gait3d", *data, metric=metric, probe_set=names)
    wanted = {"Rank-1": rank1, "mAP": precision, "mINP": penalty}
    assert {name: got[f"{KEY}/{name}"] for name in wanted} == pytest.approx(wanted, abs=1e-4)


@settings(max_examples=5, deadline=None)
@given(seed=seeds)
def test_grew_s_sheet(seed):
    data = walks(("01", "02", "03"), seed, views=("a", "b"), people=6)
    names = np.array([f"clip{k}" if kind == "03" else "x" for k, kind in enumerate(data[2])])
    far = matrix(data, "euc")
    probes, gallery = of(data, "03".__eq__), of(data, {"01", "02"}.__contains__)
    rows = evaluate("grew", data[0], data[1], data[2], names)["rows"]
    for i, row in zip(probes, rows, strict=True):
        order = sorted(gallery, key=lambda j, i=i: far[i, j])[:20]
        assert row == [names[i], *(str(int(data[1][j])) for j in order)]


@settings(max_examples=5, deadline=None)
@given(seed=seeds, protocol=st.sampled_from(["oumvlp", "sustech1k"]))
def test_neither_the_order_nor_the_names_matter(seed, protocol):
    data = walks(("00", "01") if protocol == "oumvlp" else SUSTECH_TYPES, seed, people=4)
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(data[1]))
    renamed = np.array([f"person {10 - int(label)}" for label in data[1]])
    shuffled = [column[order] for column in (data[0], renamed, data[2], data[3])]
    assert evaluate(protocol, *shuffled) == evaluate(protocol, *data)


def test_a_view_without_probes_is_no_number():
    embeddings, labels, types, views = walks(("00", "01"), 0, kept=1.0)
    kept = ~((types == "00") & (views == "090"))
    got = evaluate("oumvlp", embeddings[kept], labels[kept], types[kept], views[kept])
    assert np.isnan(got[f"{KEY}/NM@R1"])  # not a mean over what happens to be there
