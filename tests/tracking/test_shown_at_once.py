import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gaitway.tracking.online import OnlineConfig, OnlineTracker


def stream(seed, frames=60):
    """Walkers who come and go at any time, boxes that flicker, and false ones."""
    rng = np.random.default_rng(seed)
    people = [
        (*rng.uniform(0, 400, 2), *rng.normal(0, 3, 2), *sorted(rng.integers(0, frames, 2))) for _ in range(6)
    ]
    for t in range(frames):
        seen = [p for p in people if p[4] <= t <= p[5] and rng.random() < 0.9]
        xy = np.array([[p[0] + p[2] * t, p[1] + p[3] * t] for p in seen]).reshape(-1, 2)
        xy = np.concatenate([xy, rng.uniform(0, 400, (int(rng.random() < 0.3), 2))])
        yield np.concatenate([xy, xy + np.array([30, 80])], axis=1), rng.uniform(0.3, 1, len(xy))


def rows_of(seed, **options):
    """Return each track's (frame, detection) rows."""
    tracker, rows = OnlineTracker(OnlineConfig(**options)), {}
    for t, (boxes, scores) in enumerate(stream(seed)):
        tracks = tracker.update(boxes, scores)
        for track, detection in zip(tracks.track_id.tolist(), tracks.detection_index.tolist(), strict=True):
            rows.setdefault(track, []).append((t, detection))
    return list(rows.values())


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1))
def test_shown_at_once_tracks_are_the_same_and_a_frame_longer(seed):
    plain = {tuple(rows) for rows in rows_of(seed)}
    shown = rows_of(seed, show_at_once=True)
    longer = {tuple(rows) for rows in shown if len(rows) > 1}
    assert {rows[rows[0][0] > 0 :] for rows in longer} == {
        rows for rows in plain if rows[0][0] or len(rows) > 1
    }
    assert all(rows[1][0] == rows[0][0] + 1 for rows in longer if rows[0][0])


def test_a_false_alarm_of_one_frame_is_shown_once_and_takes_an_id_of_its_own():
    tracker = OnlineTracker(OnlineConfig(show_at_once=True))
    box, empty = np.array([[10.0, 10, 40, 90]]), np.zeros((0, 4))
    far = box + 300
    tracker.update(box, np.array([0.9]))
    first = tracker.update(np.concatenate([box, far]), np.array([0.9, 0.9]))
    assert first.track_id.tolist() == [1, 2]
    assert tracker.update(box, np.array([0.9])).track_id.tolist() == [1]
    again = tracker.update(np.concatenate([box, far]), np.array([0.9, 0.9]))
    assert again.track_id.tolist() == [1, 3]
    assert tracker.update(empty, np.zeros(0)).track_id.tolist() == []
