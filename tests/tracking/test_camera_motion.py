import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaitway.errors import ConfigError, InputError
from gaitway.tracking.bytetrack import ByteTracker
from gaitway.tracking.camera_motion import CameraMotion, warp_boxes, warp_motion
from gaitway.tracking.online import OnlineConfig, OnlineTracker

NOBODY = np.zeros((0, 4), np.float32)


def texture(seed=0, size=(480, 720)):
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 255, (size[0] // 8, size[1] // 8, 3), np.uint8)
    return cv2.resize(coarse, size[::-1], interpolation=cv2.INTER_CUBIC)


@pytest.mark.parametrize("shift", [(6.0, -3.0), (0.0, 0.0), (-12.0, 5.0)])
def test_a_pan_is_found_although_a_person_walks_against_it(shift):
    wide = texture(size=(520, 800))
    person = texture(1, (160, 80))
    motion = CameraMotion()
    for step in range(2):
        camera = np.array([[1, 0, shift[0] * step - 40], [0, 1, shift[1] * step - 20]], np.float64)
        image = cv2.warpAffine(wide, camera, (720, 480))
        x = 300 - 9 * step
        image[200:360, x : x + 80] = person
        boxes = np.array([[x, 200, x + 80, 360]], np.float32)
        found = motion.update(image, boxes)
    np.testing.assert_allclose(found, [[1, 0, shift[0]], [0, 1, shift[1]]], atol=0.4)


def test_the_first_frame_a_new_size_and_a_blank_wall_have_no_known_motion():
    motion = CameraMotion()
    assert motion.update(texture(), NOBODY) is None
    assert motion.update(texture(size=(240, 720)), NOBODY) is None
    blank = np.full((240, 720, 3), 127, np.uint8)
    motion.update(blank, NOBODY)
    assert motion.update(blank, NOBODY) is None


def test_unrelated_pictures_are_not_believed():
    motion = CameraMotion()
    motion.update(texture(1), NOBODY)
    assert motion.update(texture(2), NOBODY) is None


@given(st.floats(-50, 50), st.floats(-50, 50), st.floats(0.5, 2), st.floats(-0.2, 0.2))
def test_warping_back_restores_boxes_and_motion(dx, dy, zoom, angle):
    linear = zoom * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    there = np.column_stack([linear, [dx, dy]])
    inverse = np.linalg.inv(linear)
    back = np.column_stack([inverse, -inverse @ [dx, dy]])
    motion = np.random.default_rng(0).uniform(1, 9, (5, 4, 3))
    np.testing.assert_allclose(
        warp_boxes(warp_boxes(motion[0], there), back), motion[0], rtol=1e-9, atol=1e-9
    )
    np.testing.assert_allclose(warp_motion(warp_motion(motion, there), back), motion, rtol=1e-9, atol=1e-9)


def test_a_map_that_cannot_be_undone_is_refused():
    with pytest.raises(InputError, match="invertible"):
        warp_boxes(np.ones((4, 1)), np.zeros((2, 3)))


def test_knowing_a_sudden_camera_jump_keeps_the_ids():
    box = np.array([[100, 100, 150, 220]], np.float32)
    score = np.array([0.9], np.float32)
    jump = np.array([[1, 0, 300.0], [0, 1, 40.0]])
    for camera, ids in ((jump, {1}), (None, {1, 2})):
        tracker = OnlineTracker(OnlineConfig(frame_rate=25.0))
        seen = [tracker.update(box, score) for _ in range(5)]
        moved = box + np.array([300, 40, 300, 40], np.float32)
        seen += [tracker.update(moved, score, camera), tracker.update(moved, score)]
        assert {int(i) for tracks in seen for i in tracks.track_id} == ids


@pytest.mark.parametrize(
    ("common", "camera_known", "ids"), [(True, False, 6), (False, True, 6), (False, False, 7)]
)
def test_a_person_hidden_while_the_camera_turns_back_is_found_again(common, camera_known, ids):
    config = OnlineConfig(frame_rate=25.0, use_common_motion=common, use_last_seen=False)
    tracker, seen, pan = OnlineTracker(config), set(), 0.0
    corners = np.array([[300.0 + 250 * i, 200] for i in range(6)])
    world = np.concatenate([corners, corners + np.array([60, 160])], axis=1)
    for frame in range(60):
        step = 10.0 if frame < 20 else -10.0
        pan += step
        shown = world if not 20 <= frame < 40 else world[1:]
        boxes = (shown + np.array([pan, 0, pan, 0])).astype(np.float32)
        camera = np.array([[1, 0, step], [0, 1, 0]]) if camera_known else None
        tracks = tracker.update(boxes, np.full(len(boxes), 0.9, np.float32), camera)
        seen |= set(tracks.track_id.tolist())
    assert len(seen) == ids


def test_bytetrack_takes_the_cameras_motion_but_not_in_compat_mode():
    box, score = np.array([[100, 100, 150, 220]], np.float32), np.array([0.9], np.float32)
    still = np.array([[1, 0, 0.0], [0, 1, 0.0]])
    assert len(ByteTracker().update(box, score, still)) == 1
    with pytest.raises(ConfigError, match="compat=False"):
        ByteTracker(compat=True).update(box, score, still)
