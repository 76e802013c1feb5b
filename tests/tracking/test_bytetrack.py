from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaitway.errors import ConfigError, InputError
from gaitway.tracking.bytetrack import ByteTracker
from support import bytetrack_fixtures as fixtures
from support.crowd import SCENES, generate
from support.plain_bytetrack import PlainByteTrack

CASES = [(sequence, run) for sequence, runs in fixtures.GIVEN for run in runs]


def follow(sequence, run):
    """Return what the compatible tracker says: frame, id, tlwh, score of every row, and counts per frame."""
    args = fixtures.arguments(sequence, run)
    tracker = ByteTracker(
        args["track_thresh"],
        args["track_buffer"],
        args["match_thresh"],
        args["frame_rate"],
        mot20=args["mot20"],
        compat=True,
    )
    rows, counts = [], []
    for number, (xyxy, scores) in enumerate(fixtures.frames(sequence), 1):
        if len(xyxy) or not args["skip_empty"]:
            tracks = tracker.update(xyxy, scores)
            tlwh = tracks.xyxy - np.pad(tracks.xyxy[:, :2], ((0, 0), (2, 0)))
            rows.append(
                np.column_stack([np.full(len(tracks), number), tracks.track_id, tlwh, tracks.confidence])
            )
        counts.append(tracker.counts)
    return np.concatenate(rows), np.array(counts)


@pytest.mark.shared
@pytest.mark.parametrize(("sequence", "run"), CASES)
def test_compat_equals_the_published_code(sequence, run):
    rows, counts = follow(sequence, run)
    expected = fixtures.expected(sequence, run)
    np.testing.assert_array_equal(rows[:, 0], expected["frame"])
    np.testing.assert_array_equal(rows[:, 1], expected["id"])
    np.testing.assert_allclose(rows[:, 2:6], expected["tlwh"], atol=1e-3, rtol=0)
    np.testing.assert_allclose(rows[:, 6], expected["score"], atol=1e-7, rtol=0)
    np.testing.assert_array_equal(counts, expected["counts"])


@pytest.mark.parametrize("compat", [False, True])
def test_bad_detections_are_one_clear_error(compat):
    tracker = ByteTracker(compat=compat)
    box, score = np.array([[0, 0, 10, 20]], np.float32), np.array([0.9], np.float32)
    for xyxy, scores in (
        (box * np.nan, score),
        (np.array([[0, 0, np.inf, 20]], np.float32), score),
        (box[:, [2, 1, 0, 3]], score),
        (box, score * 2),
        (box, score * np.nan),
    ):
        with pytest.raises(InputError):
            tracker.update(xyxy, scores)


@pytest.mark.parametrize(
    "wrong", [{"track_threshold": 1.5}, {"match_threshold": -1}, {"frame_rate": 0}, {"track_buffer": -1}]
)
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(ConfigError):
        ByteTracker(**wrong)


def follow_stream(tracker, frames):
    return [tracker.update(*frame) for frame in frames]


@pytest.mark.parametrize("scene", ["visits", "doubles", "erratic", "blackout", "crowd"])
def test_compat_equals_its_slow_twin(scene):
    frames = generate(replace(SCENES[scene], frames=60, seed=3)).frames
    twin, tracker = PlainByteTrack(), ByteTracker(compat=True)
    for xyxy, scores in frames:
        plain = np.array(twin.update(xyxy, scores)).reshape(-1, 7)
        tracks = tracker.update(xyxy, scores)
        np.testing.assert_array_equal(tracks.track_id, plain[:, 0])
        np.testing.assert_allclose(tracks.xyxy, plain[:, 1:5], atol=1e-3)
        np.testing.assert_array_equal(tracks.detection_index, plain[:, 6])
        assert tracker.counts == (len(twin.tracked), len(twin.lost))


@st.composite
def streams(draw):
    """A few frames of boxes with area, any float dtype."""
    dtype = draw(st.sampled_from([np.float16, np.float32, np.float64]))
    box = st.tuples(st.integers(0, 300), st.integers(0, 300), st.integers(1, 90), st.integers(1, 180))
    frames = []
    for rows in draw(st.lists(st.lists(st.tuples(box, st.integers(0, 20)), max_size=6), max_size=8)):
        boxes = np.array([(x, y, x + w, y + h) for (x, y, w, h), _ in rows], dtype).reshape(-1, 4)
        frames.append((boxes, np.array([score / 20 for _, score in rows], dtype)))
    return frames


@pytest.mark.parametrize("compat", [False, True])
@given(frames=streams())
@settings(max_examples=30, deadline=None)
def test_each_detection_joins_at_most_one_track(compat, frames):
    for (xyxy, _), tracks in zip(frames, follow_stream(ByteTracker(compat=compat), frames), strict=True):
        index = tracks.detection_index
        assert len(np.unique(index)) == len(index)
        assert ((index >= 0) & (index < len(xyxy))).all()
        assert (tracks.track_id >= 1).all()


@given(frames=streams(), seed=st.integers(0, 99))
@settings(max_examples=15, deadline=None)
def test_ids_do_not_depend_on_other_instances(frames, seed):
    first = follow_stream(ByteTracker(), frames)
    second = follow_stream(ByteTracker(), frames)
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a.track_id, b.track_id)


@pytest.mark.parametrize("compat", [False, True])
def test_the_order_of_detections_does_not_matter(compat):
    frames = generate(replace(SCENES["street"], frames=60, seed=5)).frames
    rng = np.random.default_rng(0)
    shuffled = [
        (xyxy[order], scores[order]) for xyxy, scores in frames for order in [rng.permutation(len(scores))]
    ]
    # New tracks are numbered in the order given, so only who is whom is compared: box by box.
    names = {}
    for a, b in zip(
        follow_stream(ByteTracker(compat=compat), frames),
        follow_stream(ByteTracker(compat=compat), shuffled),
        strict=True,
    ):
        first = {tuple(box): int(i) for box, i in zip(a.xyxy.round(3), a.track_id, strict=True)}
        second = {tuple(box): int(i) for box, i in zip(b.xyxy.round(3), b.track_id, strict=True)}
        assert first.keys() == second.keys()
        for box, track in first.items():
            assert names.setdefault(track, second[box]) == second[box]


def walker(frame, x=100.0):
    return np.array([[x + 3 * frame, 100, x + 3 * frame + 50, 230]], np.float32)


HIGH, NOBODY = np.array([0.9], np.float32), (np.zeros((0, 4), np.float32), np.zeros(0, np.float32))


@pytest.mark.parametrize(("frame_rate", "gap", "ids"), [(30, 28, {1}), (30, 40, {1, 2}), (60, 50, {1})])
def test_the_buffer_is_a_time_and_the_clock_runs_on_empty_frames(frame_rate, gap, ids):
    tracker = ByteTracker(frame_rate=frame_rate)
    still = walker(0)
    seen = [tracker.update(still, HIGH) for _ in range(10)]
    for _ in range(gap):
        assert len(tracker.update(*NOBODY)) == 0
    seen += [tracker.update(still, HIGH) for _ in range(3)]
    assert {int(i) for tracks in seen for i in tracks.track_id} == ids


def test_by_default_ids_count_shown_tracks_and_no_zombie_returns():
    tracker = ByteTracker(track_buffer=6)
    for frame in range(5):
        tracker.update(walker(frame), HIGH)
    flash = np.concatenate([walker(5), [[400, 100, 450, 230]]]).astype(np.float32)
    tracker.update(flash, np.array([0.9, 0.95], np.float32))  # seen once: takes no id
    for frame in range(6, 9):
        second = np.concatenate([walker(frame), walker(frame, 600)])
        tracks = tracker.update(second, np.array([0.9, 0.9], np.float32))
    assert tracks.track_id.tolist() == [1, 2]
    for _ in range(8):
        tracker.update(*NOBODY)
    assert tracker.counts == (0, 0)


def test_a_score_at_the_threshold_is_high_by_default_and_dropped_in_compat():
    score = np.array([0.5], np.float32)
    for compat, count in ((False, 1), (True, 0)):
        tracker = ByteTracker(compat=compat)
        tracker.update(walker(0), HIGH)
        assert len(tracker.update(walker(1), score)) == count


def test_a_double_of_a_seen_person_begins_no_track():
    tracker = ByteTracker()
    for frame in range(20):
        double = np.concatenate([walker(frame), walker(frame) + np.array([3, 2, -2, 4], np.float32)])
        tracks = tracker.update(double, np.array([0.9, 0.8], np.float32))
    assert tracks.track_id.tolist() == [1]


def test_boxes_without_area_are_ignored():
    tracker = ByteTracker()
    flat = np.array([[10, 10, 10, 90], [100, 100, 150, 230]], np.float32)
    tracks = tracker.update(flat, np.array([0.9, 0.9], np.float32))
    assert tracks.detection_index.tolist() == [1]


def test_more_people_than_the_table_first_holds():
    boxes = np.array(
        [[x, y, x + 20, y + 50] for x in range(0, 900, 30) for y in range(0, 600, 60)], np.float32
    )
    scores = np.full(len(boxes), 0.9, np.float32)
    for compat in (False, True):
        tracker = ByteTracker(compat=compat)
        for _ in range(3):
            tracks = tracker.update(boxes, scores)
        np.testing.assert_array_equal(np.sort(tracks.track_id), np.arange(1, len(boxes) + 1))
