"""Evaluated a few rows at a time, every protocol gives what it gives at once."""

import json
import tracemalloc

import numpy as np
import pytest

from gaitway.errors import InputError
from gaitway.evaluation import evaluate, ranking, summarise, verification
from gaitway.evaluation.full_report import full_report
from gaitway.evaluation.protocols import Samples
from gaitway.evaluation.recognition import PROTOCOLS

TYPES = {
    "casia-b": ["nm-01", "nm-02", "nm-05", "bg-01", "bg-02", "cl-01", "cl-02"],
    "oumvlp": ["00", "01"],
    "sustech1k": [
        "00-nm",
        "01-nm",
        "02-bg",
        "01-cl",
        "01-cr",
        "01-ub",
        "01-uf",
        "01-oc",
        "01-nt",
        "03-nm",
        "04-nm",
    ],
    "ccpg": ["U0_D0_BG", "U0_D0", "U1_D1", "U2_D2", "U3_D3", "U0_D3", "U1_D0"],
    "gait3d": ["camid0", "camid1", "camid2"],
    "grew-train": ["00", "01"],
    "grew": ["01", "02", "03"],
    "hid": ["1", "2"],
}
PROBES = [f"{n:03d}-camid0-{v}" for n in range(12) for v in ("00_0", "01_0")]
OPTIONS = [(name, {}) for name in PROTOCOLS if name != "gait3d"] + [
    ("casia-b", {"cross_view_gallery": True}),
    ("oumvlp", {"cross_view_gallery": True}),
    ("hid", {"rerank": True}),
    *[("gait3d", {"probe_set": PROBES, "rerank": again}) for again in (False, True)],
    ("grew", {"rerank": True}),
    ("grew-train", {"rerank": True}),
]


def samples(protocol, metric):
    rng = np.random.default_rng(0)
    rows = [
        (f"{n:03d}", kind, view)
        for n in range(12)
        for kind in TYPES[protocol]
        for view in ("00_0", "01_0", "02_0")
        if rng.random() < 0.9
    ]
    if protocol == "hid":
        rows += [("probe", f"clip{n}", "x") for n in range(9)]
    labels, types, views = (np.array(column) for column in zip(*rows, strict=True))
    who = rng.standard_normal((13, 2, 5))
    own = who[[12 if p == "probe" else int(p) for p in labels]]
    noisy = own + 0.8 * rng.standard_normal(own.shape)
    return Samples(noisy.astype(np.float32), labels, types, views, metric)


def run(protocol, walks, options):
    return evaluate(
        protocol, walks.embeddings, walks.labels, walks.types, walks.views, walks.metric, **options
    )


@pytest.mark.parametrize("metric", ["euc", "cos"])
@pytest.mark.parametrize(("protocol", "options"), OPTIONS, ids=lambda v: str(v)[:30])
def test_every_protocol(protocol, options, metric, monkeypatch):
    walks = samples(protocol, metric)
    whole = run(protocol, walks, options)
    monkeypatch.setattr(ranking, "ROW_VALUES", 700)  # three to ten rows at a time
    for name, value in run(protocol, walks, options).items():
        if isinstance(whole[name], str | list):
            assert value == whole[name]
        else:
            np.testing.assert_allclose(value, whole[name], rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("protocol", "options"), [o for o in OPTIONS if o[0] not in {"grew", "hid"}], ids=lambda v: str(v)[:30]
)
def test_every_report(protocol, options, monkeypatch):
    walks = samples(protocol, "euc")
    whole = json.loads(full_report("x", protocol, walks, **options).as_json())
    monkeypatch.setattr(ranking, "ROW_VALUES", 700)
    assert json.loads(full_report("x", protocol, walks, **options).as_json()) == whole
    conditions = {"ccpg": ["CL", "UP", "DN", "BG"]}.get(protocol, ["Overall"])
    assert list(whole["summaries"])[: len(conditions)] == conditions


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_embeddings_that_are_no_numbers_are_refused(value):
    walks = samples("oumvlp", "euc")
    broken = walks.embeddings.copy()
    broken[7, 1, 2] = value
    with pytest.raises(InputError, match="not finite"):
        evaluate("oumvlp", broken, walks.labels, walks.types, walks.views)


def test_re_ranking_changes_the_answers():
    walks = samples("gait3d", "euc")
    plain, again = (run("gait3d", walks, {"probe_set": PROBES, "rerank": r}) for r in (False, True))
    assert set(plain) == set(again)
    assert plain != again
    report = full_report("x", "gait3d", walks, probe_set=PROBES, rerank=True)
    assert report.summaries["Overall"].numbers["mAP"].mean == pytest.approx(again["scalar/test_accuracy/mAP"])


def test_very_many_genuine_pairs_are_counted_instead_of_kept(monkeypatch):
    walks = samples("casia-b", "euc")
    exact = summarise(walks, walks).pairs
    monkeypatch.setattr(verification, "GENUINE_KEPT", 50)
    monkeypatch.setattr(ranking, "ROW_VALUES", 700)
    counted = summarise(walks, walks).pairs
    assert counted.genuine_counts.sum() == exact.genuine_counts.sum()
    assert len(counted.genuine) <= verification.BINS
    assert counted.equal_error_rate() == pytest.approx(exact.equal_error_rate(), abs=0.05)
    for threshold in np.linspace(0.5, 4, 6):
        assert counted.fnmr(threshold) == pytest.approx(exact.fnmr(threshold), abs=0.1)


def test_memory_does_not_grow_with_the_pairs(monkeypatch):
    """Ten times the pairs: the peak stays near the block's size, the matrix would be 36 MB."""
    monkeypatch.setattr(ranking, "ROW_VALUES", 1 << 17)
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 300, 3000).astype(str)
    walks = Samples(rng.standard_normal((3000, 2, 4)).astype(np.float32), labels, labels, labels)
    tracemalloc.start()
    summarise(walks, walks)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 24e6
