import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaitway.errors import InputError
from gaitway.synthetic.camera import flatten, look_at, outlines
from gaitway.synthetic.render_silhouette import fill_outlines
from gaitway.synthetic.shapes import Solids

SIZE = (160, 120)


def sphere(count, rng):
    points = rng.standard_normal((count, 3))
    return points / np.linalg.norm(points, axis=1, keepdims=True)


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_outline_is_the_hull_of_projected_points(seed):
    """The slow twin: project many points of both ellipsoids and take their convex hull."""
    rng = np.random.default_rng(seed)
    camera = look_at(np.array([8.0, 1.0, 2.0]), np.zeros(3), 400.0, SIZE)
    centre = rng.uniform(-0.4, 0.4, (1, 1, 2, 3))
    axes = np.linalg.qr(rng.standard_normal((1, 1, 2, 3, 3)))[0] * rng.uniform(0.05, 0.3, (1, 1, 2, 1, 3))
    polygon = outlines(flatten(camera, Solids(centre, axes)), corners=32)
    fast = fill_outlines(polygon, SIZE)[0] > 0
    surface = sphere(4000, rng)
    points = np.concatenate(
        [camera.project(centre[0, 0, i] + surface @ axes[0, 0, i].T)[:, :2] for i in (0, 1)]
    )
    slow = np.zeros((SIZE[1], SIZE[0]), np.uint8)
    hull = cv2.convexHull(np.rint((points - 0.5) * 16).astype(np.int32))
    cv2.fillConvexPoly(slow, hull, 1, cv2.LINE_8, 4)
    union = (fast | (slow > 0)).sum()
    assert (fast & (slow > 0)).sum() / union > 0.93


def test_target_is_in_the_middle_and_up_is_up():
    camera = look_at(np.array([3.0, -4.0, 1.5]), np.array([0.0, 0.0, 1.0]), 300.0, SIZE)
    x, y, depth = camera.project(np.array([0.0, 0.0, 1.0]))
    assert (x, y) == pytest.approx((80, 60))
    assert depth == pytest.approx(np.sqrt(25 + 0.25))
    assert camera.project(np.array([0.0, 0.0, 1.5]))[1] < y


def test_left_of_a_walker_seen_from_the_front_is_right_in_the_picture():
    camera = look_at(np.array([5.0, 0.0, 1.0]), np.array([0.0, 0.0, 1.0]), 300.0, SIZE)
    assert camera.project(np.array([0.0, 0.5, 1.0]))[0] > 80


def test_looking_straight_down_is_refused():
    with pytest.raises(InputError, match="straight"):
        look_at(np.array([0.0, 0.0, 5.0]), np.zeros(3), 300.0, SIZE)
