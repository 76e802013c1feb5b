import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gaitway.tracking import kalman
from support.plain_bytetrack import Track

boxes = st.tuples(st.floats(-50, 500), st.floats(-50, 500), st.floats(5, 200), st.floats(5, 400))


def corners(box):
    x, y, w, h = box
    return np.array([x, y, x + w, y + h])


def xyah(xyxy):
    x1, y1, x2, y2 = xyxy
    return np.array([[(x1 + x2) / 2], [(y1 + y2) / 2], [(x2 - x1) / (y2 - y1)], [y2 - y1]])


@given(st.lists(boxes, min_size=1, max_size=8))
def test_the_closed_form_equals_the_8x8_filter(course):
    slow = Track(1, corners(course[0]), 0.9, 0, 1)
    fast = kalman.initiate(xyah(corners(course[0])))
    for box in course[1:]:
        slow.predict()
        fast = kalman.predict(fast)
        slow.see(corners(box), 0.9, 0, 2)
        fast = kalman.correct(fast, xyah(corners(box)))
        np.testing.assert_allclose(fast[:2].reshape(8), slow.mean, rtol=1e-7, atol=1e-7)
        full = slow.covariance
        blocks = np.stack([np.diag(full)[:4], np.diag(full, 4), np.diag(full)[4:]])
        np.testing.assert_allclose(fast[2:, :, 0], blocks, rtol=1e-7, atol=1e-9)


@given(boxes)
def test_boxes_survive_the_conversion(box):
    xyxy = corners(box)
    np.testing.assert_allclose(kalman.xyah_to_xyxy(xyah(xyxy))[:, 0], xyxy, atol=1e-9)


def test_a_bridge_over_a_gap_has_the_velocity_of_the_way_gone():
    state = kalman.initiate(np.array([[0.0], [0.0], [0.4], [100.0]]))
    there = np.array([[60.0], [0.0], [0.4], [100.0]])
    bridged = kalman.bridge(state, state[0].copy(), there, np.array([20]))
    assert abs(bridged[1, 0, 0] - 3.0) < 0.3
    assert abs(bridged[0, 0, 0] - 60.0) < 3.0
