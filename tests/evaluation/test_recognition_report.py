import csv
import io
import json
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from gaitway.evaluation.charts import cmc_chart, det_chart
from gaitway.evaluation.protocols import Samples
from gaitway.evaluation.recognition_report import MOST_POINTS, RecognitionReport, _thin
from gaitway.evaluation.summary import by_group, summarise


@pytest.fixture(scope="module")
def report():
    rng = np.random.default_rng(0)
    who = rng.standard_normal((8, 2, 4))
    labels = np.repeat(np.arange(8), 6)
    views = np.tile(np.array(["000", "090", "180"]), 16)

    def side(seed):
        noise = np.random.default_rng(seed).standard_normal((48, 2, 4))
        return Samples((who[labels] + noise).astype(np.float32), labels.astype(str), views, views)

    probes, gallery = side(1), side(2)
    summary = summarise(probes, gallery)
    table = by_group(summary.ranking, probes.labels, probes.views)
    matrix = (["000", "<b>"], np.array([[100.0, 50.0], [np.nan, 25.0]]))
    return RecognitionReport(
        "a & b", {"NM@R1": 96.0}, {"Overall": summary}, {"By view": table}, {"NM": matrix}
    )


class TestFiles:
    def test_json_holds_every_number_and_no_nan(self, report):
        content = json.loads(report.as_json())
        assert content["protocol"] == {"NM@R1": 96.0}
        assert len(content["summaries"]["Overall"]["Rank-1"]) == 3
        assert content["matrices"]["NM"]["rank1"] == [[100.0, 50.0], [None, 25.0]]
        assert list(content["tables"]["By view"]) == ["000", "090", "180"]

    def test_csv_reads_back(self, report):
        rows = list(csv.DictReader(io.StringIO(report.as_csv())))
        rank1 = next(row for row in rows if row["table"] == "summary" and row["name"] == "Rank-1")
        wanted = report.summaries["Overall"].numbers["Rank-1"]
        assert [float(rank1[key]) for key in ("value", "low", "high")] == [
            wanted.mean,
            wanted.low,
            wanted.high,
        ]
        assert sum(row["table"] == "NM" for row in rows) == 4

    def test_the_page_needs_nothing_and_escapes_names(self, report):
        page = report.as_html()
        assert "http" not in page.replace("http://www.w3.org/2000/svg", "")
        assert "a &amp; b" in page
        assert "<b>" not in page
        assert page.count("<svg") == 3

    def test_a_report_of_the_protocol_alone(self):
        report = RecognitionReport("x", {"NM@R1": 96.0})
        assert report.charts() == []
        assert "96.00" in report.as_html()
        assert json.loads(report.as_json())["summaries"] == {}


class TestCharts:
    def test_charts_are_well_formed(self, report):
        for svg in report.charts():
            assert ET.fromstring(svg).tag.endswith("svg")  # noqa: S314 - our own text

    def test_a_better_curve_lies_higher(self):
        def heights(svg):
            line = ET.fromstring(svg).find("{http://www.w3.org/2000/svg}polyline")  # noqa: S314
            return [float(point.split(",")[1]) for point in line.get("points").split()]

        better = heights(cmc_chart([("x", np.array([80.0, 90, 100]))]))
        assert better == sorted(better, reverse=True)  # y points down

    def test_det_axes_hold_all_rates(self):
        svg = det_chart([("x", np.array([0.0, 50, 100]), np.array([100.0, 50, 0]))], "t", ("a", "b"))
        line = ET.fromstring(svg).find("{http://www.w3.org/2000/svg}polyline")  # noqa: S314
        for point in line.get("points").split():
            x, y = map(float, point.split(","))
            assert 0 <= x <= 420
            assert 0 <= y <= 300

    def test_thinning_keeps_the_ends_and_the_shape(self):
        x = np.linspace(0, 100, 100_000)
        y = 100 - x
        _, thin_x, thin_y = _thin("x", x, y)
        assert len(thin_x) <= MOST_POINTS + 4
        assert (thin_x[0], thin_x[-1]) == (0, 100)
        np.testing.assert_allclose(np.interp(50.0, thin_x, thin_y), 50, atol=1)
