import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaitway.detection.tiles import TileConfig, TileSchedule, cut_tile, plan_tiles
from gaitway.errors import ConfigError

NOBODY = np.zeros((0, 4), np.float32)


def seen_whole_at_a_good_size(tiles, box):
    height = box[3] - box[1]
    side = tiles[:, 2] - tiles[:, 0]
    fits = (side >= 1.2 * height) & (side <= 3.1 * height)
    slack = 0.1 * side
    inside = (tiles[:, 0] - slack <= box[0]) & (tiles[:, 1] - slack <= box[1])
    inside &= (tiles[:, 2] + slack >= box[2]) & (tiles[:, 3] + slack >= box[3])
    return (fits & inside).any()


@given(
    st.sampled_from([(854, 480), (480, 854), (1920, 1080), (3840, 2160), (480, 360), (720, 720)]),
    st.floats(0.1, 0.75),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_every_person_is_whole_in_a_tile_of_its_size(size_wh, share, right, down):
    height = max(share * min(size_wh), 40)
    x, y = right * (size_wh[0] - 0.4 * height), down * (size_wh[1] - height)
    box = np.array([x, y, x + 0.4 * height, y + height])
    assert seen_whole_at_a_good_size(plan_tiles(size_wh, TileConfig()), box)


def test_the_number_of_tiles_does_not_grow_with_resolution():
    counts = {len(plan_tiles((16 * k, 9 * k), TileConfig())) for k in (60, 80, 120, 240)}
    assert len(counts) == 1


@pytest.mark.parametrize("size_wh", [(1, 1), (30, 400), (4000, 20)])
def test_odd_pictures_have_tiles_too(size_wh):
    tiles = plan_tiles(size_wh, TileConfig())
    assert len(tiles) > 0
    assert (tiles[:, 2] > tiles[:, 0]).all()


def test_every_tile_gets_its_turn_even_with_people_in_view():
    schedule = TileSchedule((640, 480), TileConfig())
    people = np.array([[100, 200, 140, 300]], np.float32)
    seen = np.zeros(len(schedule.tiles_xyxy), int)
    for _ in range(8 * len(seen) // 4):
        seen[schedule.take(4, people, NOBODY)] += 1
    assert seen.min() > 0


def test_tiles_for_people_like_those_seen_come_round_more_often():
    schedule = TileSchedule((640, 480), TileConfig())
    people = np.array([[100, 200, 140, 300]], np.float32)
    seen = np.zeros(len(schedule.tiles_xyxy), int)
    for _ in range(200):
        seen[schedule.take(4, people, NOBODY)] += 1
    side = schedule.tiles_xyxy[:, 2] - schedule.tiles_xyxy[:, 0]
    alike = np.abs(np.log(side / 200)) < 0.2
    assert seen[alike].mean() > 2 * seen[~alike].mean()


def test_where_somebody_was_lost_is_looked_at_next():
    schedule = TileSchedule((640, 480), TileConfig())
    for _ in range(30):
        schedule.take(4, NOBODY, NOBODY)
    lost = np.array([[300, 200, 340, 300]], np.float32)
    tiles = schedule.tiles_xyxy[schedule.take(2, NOBODY, lost)]
    middle = np.array([320, 250])
    assert ((tiles[:, :2] < middle) & (tiles[:, 2:] > middle)).all()


def test_where_something_moves_is_looked_at_sooner():
    moving = np.array([[300, 200, 340, 300]], np.float32)
    looks = np.zeros(2)
    for k, places in enumerate((NOBODY, moving)):
        schedule = TileSchedule((640, 480), TileConfig())
        for _ in range(60):
            tiles = schedule.tiles_xyxy[schedule.take(4, NOBODY, NOBODY, places)]
            looks[k] += ((tiles[:, :2] < (320, 250)) & (tiles[:, 2:] > (320, 250))).all(axis=1).sum()
    assert looks[1] > 1.5 * looks[0]


def test_large_tiles_come_round_more_often_as_large_people_cross_the_picture_sooner():
    schedule = TileSchedule((640, 480), TileConfig())
    side = schedule.tiles_xyxy[:, 2] - schedule.tiles_xyxy[:, 0]
    looks = np.zeros(len(side), int)
    for _ in range(300):
        looks[schedule.take(4, NOBODY, NOBODY)] += 1
    smallest, largest = looks[side == side.min()].mean(), looks[side == side.max()].mean()
    assert largest / smallest == pytest.approx(side.max() / side.min(), rel=0.35)


def test_something_large_that_moves_calls_for_no_small_tile():
    places = [np.array([[180, 60, 460, 420]], np.float32), np.array([[310, 230, 330, 250]], np.float32)]
    looks = []
    for place in places:
        schedule = TileSchedule((640, 480), TileConfig())
        tiles = schedule.tiles_xyxy
        holds = ((tiles[:, :2] <= (320, 240)) & (tiles[:, 2:] > (320, 240))).all(axis=1)
        is_small = holds & (tiles[:, 3] - tiles[:, 1] < 360)
        count = np.zeros(len(tiles), int)
        for _ in range(100):
            count[schedule.take(4, NOBODY, NOBODY, place)] += 1
        looks.append(count[is_small].sum() / count.sum())
    assert looks[0] < looks[1] / 2


def test_two_schedules_agree():
    a, b = (TileSchedule((640, 480), TileConfig()) for _ in range(2))
    assert all(np.array_equal(a.take(3, NOBODY, NOBODY), b.take(3, NOBODY, NOBODY)) for _ in range(50))


@pytest.mark.parametrize(
    "place", [(10, 20, 90, 100), (-30, -30, 70, 70), (100, 60, 200, 160), (-50, -50, 250, 250)]
)
def test_a_tile_shows_its_part_of_the_frame_and_black_outside(place):
    image = np.random.default_rng(0).integers(1, 256, (120, 160, 3), dtype=np.uint8)
    side = place[2] - place[0]
    tile, where = cut_tile(image, np.array(place, np.float32), side)
    assert where.tolist() == list(place)
    padded = np.pad(image, ((300, 300), (300, 300), (0, 0)))
    wanted = padded[300 + place[1] : 300 + place[3], 300 + place[0] : 300 + place[2]]
    assert np.array_equal(tile, wanted)


def test_impossible_plans_are_refused():
    with pytest.raises(ConfigError):
        TileConfig(level_ratio=1.0)
