"""Something that moves and is nobody known is noticed; a moving camera and a changing light are not."""

import numpy as np

from gaitway.detection.cuts import thumbnail
from gaitway.detection.movement import Movement, moving_cells

SIZE_WH = (640, 480)
NOBODY = np.zeros((0, 4), np.float32)


def background(rng):
    coarse = rng.integers(60, 180, (12, 16, 3), np.uint8)
    return np.kron(coarse, np.ones((40, 40, 1), np.uint8))


def with_figure(image, x):
    drawn = image.copy()
    drawn[200:320, x : x + 40] = 20
    return drawn


def watch(images, known=NOBODY):
    movement = Movement()
    for image in images:
        places = movement.update(thumbnail(image), known, SIZE_WH)
    return places


def test_a_walker_is_noticed_where_it_walks():
    still = background(np.random.default_rng(0))
    places = watch([with_figure(still, 100 + 4 * t) for t in range(8)])
    assert len(places)
    middle = (places[:, :2] + places[:, 2:]) / 2
    assert ((middle[:, 0] > 80) & (middle[:, 0] < 190)).all()
    assert ((middle[:, 1] > 180) & (middle[:, 1] < 340)).all()


def test_somebody_known_is_not_news():
    still = background(np.random.default_rng(0))
    known = np.array([[110, 200, 180, 320]], np.float32)
    assert not len(watch([with_figure(still, 100 + 4 * t) for t in range(8)], known))


def test_a_light_that_changes_moves_nothing():
    still = background(np.random.default_rng(1)).astype(np.float32)
    assert not len(watch([(still * (1 + 0.02 * t)).clip(0, 255).astype(np.uint8) for t in range(8)]))


def test_a_camera_that_pans_moves_nothing():
    wide = background(np.random.default_rng(2))
    assert not len(watch([np.roll(wide, 9 * t, axis=1) for t in range(8)]))


def test_no_cell_moves_between_equal_thumbnails():
    layout = thumbnail(background(np.random.default_rng(3)))
    assert not moving_cells(layout, layout).any()
