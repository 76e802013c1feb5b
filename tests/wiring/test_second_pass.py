"""What a video's sightings become at its end."""

import numpy as np
import pytest

from gaitway.pipeline import Sighting
from gaitway.types import Bodies, Detections, Frame, Silhouettes, Tracks
from gaitway.wiring.gait_odds import GaitOdds
from gaitway.wiring.second_pass import SecondPass
from support.fakes import body

SIZE = (320, 200)


def sighting(index, boxes, ids, *, presence=1.0, confidence=0.9, camera=None):
    xyxy = np.array(boxes, np.float32).reshape(-1, 4)
    seen = body(xyxy)
    bodies = Bodies(seen.region_xyxy, seen.masks, seen.keypoints, np.full(len(xyxy), presence, np.float32))
    sure = np.full(len(xyxy), confidence, np.float32)
    tracks = Tracks(xyxy, sure, np.array(ids, np.int64), np.arange(len(xyxy)))
    frame = Frame(np.full((200, 320, 3), 90, np.uint8), index, index / 25)
    found = Detections(xyxy, sure)
    return Sighting(
        frame, tracks, Silhouettes(tracks.track_id, xyxy, bodies), Bodies.empty(), found.confidence, camera
    )


def at(x):
    return [x, 40.0, x + 40.0, 140.0]


def linked(sightings):
    gathered = SecondPass(SIZE)
    for one in sightings:
        gathered.add(one)
    table = gathered.table()
    return table, gathered.link(25.0, gait=GaitOdds(table, no_walk, forbidden, 25.0).against)


def no_walk(track_id, frame_index):
    return np.zeros((0, 64, 64), np.uint8)


def forbidden():
    pytest.fail("an encoder was loaded although there were no walks to compare")


def test_a_gap_is_filled_and_the_filled_boxes_are_marked():
    seen = [f for f in range(40) if not 15 <= f < 25]
    table, people = linked([sighting(f, at(20 + 3.0 * f), [1 if f < 15 else 2]) for f in seen])
    assert len(table) == len(seen)
    assert set(people.track_id) == {1}
    np.testing.assert_array_equal(people.frame_index[people.filled], np.arange(15, 25))


def test_somebody_whom_no_network_sees_is_dropped():
    frames = [sighting(f, at(100), [7], presence=0.1, confidence=0.2) for f in range(20)]
    table, people = linked(frames)
    assert len(table) == 20
    assert len(people) == 0


def test_the_cameras_motion_is_taken_out_of_the_gap():
    step = np.array([[1, 0, 8.0], [0, 1, 0]])
    seen = [f for f in range(30) if not 10 <= f < 20]
    moved = [
        sighting(
            f, at(10 + 8.0 * f if f < 10 or f >= 20 else 0), [1 if f < 10 else 2], camera=step if f else None
        )
        for f in seen
    ]
    between = [sighting(f, np.zeros((0, 4)), [], camera=step) for f in range(10, 20)]
    _, people = linked(sorted(moved + between, key=lambda s: s.frame.index))
    assert set(people.track_id) == {1}
    np.testing.assert_allclose(people.xyxy[:, 0], 10 + 8.0 * np.arange(30), atol=0.5)


def test_nobody_is_an_honest_empty_result():
    table, people = linked([sighting(f, np.zeros((0, 4)), []) for f in range(3)])
    assert len(table) == len(people) == 0


def test_each_kind_of_evidence_can_be_left_out():
    class Veto:
        asked = 0

        def against(self, a, b):
            self.asked += 1
            return float("inf")

    gathered, veto = SecondPass(SIZE), Veto()
    for f in range(40):
        gathered.add(
            sighting(
                f, at(20 + 3.0 * f) if not 15 <= f < 25 else [], [1 if f < 15 else 2] * (not 15 <= f < 25)
            )
        )
    assert set(gathered.link(25.0, by_looks=False).track_id) == {1}
    assert set(gathered.link(25.0, by_looks=False, gait=veto.against).track_id) == {1, 2}
    assert veto.asked == 1
