"""Looks against exchanged ids, on generated films."""

import numpy as np
import pytest

from gaitway.errors import InputError
from gaitway.results import TrackTable
from gaitway.tracking.appearance import AppearanceConfig, AppearanceOdds
from gaitway.tracking.looks import Looks
from gaitway.tracking.offline import NO_HINTS, Hints, find_people
from support.exchanges import RATE, SIZE_WH, crossing, exchanged, meeting, side_by_side

FILM = crossing(6)  # there motion alone is fooled
MEETING = meeting(FILM)


def hints_of(exchange):
    odds = AppearanceOdds(exchange.table, exchange.looks, RATE)
    return Hints(odds.against, odds.changes())


@pytest.fixture(scope="module")
def swapped():
    return exchanged(FILM, MEETING)


@pytest.fixture(scope="module")
def right():
    return exchanged(FILM, None)


def test_ids_exchanged_where_two_cross_are_put_right_by_looks_not_by_motion_alone(swapped):
    assert swapped.purity(swapped.table.track_id) < 0.6
    blind = find_people(swapped.table, RATE, SIZE_WH, hints=NO_HINTS)
    assert swapped.purity(blind) < 0.6
    people = find_people(swapped.table, RATE, SIZE_WH, hints=hints_of(swapped))
    assert swapped.purity(people) > 0.98  # a frame off, where one lies on the other
    assert set(people) == {1, 2}


@pytest.mark.slow
@pytest.mark.parametrize(("make", "seed"), [(crossing, 2), (crossing, 3), (side_by_side, 0)])
def test_other_people_other_places(make, seed):
    exchange = exchanged(make(seed), meeting(make(seed)))
    people = find_people(exchange.table, RATE, SIZE_WH, hints=hints_of(exchange))
    assert exchange.purity(people) > 0.98
    assert set(people) == {1, 2}


def test_who_keeps_the_own_id_is_left_alone(right):
    hints = hints_of(right)
    assert not len(hints.changes)
    people = find_people(right.table, RATE, SIZE_WH, hints=hints)
    assert right.purity(people) == 1.0
    assert set(people) == {1, 2}


def test_the_change_is_where_the_two_lie_on_each_other(swapped):
    rows = hints_of(swapped).changes
    assert sorted(swapped.table.track_id[rows]) == [1, 2]
    assert (abs(swapped.table.frame_index[rows] - MEETING) <= 2).all()


@pytest.mark.parametrize("has_flash", [False, True])
def test_where_looks_leave_it_open_who_goes_on_changed_when_the_others_track_ended(swapped, has_flash):
    last = MEETING + 1
    table, colours = swapped.table, swapped.looks.colours.copy()
    colours[abs(table.frame_index - MEETING) < 4] = 0  # nothing is known round the meeting
    kept = (table.track_id == 1) | (table.frame_index <= last)
    table, colours, proportions = table.select(kept), colours[kept], swapped.looks.proportions[kept]
    if has_flash:  # a box of nobody followed, that lies on the one who goes on, is no track's end
        at = np.append(
            np.arange(len(table)), np.flatnonzero((table.track_id == 1) & (table.frame_index == MEETING - 1))
        )
        table, colours, proportions = table.select(at), colours[at], proportions[at]
        table.track_id[-1], colours[-1] = 3, 0
    rows = AppearanceOdds(table, Looks(colours, proportions), RATE).changes()
    assert table.track_id[rows].tolist() == [1]
    assert table.frame_index[rows].tolist() == [last + 1]


def test_one_person_looks_alike_and_another_does_not(right):
    odds = AppearanceOdds(right.table, right.looks, RATE)
    config = AppearanceConfig()
    frame, actor = right.table.frame_index, right.actor
    before, after = [
        [np.flatnonzero((actor == who) & side) for who in (0, 1)]
        for side in (frame < MEETING - 6, frame > MEETING + 6)
    ]
    for who in (0, 1):
        assert odds.against(before[who], after[who]) < 0
        assert odds.against(before[who], after[1 - who]) > 2
        assert -config.favour <= odds.against(before[who], after[who])
        assert odds.against(before[who], after[1 - who]) <= config.against


def test_without_looks_nothing_is_said(swapped):
    rows = len(swapped.table)
    unknown = Looks(np.zeros((rows, 6, 6), np.uint8), np.full((rows, 3), np.nan, np.float32))
    odds = AppearanceOdds(swapped.table, unknown, RATE)
    assert not len(odds.changes())
    assert odds.against(np.arange(20), np.arange(30, 50)) == 0
    empty = np.zeros(rows, bool)
    nobody = AppearanceOdds(
        swapped.table.select(empty), Looks(unknown.colours[empty], unknown.proportions[empty]), RATE
    )
    assert not len(nobody.changes())


def test_bodies_of_other_proportions_speak_against_one_person(right):
    rows = len(right.table)
    grey = np.full((rows, 6, 6), 42, np.uint8)

    def odds(difference):
        body = np.zeros((rows, 3), np.float32)
        body[right.actor == 1] = difference
        table = right.table
        same = np.flatnonzero((right.actor == 0) & (table.frame_index < 20))
        other = np.flatnonzero((right.actor == 1) & (table.frame_index > 40))
        return AppearanceOdds(table, Looks(grey, body), RATE).against(same, other)

    assert odds(0.3) > odds(0.0) + 1


def test_looks_of_another_table_are_refused(right):
    with pytest.raises(InputError, match="wanted one each"):
        AppearanceOdds(right.table, Looks(np.zeros((1, 6, 6), np.uint8), np.zeros((1, 3), np.float32)), RATE)


def test_who_takes_over_is_told_by_looks_before_being_seen_beside_anybody():
    frame = np.concatenate([np.arange(60), np.arange(34, 60)])
    track = np.repeat([1, 2], [60, 26])
    xyxy = np.where(track[:, None] == 1, [100, 50, 130, 150], [120, 50, 150, 150]).astype(np.float32)
    table = TrackTable(frame, track, xyxy, np.ones(86, np.float32), np.zeros(86, bool))
    colours = np.zeros((86, 6, 6), np.uint8)
    colours[np.arange(86), :, np.where((track == 1) & (frame < 25), 1, 4)] = 250
    rows = AppearanceOdds(table, Looks(colours, np.full((86, 3), np.nan, np.float32)), RATE).changes()
    assert (table.track_id[rows].tolist(), table.frame_index[rows].tolist()) == ([1], [25])
