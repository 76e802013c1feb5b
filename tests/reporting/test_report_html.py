from __future__ import annotations

import itertools
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaitway.errors import StoreError
from gaitway.reporting.report_html import OutputVideo, render_report, write_report
from gaitway.reporting.views import ReportConfig
from gaitway.results import IdentifyResult
from gaitway.types import Candidate, Match
from support.outcomes import outcome, video

VOID = {"meta", "img", "br", "rect"}
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }}",
    "' onmouseover='x",
    "</style><b>",
]
RUN = {
    "pack": "builtin",
    "versions": {"gaitway": "0.1.0"},
    "config": {"tracking": {"buffer_s": 1.0}},
    "models": {},
}


class Page(HTMLParser):
    """Every tag with its attributes and the text; fails on tags that do not nest."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.open, self.words = [], [], []
        self.feed(html)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, text):
        if "style" not in self.open:
            self.words.append(text)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())

    def all(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]


ANSWER = outcome(
    ["anna", "ben"],
    [video("p1", [(0, 120), (10, 230), (100, 105)], warnings=("3 corrupt packets",)), video("p2", [])],
    unknown=frozenset({2}),
    failures={"x.mp4": "is text: give a video"},
)
PAGE = Page(render_report(ANSWER, RUN, videos=[OutputVideo("anna on p1", "G-g_P-p1.mp4")]))


def test_the_answer_comes_first_and_is_complete():
    assert "2 identities from 1 gallery video, 3 tracks in 2 probe videos: 1 named, 2 unknown" in PAGE.text
    answer = PAGE.text.split("Who is who")[1].split("Videos")[0]
    assert "anna 0.82 p1 #1 0:00.0–0:04.8, 120 silhouettes" in answer
    assert "no one near enough; nearest is ben with 0.80" in answer
    assert "too few frames" in answer


def test_failures_and_warnings_are_named():
    assert "1 input failed x.mp4 : is text: give a video" in PAGE.text
    assert "Warnings p1 : 3 corrupt packets" in PAGE.text


def test_every_part_is_there():
    for part in (
        "Who is visible when",
        "Distances",
        "Probes, track by track",
        "Gallery",
        "How this was made",
    ):
        assert part in PAGE.text
    assert "gaitway 0.1.0" in PAGE.text
    assert "tracking.buffer_s 1.0" in PAGE.text
    assert "Nobody was found in this video (240 frames)" in PAGE.text


def assert_self_contained(html):
    """No script, no handler, no address of elsewhere."""
    page = Page(html)
    assert not page.all("script")
    assert not page.all("link")
    assert not page.all("iframe")
    for tag, attrs in page.tags:
        assert not [name for name in attrs if name.startswith("on")], tag
        for name in ("src", "href", "poster"):
            if name in attrs:
                assert attrs[name].startswith(("data:image/", "./", "#")), attrs[name]
    assert not re.search(r"(https?:)?//\w", re.sub(r'base64,[^"]*', "", html))
    assert "url(" not in html
    return page


def test_nothing_is_fetched_and_nothing_runs():
    answer = outcome(["anna"], [video("p", [(0, 90)])])
    page = assert_self_contained(render_report(answer, RUN, videos=[OutputVideo("p", "p.mp4")]))
    (policy,) = [a["content"] for a in page.all("meta") if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_stay_text_everywhere(name):
    answer = outcome([name], [video(name, [(0, 90)], warnings=(name,))], failures={name: name})
    html = render_report(answer, {name: {name: name}, "x": name}, videos=[OutputVideo(name, name)])
    page = assert_self_contained(html)
    assert " ".join(name.split()) in page.text


@settings(max_examples=25)
@given(st.text(min_size=1, max_size=20))
def test_any_name_gives_a_whole_page(name):
    answer = outcome([name], [video(name, [(0, 12)])], failures={name: name})
    html = render_report(answer, {name: name}, videos=[OutputVideo(name, f"javascript:{name}")])
    html.encode("utf-8")
    assert_self_contained(html)


def test_pictures_have_words_and_the_page_a_language_and_title():
    assert all("alt" in image for image in PAGE.all("img"))
    assert [a["alt"] for a in PAGE.all("img") if a["alt"]]
    assert all(a["role"] == "img" and a["aria-label"] for a in PAGE.all("svg"))
    assert PAGE.all("html") == [{"lang": "en"}]
    assert all("tabindex" in a and "aria-label" in a for a in PAGE.all("div") if a.get("class") == "wide")
    levels = [int(tag[1]) for tag, _ in PAGE.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


def test_an_identity_has_one_colour_on_the_whole_page():
    fills = {a["aria-label"].split(",")[0]: set() for a in PAGE.all("svg")}
    name = None
    for tag, attrs in PAGE.tags:
        if tag == "svg":
            name = attrs["aria-label"].split(",")[0]
        elif tag == "rect":
            fills[name].add(attrs["fill"])
    assert fills == {"anna": {"#e69f00"}, "ben": {"#56b4e9"}, "unknown": {"#9e9e9e"}}


def test_nobody_anywhere_is_a_page_too():
    page = Page(render_report(outcome([], []), {}))
    assert "Nobody was found in the probe videos" in page.text


def test_fifty_tracks_stay_under_3_megabytes():
    probes = [video("p", [(3 * i, 3 * i + 80) for i in range(50)])]
    html = render_report(outcome([f"g{k}" for k in range(20)], probes), RUN)
    assert len(html) < 3e6
    assert html.count("<article") == 70


def test_limits_hold_and_say_so():
    config = ReportConfig(
        strip=4, silhouettes=12, tracks=4, candidates=1, matrix_rows=2, matrix_columns=2, timeline_rows=3
    )
    html = render_report(outcome(["a", "b", "c"], [video("p", [(0, 90)] * 6)]), RUN, config=config)
    page = Page(html)
    assert html.count("<article") == 4
    assert sum(a["alt"] == "" for a in page.all("img")) == 12  # three a track
    for line in ("2 more tracks: see results.json", "3 more tracks are in", "2 more in results.json"):
        assert line in page.text
    assert "4 more tracks and 1 more identity are in results.json" in page.text


def test_a_decision_that_is_not_the_nearest_is_shown_and_explained():
    ranked = tuple(Candidate(f"g{k}", 0.1 * k, 0.9 - 0.1 * k) for k in range(1, 9))
    match = Match("p", 1, ranked, "g8", 0.1)
    answer = IdentifyResult((), (video("p", [(0, 50)]),), (), (match,))
    text = Page(render_report(answer, {})).text
    assert "decided together" in text
    assert "g8 ✓" in text
    assert "2 more in results.json" in text
    assert "decided together" not in PAGE.text


def test_links_are_relative_and_encoded():
    page = Page(
        render_report(
            outcome([], []),
            {},
            videos=[OutputVideo("t", 'G-a b_P-ü"#?%.mp4', np.zeros((9, 16, 3), np.uint8))],
        )
    )
    (player,) = page.all("video")
    assert player["src"] == "./G-a%20b_P-%C3%BC%22%23%3F%25.mp4"
    assert player["poster"].startswith("data:image/jpeg;base64,")


def test_the_file_is_written_whole_or_one_line_says_why(tmp_path):
    write_report(tmp_path / "report.html", ANSWER, RUN)
    assert (tmp_path / "report.html").read_text("utf-8").rstrip().endswith("</html>")
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot write"):
        write_report(tmp_path / "file" / "report.html", ANSWER, RUN)
