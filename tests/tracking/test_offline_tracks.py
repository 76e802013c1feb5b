import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaitway.errors import ConfigError, InputError
from gaitway.results import TrackTable
from gaitway.tracking.offline import Hints, find_people, link_tracklets, track_detections
from support import bytetrack_fixtures as fixtures
from support.crowd import SCENES, generate

WALK = np.array([[100.0, 100, 140, 200]])


def walker(frame, speed=4.0, start=0.0):
    return WALK + np.array([start + speed * frame, 0, start + speed * frame, 0])


def table_of(rows):
    frame, track, boxes = (np.array(column) for column in zip(*rows, strict=True))
    return TrackTable(
        frame.astype(np.int64),
        track.astype(np.int64),
        boxes.astype(np.float32),
        np.full(len(frame), 0.9, np.float32),
        np.zeros(len(frame), bool),
    )


def test_a_walker_lost_behind_something_stays_one_person_and_the_gap_is_filled():
    rows = [(f, 1, walker(f)[0]) for f in range(30)] + [(f, 2, walker(f)[0]) for f in range(50, 80)]
    linked = link_tracklets(table_of(rows), 25, (640, 480))
    assert set(linked.track_id) == {1}
    np.testing.assert_array_equal(linked.frame_index, np.arange(80))
    np.testing.assert_array_equal(linked.filled, (np.arange(80) >= 30) & (np.arange(80) < 50))
    np.testing.assert_allclose(linked.xyxy, np.concatenate([walker(f) for f in range(80)]), atol=1e-3)


def test_appearance_can_forbid_a_link_and_is_given_rows_of_the_table():
    rows = [(f, 1, walker(f)[0]) for f in range(30)] + [(f, 2, walker(f)[0]) for f in range(50, 80)]
    table = table_of(rows[::-1])
    asked = []

    def veto(a, b):
        asked.append((set(table.track_id[a]), set(table.track_id[b])))
        return float("inf")

    people = find_people(table, 25, (640, 480), hints=Hints(against=veto))
    assert asked == [({1}, {2})]
    np.testing.assert_array_equal(people, table.track_id)


def test_two_who_swapped_ids_while_crossing_are_parted_where_they_met():
    rows = []
    for f in range(60):
        right, left = walker(f, 4.0), walker(f, -4.0, start=240.0)
        first, second = (1, 2) if f < 30 else (2, 1)  # the tracker mixed them up
        rows += [(f, first, right[0]), (f, second, left[0])]
    linked = link_tracklets(table_of(rows), 25, (640, 480))
    for person in (1, 2):
        x = linked.track(person).xyxy[:, 0]
        assert (np.diff(x) > 0).all() or (np.diff(x) < 0).all()


def test_two_people_far_apart_are_never_joined():
    rows = [(f, 1, walker(f)[0]) for f in range(30)] + [
        (f, 2, walker(f, start=400)[0]) for f in range(32, 60)
    ]
    assert set(find_people(table_of(rows), 25, (640, 480))) == {1, 2}


@pytest.mark.parametrize("mode", ["online", "offline"])
def test_no_person_is_twice_in_a_frame_and_empty_streams_are_fine(mode):
    stream = generate(SCENES["visits"])
    rows = track_detections(stream.frames, stream.frame_rate, mode, (1280, 720))
    assert len(rows)
    assert len(np.unique(rows[:, :2], axis=0)) == len(rows)
    assert (rows[:, 4:6] >= 0).all()
    assert set(np.unique(rows[:, 7])) == {0.0, 1.0}
    nobody = [(np.zeros((0, 4), np.float32), np.zeros(0, np.float32))] * 5
    assert track_detections(nobody, 25, mode).shape == (0, 8)
    assert track_detections([], 25, mode).shape == (0, 8)


def test_an_unknown_mode_is_refused():
    with pytest.raises(ConfigError, match="wanted 'online' or 'offline'"):
        track_detections([], 25, "backwards")


@pytest.mark.shared
def test_image_size_is_optional():
    frames = fixtures.frames("s01_basic5")
    rows = track_detections(frames, 30, "offline")
    assert len(np.unique(rows[:, 1])) == 5


@st.composite
def tables(draw):
    """Tracks of a few boxes each, with gaps, anywhere; a track at most once a frame."""
    places = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 4)), unique=True, min_size=1, max_size=40)
    rows = []
    for frame, track in draw(places):
        x, y = draw(st.tuples(st.integers(0, 500), st.integers(0, 300)))
        rows.append((frame, track, np.array([x, y, x + 40.0, y + 100.0])))
    return table_of(rows)


@given(table=tables(), seed=st.integers(0, 9))
@settings(max_examples=60, deadline=None)
def test_linking_keeps_every_box_once_and_ignores_the_order_of_rows(table, seed):
    linked = link_tracklets(table, 25, (640, 480))
    pairs = np.stack([linked.frame_index, linked.track_id], axis=1)
    assert len(np.unique(pairs, axis=0)) == len(pairs)
    seen = linked.select(~linked.filled)
    assert sorted(map(tuple, seen.xyxy.tolist())) == sorted(map(tuple, table.xyxy.tolist()))
    order = np.random.default_rng(seed).permutation(len(table))
    shuffled = find_people(table.select(order), 25, (640, 480))
    names = {}
    for a, b in zip(find_people(table, 25, (640, 480))[order], shuffled, strict=True):
        assert names.setdefault(a, b) == b


def test_an_empty_table_stays_empty_and_a_doubled_row_is_refused():
    row = (0, 1, walker(0)[0])
    nobody = table_of([row]).select(np.zeros(1, bool))
    assert len(link_tracklets(nobody, 25, (640, 480))) == 0
    with pytest.raises(InputError, match="twice in one frame"):
        link_tracklets(table_of([row, row]), 25, (640, 480))


def test_detections_that_do_not_fit_are_one_clear_error():
    bad = [(np.array([[0, 0, np.nan, 5]], np.float32), np.array([0.9], np.float32))]
    for mode in ("online", "offline"):
        with pytest.raises(InputError, match="not finite"):
            track_detections(bad, 25, mode)


def test_a_steady_walk_is_smoothed_without_bias():
    rng = np.random.default_rng(0)
    truth = np.concatenate([walker(f) for f in range(80)])
    noisy = (truth + rng.normal(0, 2.5, truth.shape)).astype(np.float32)
    frames = [(box[None], np.array([0.9], np.float32)) for box in noisy]
    rows = track_detections(frames, 25, "offline", (640, 480))
    corners = np.concatenate([rows[:, 2:4], rows[:, 2:4] + rows[:, 4:6]], axis=1)
    error = corners - truth
    assert error.std() < 0.8 * (noisy - truth).std()
    assert abs(error.mean()) < 0.5


def test_a_track_in_which_nobody_is_seen_is_dropped_where_the_presence_is_known():
    ghost = np.array([400.0, 100, 440, 200])
    rows = [(f, 1, walker(f)[0]) for f in range(30)] + [(f, 2, ghost) for f in range(10, 30)]
    rows += [(f, 3, ghost + 120) for f in range(3)]  # a fragment
    table = table_of(rows)
    table = TrackTable(
        table.frame_index,
        table.track_id,
        table.xyxy,
        np.where(table.track_id == 2, np.float32(0.2), np.float32(0.9)),
        table.filled,
    )
    presence = np.where(table.track_id == 2, np.float32(0.05), np.float32(0.99))
    assert set(link_tracklets(table, 25, (640, 480)).track_id) == {1, 2, 3}
    left = link_tracklets(table, 25, (640, 480), hints=Hints(presence=presence))
    np.testing.assert_array_equal(left.xyxy, table.track(1).xyxy)
    surely_found = Hints(presence=np.where(table.track_id == 1, np.float32(0.05), np.float32(0.99)))
    assert set(link_tracklets(table, 25, (640, 480), hints=surely_found).track_id) == {1, 2}
    nobody = Hints(presence=np.zeros(len(table), np.float32))
    doubtful = TrackTable(table.frame_index, table.track_id, table.xyxy, presence * 0, table.filled)
    assert len(link_tracklets(doubtful, 25, (640, 480), hints=nobody)) == 0


@pytest.mark.parametrize("seed", [None, 5])
def test_boxes_in_which_nobody_is_believed_keep_no_track_from_going_on(seed):
    rows = [(f, 1, walker(f)[0]) for f in range(30)]
    rows += [(f, 1, np.array([300.0, 300, 340, 400])) for f in range(30, 40)]  # left behind on something
    rows += [(f, 2, walker(f)[0]) for f in range(33, 60)]
    table = table_of(rows)
    presence = np.where((table.track_id == 1) & (table.frame_index >= 30), 0.1, 0.9).astype(np.float32)
    order = np.random.default_rng(seed).permutation(len(rows)) if seed else np.arange(len(rows))
    sure = TrackTable(
        *(part[order] for part in (table.frame_index, table.track_id, table.xyxy, presence, table.filled))
    )
    believed = find_people(sure, 25, (640, 480), hints=Hints(presence=presence[order]))
    seen = sure.confidence > 0.5
    assert set(believed[seen]) == {1}
    twice = np.stack([sure.frame_index, believed])
    assert np.unique(twice, axis=1).shape[1] == len(rows)
    assert set(find_people(sure, 25, (640, 480))[seen]) == {1, 2}


def test_what_never_moves_must_be_believed_more_than_who_walks():
    spot = np.array([400.0, 100, 440, 200])
    rows = [(f, 1, walker(f)[0]) for f in range(60)] + [(f, 2, spot + f % 2) for f in range(60)]
    table = table_of(rows)
    doubted = TrackTable(
        table.frame_index, table.track_id, table.xyxy, np.full(len(table), 0.2, np.float32), table.filled
    )
    for doubtful, left in ((20, {1}), (12, {1, 2})):  # in so many frames nobody is believed
        presence = np.where(table.frame_index < doubtful, 0.1, 0.9).astype(np.float32)
        linked = link_tracklets(doubted, 25, (640, 480), hints=Hints(presence=presence))
        assert set(linked.track_id) == left


def test_of_a_walker_taken_for_background_from_some_time_on_the_walk_stays():
    rows = [(f, 1, walker(f)[0]) for f in range(40)] + [(f, 1, walker(40)[0]) for f in range(40, 100)]
    table = table_of(rows)
    belief = np.where(table.frame_index < 40, 0.9, 0.2).astype(np.float32)
    table = TrackTable(table.frame_index, table.track_id, table.xyxy, belief, table.filled)
    linked = link_tracklets(table, 25, (640, 480), hints=Hints(presence=belief))
    assert sorted(linked.frame_index.tolist()) == list(range(40))


def test_who_is_seen_in_few_of_the_frames_between_is_dropped_where_the_presence_is_known():
    spot = np.array([400.0, 100, 440, 200])
    rows = [(f, 1, walker(f)[0]) for f in range(90)] + [(f, 2, spot) for f in range(0, 90, 8)]
    table = table_of(rows)
    sure = Hints(presence=np.ones(len(table), np.float32))
    assert set(link_tracklets(table, 25, (640, 480)).track_id) == {1, 2}
    np.testing.assert_array_equal(link_tracklets(table, 25, (640, 480), hints=sure).xyxy, table.track(1).xyxy)


def test_a_walker_hidden_while_the_camera_swings_is_found_where_the_camera_went():
    pan = 60 * np.sin(np.arange(80) / 6)[:, None] * np.array([[1.0, 0.2]])
    moved = [walker(f, 1.5)[0] + np.tile(pan[f], 2) for f in range(80)]
    table = table_of([(f, 1 if f < 30 else 2, moved[f]) for f in range(80) if not 30 <= f < 45])
    linked = link_tracklets(table, 25, (640, 480), hints=Hints(camera_xy=pan))
    assert set(linked.track_id) == {1}
    np.testing.assert_allclose(linked.xyxy, np.array(moved), atol=1.0)
    np.testing.assert_array_equal(linked.filled, (np.arange(80) >= 30) & (np.arange(80) < 45))


def test_nobody_vanishes_where_somebody_appears_unless_looks_are_sure_of_it():
    table = table_of([(f, 1, walker(f)[0]) for f in range(60)])
    for nats, people in ((4.5, {1}), (5.5, {1, 2})):
        hints = Hints(lambda *_, nats=nats: nats, changes=np.array([30]))
        assert set(find_people(table, 25, (640, 480), hints=hints)) == people


def test_a_disturbed_stretch_goes_back_to_whom_it_came_from():
    table = table_of([(f, 1, walker(f)[0]) for f in range(90)])

    def against(a, b):
        differs = [30 <= table.frame_index[rows].mean() < 60 for rows in (a, b)]
        return 6.0 if differs[0] != differs[1] else -1.0

    hints = Hints(against, np.array([30, 60]))
    assert set(find_people(table, 25, (640, 480), hints=hints)) == {1}
    apart = Hints(lambda *_: 6.0, np.array([30]))
    assert set(find_people(table, 25, (640, 480), hints=apart)) == {1, 2}


@pytest.mark.parametrize("mirrored", [False, True])
def test_who_comes_in_where_somebody_left_a_second_ago_is_somebody_else(mirrored):
    out = [(f, 1, walker(f)[0]) for f in range(60)]
    back = [
        (f, 1, walker(105 - f)[0] - np.array([0, 30, 0, 30])) for f in range(65, 105)
    ]  # so the tracker says
    cut = [(f, t, np.minimum(box, (300, 240, 300, 240))) for f, t, box in out + back]
    rows = [(f, t, box) for f, t, box in cut if box[2] - box[0] > 4]
    if mirrored:
        rows = [(f, t, np.array([300 - box[2], box[1], 300 - box[0], box[3]])) for f, t, box in rows]
    frame = np.array([f for f, _, _ in rows])
    people = find_people(table_of(rows), 25, (300, 240))
    assert (people == np.where(frame < 60, 1, 2)).all()


def test_who_is_missed_for_a_moment_at_the_border_stays_one_person():
    rows = [(f, 1, walker(0, start=-100)[0]) for f in range(60) if f % 20 > 7]
    assert (find_people(table_of(rows), 25, (300, 240)) == 1).all()
