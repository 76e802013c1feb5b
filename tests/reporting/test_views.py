from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from gaitway.drawing import identity_colours
from gaitway.reporting.charts import css_colour
from gaitway.reporting.views import ReportConfig, ViewBuilder
from support.outcomes import outcome, video

PROBE = video("p", [(0, 120), (10, 230), (100, 105)])
ANSWER = outcome(["anna", "ben"], [PROBE], unknown=frozenset({2}))


def test_a_probes_tracks_carry_their_answers():
    named, unknown, short = ViewBuilder(ANSWER, ReportConfig()).probe(PROBE).tracks
    assert (named.name, named.reason, named.seen) == ("anna", None, "0:00.0–0:04.8")
    assert (unknown.name, unknown.reason) == (None, "no one near enough")
    assert (short.name, short.reason, short.score, short.gei) == (None, "too few frames", None, None)
    assert [c.label for c in unknown.candidates] == ["ben", "anna"]


def test_a_gallery_track_carries_its_label_and_no_score():
    tracks = ViewBuilder(ANSWER, ReportConfig()).gallery(ANSWER.gallery[0]).tracks
    assert [(t.name, t.score, t.reason) for t in tracks] == [("anna", None, None), ("ben", None, None)]


def test_colours_are_those_of_the_videos():
    builder = ViewBuilder(ANSWER, ReportConfig())
    wanted = {label: css_colour(colour) for label, colour in identity_colours(["anna", "ben"]).items()}
    assert {t.name: t.colour for t in builder.gallery(ANSWER.gallery[0]).tracks} == wanted
    probe = builder.probe(PROBE)
    assert probe.tracks[0].colour == wanted["anna"]
    assert {c.label: c.colour for c in probe.tracks[0].candidates} == wanted


@settings(max_examples=20)
@given(st.integers(0, 12), st.integers(1, 40), st.integers(0, 8))
def test_no_more_pictures_are_handed_out_than_allowed(strip, silhouettes, tracks):
    config = ReportConfig(strip=strip, silhouettes=silhouettes, tracks=tracks)
    builder = ViewBuilder(ANSWER, config)
    views = [*builder.probe(PROBE).tracks, *builder.gallery(ANSWER.gallery[0]).tracks]
    assert sum(len(view.strip) for view in views) <= silhouettes
    assert all(len(view.strip) <= strip for view in views)
    assert sum(view.has_card for view in views) == min(tracks, len(views))
    assert not [view for view in views if view.gei and not view.has_card]
