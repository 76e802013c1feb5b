from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaitway.reporting.charts import Span, clock, heat_map, visible_spans
from gaitway.results import TrackTable
from gaitway.types import Candidate, Match
from support.outcomes import outcome, video


def seen(frames):
    n = len(frames)
    return TrackTable(
        np.array(frames, np.int64),
        np.ones(n, np.int64),
        np.zeros((n, 4), np.float32),
        np.ones(n, np.float32),
        np.zeros(n, bool),
    )


@given(st.sets(st.integers(0, 300)))
def test_spans_cover_exactly_the_frames_seen(frames):
    spans = visible_spans(seen(sorted(frames)), 301)
    assert {f for span in spans for f in range(span.start, span.end)} == frames
    assert all(a.end < b.start for a, b in itertools.pairwise(spans))


def test_gaps_too_short_to_be_seen_are_closed():
    frames = [f for f in range(100_000) if f % 100]
    assert visible_spans(seen(frames), 100_000) == (Span(1, 100_000),)


def test_a_heat_map_has_every_distance_and_marks_the_decision():
    answer = outcome(
        ["anna", "ben", "carl"], [video("p", [(0, 50), (0, 60), (1, 4)])], unknown=frozenset({2})
    )
    heat = heat_map([m for m in answer.matches if m.video == "p"], ["anna", "ben", "carl"], 10, 10)
    assert [row[0] for row in heat.rows] == [1, 2]  # the third was never compared
    first, second = (row[1] for row in heat.rows)
    assert [cell.text for cell in first] == ["0.413", "0.523", "0.633"]
    assert [cell.is_decision for cell in first] == [True, False, False]
    assert not any(cell.is_decision for cell in second)
    brightness = [int(cell.background[1:3], 16) for cell in first]
    assert brightness == sorted(brightness)  # near is dark


def test_a_heat_map_counts_what_it_leaves_out():
    answer = outcome([str(i) for i in range(9)], [video("p", [(0, 50)] * 8)])
    heat = heat_map(answer.matches, [str(i) for i in range(9)], 5, 4)
    assert (len(heat.rows), heat.hidden_rows, len(heat.columns), heat.hidden_columns) == (5, 3, 4, 5)


def test_one_single_distance_and_a_missing_one_are_shown():
    match = Match("p", 1, (Candidate("anna", 0.5, 0.5),))
    (row,) = heat_map([match], ["anna", "ben"], 5, 5).rows
    assert row[1][0].text == "0.500"
    assert row[1][1] is None


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00.0"), (9.96, "0:10.0"), (59.97, "1:00.0"), (3725.04, "62:05.0")]
)
def test_clock(seconds, text):
    assert clock(float(seconds)) == text
