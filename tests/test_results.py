from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaitway.errors import InputError
from gaitway.results import GalleryEntry, IdentifyResult, TrackTable
from gaitway.types import Candidate, Match
from support.outcomes import outcome, video


def table(ids):
    n = len(ids)
    return TrackTable(
        np.arange(n, dtype=np.int64),
        np.array(ids, np.int64),
        np.arange(4 * n, dtype=np.float32).reshape(n, 4),
        np.linspace(0, 1, n).astype(np.float32),
        np.arange(n) % 2 == 1,
    )


@given(st.lists(st.integers(1, 5), max_size=20), st.integers(1, 6))
def test_a_tracks_rows_are_its_own_and_whole(ids, wanted):
    rows = table(ids)
    track = rows.track(wanted)
    places = [i for i, track_id in enumerate(ids) if track_id == wanted]
    assert len(track) == len(places)
    assert (track.track_id == wanted).all()
    for name in ("frame_index", "xyxy", "confidence", "filled"):
        assert (getattr(track, name) == getattr(rows, name)[places]).all()


@given(st.lists(st.integers(1, 5), max_size=20))
def test_the_tracks_of_a_table_share_it_out(ids):
    rows = table(ids)
    assert sum(len(rows.track(k)) for k in set(ids)) == len(rows) == len(ids)


def test_selecting_by_order_orders_every_column():
    back = table([1, 2, 3]).select(np.array([2, 0], np.int64))
    assert back.track_id.tolist() == [3, 1]
    assert back.xyxy[:, 0].tolist() == [8.0, 0.0]
    assert back.filled.tolist() == [False, False]


def test_columns_of_other_lengths_are_refused():
    """Asked of a bare instance: in tests the annotations' own check would come first."""
    bare = object.__new__(TrackTable)
    columns = {name: getattr(table([1, 2]), name) for name in TrackTable.__dataclass_fields__}
    for name, column in {**columns, "filled": np.zeros(3, bool)}.items():
        object.__setattr__(bare, name, column)
    with pytest.raises(InputError, match=r"lengths \[2, 3\]"):
        bare.__post_init__()


def test_a_summary_is_found_by_its_track():
    assert video("v", [(0, 20), (5, 40)]).summary(2).first_frame == 5


def test_identity_asks_the_gallery_then_the_matches():
    answer = outcome(["anna", "ben"], [video("p", [(0, 50), (0, 60)])], unknown=frozenset({2}))
    assert answer.identity("gallery", 2) == "ben"
    assert answer.identity("p", 1) == "anna"
    assert answer.identity("p", 2) is None
    assert answer.identity("p", 99) is None


def test_tracks_of_the_same_number_in_two_videos_are_two_people():
    one, two = (Match(v, 1, (Candidate(x, 0.1, 0.9),), x, 0.9) for v, x in (("p", "anna"), ("q", "ben")))
    answer = IdentifyResult((), (), (GalleryEntry("carl", "g", 1),), (one, two))
    assert [answer.identity(v, 1) for v in ("p", "q", "g")] == ["anna", "ben", "carl"]
