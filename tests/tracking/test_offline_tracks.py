import numpy as np
import pytest

from gaitway.errors import ConfigError
from gaitway.results import TrackTable
from gaitway.tracking.offline import find_people, link_tracklets, track_detections
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

    people = find_people(table, 25, (640, 480), appearance=veto)
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
