import numpy as np
import pytest

from gaitway.tracking.looks import LookCollector, describe_people
from gaitway.types import Bodies, Silhouettes

RED, BLUE, GREEN, GREY = (200, 30, 30), (30, 40, 190), (30, 160, 40), (120, 120, 120)


def dressed(shirt, trousers, box, background=GREY, size=(240, 320)):
    """A picture with a person painted over ``box``: the upper half a shirt, the lower half trousers."""
    image = np.full((*size, 3), background, np.uint8)
    x1, y1, x2, y2 = box
    middle, narrow = (y1 + y2) // 2, (x2 - x1) // 4
    image[y1:middle, x1 + narrow : x2 - narrow] = shirt
    image[middle:y2, x1 + narrow : x2 - narrow] = trousers
    mask = np.zeros(size, np.float32)
    mask[y1:y2, x1 + narrow : x2 - narrow] = 1
    return image, mask


def bodies(*masks):
    region = np.tile(np.array([0, 0, masks[0].shape[1], masks[0].shape[0]], np.float32), (len(masks), 1))
    return Bodies(
        region, masks, np.full((len(masks), 33, 3), np.nan, np.float32), np.ones(len(masks), np.float32)
    )


def look(shirt, trousers, box=(100, 40, 160, 200), **options):
    image, mask = dressed(shirt, trousers, box, **options)
    return describe_people(image, bodies(mask), np.array([box], np.float32))


def test_shirt_and_trousers_are_told_apart_and_the_street_does_not_count():
    colours = look(RED, BLUE).colours[0].astype(int)
    np.testing.assert_array_equal(colours, look(RED, BLUE, background=GREEN).colours[0])
    np.testing.assert_array_equal(colours[:3], look(BLUE, RED).colours[0][3:])
    assert colours[1, 3:].sum() > 250  # a shirt's a is on the red side
    assert colours[5, :2].sum() > 250  # trousers' b is on the blue side
    assert (abs(colours.sum(axis=1) - 255) <= 3).all()


@pytest.mark.parametrize("box", [(100, 40, 130, 120), (20, 10, 100, 230)])
def test_near_and_far_people_look_the_same(box):
    np.testing.assert_allclose(
        look(RED, BLUE).colours.astype(int), look(RED, BLUE, box).colours.astype(int), atol=3
    )


def test_a_mask_of_its_own_region_and_size_is_laid_right():
    image, mask = dressed(RED, BLUE, (100, 40, 160, 200))
    region = np.array([[90, 30, 170, 210]], np.float32)
    cut = mask[30:210, 90:170][::2, ::2]
    body = Bodies(region, (cut,), np.full((1, 33, 3), np.nan, np.float32), np.ones(1, np.float32))
    there = describe_people(image, body, np.array([[100, 40, 160, 200]], np.float32))
    np.testing.assert_allclose(there.colours.astype(int), look(RED, BLUE).colours.astype(int), atol=3)


def test_who_is_hardly_seen_has_no_known_look():
    image, mask = dressed(RED, BLUE, (100, 40, 160, 200))
    mask[100:] = 0  # the trousers are hidden
    found = describe_people(image, bodies(mask), np.array([[100, 40, 160, 200]], np.float32))
    assert not found.colours.any()
    assert np.isnan(found.proportions).all()
    assert len(describe_people(image, Bodies.empty(), np.zeros((0, 4), np.float32))) == 0


def test_proportions_do_not_depend_on_size_and_unsure_joints_are_not_used():
    points = np.full((33, 3), np.nan, np.float32)
    for joint, y in (
        (0, 10),
        (11, 30),
        (12, 30),
        (23, 70),
        (24, 70),
        (25, 95),
        (26, 95),
        (27, 120),
        (28, 120),
    ):
        points[joint] = (50, y, 0.9)
    image, mask = dressed(RED, BLUE, (20, 5, 80, 125))
    unsure = points.copy()
    unsure[27, 2] = 0.2
    scaled = points * np.array([2, 2, 1], np.float32)
    many = Bodies(
        np.tile(np.array([0, 0, 320, 240], np.float32), (3, 1)),
        (mask, mask, mask),
        np.stack([points, scaled, unsure]),
        np.ones(3, np.float32),
    )
    boxes = np.tile(np.array([20, 5, 80, 125], np.float32), (3, 1))
    one, two, third = describe_people(image, many, boxes).proportions
    np.testing.assert_allclose(one, np.log([40 / 50, 20 / 40, 1.0]), atol=1e-5)
    np.testing.assert_allclose(one, two, atol=1e-5)
    np.testing.assert_array_equal(np.isnan(third), [True, False, True])


def test_the_collector_keeps_the_order_and_few_bytes():
    image, mask = dressed(RED, BLUE, (100, 40, 160, 200))
    collector, box = LookCollector(), np.array([[100, 40, 160, 200]], np.float32)
    collector.add(image, Silhouettes(np.array([1]), box, bodies(mask)))
    collector.add(image, Silhouettes(np.zeros(0, np.int64), np.zeros((0, 4), np.float32), Bodies.empty()))
    collector.add(np.full_like(image, 200), Silhouettes(np.array([1]), box, bodies(mask)))
    looks = collector.looks()
    assert len(looks) == 2
    np.testing.assert_array_equal(looks.colours[0], look(RED, BLUE).colours[0])
    assert (looks.colours[0] != looks.colours[1]).any()
    assert looks.colours[0].nbytes + looks.proportions[0].nbytes == 48
