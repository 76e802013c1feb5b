import numpy as np
import pytest

from gaitway.synthetic.body import sample_body
from gaitway.synthetic.gait import sample_gait
from gaitway.synthetic.norms import CHANNELS, INDEX
from gaitway.synthetic.skeleton import SEGMENT, pose_body


@pytest.fixture
def body():
    return sample_body(np.random.default_rng(3))


def at(pose, segment):
    return pose.origin[:, SEGMENT[segment]]


def test_bones_keep_their_length(body):
    angles = sample_gait(np.random.default_rng(4)).angles(np.linspace(0, 1, 17))
    pose = pose_body(body, angles)
    for upper, lower, name in (
        ("left_thigh", "left_shank", "thigh"),
        ("right_shank", "right_foot", "shank"),
        ("left_upper_arm", "left_forearm", "upper_arm"),
        ("right_forearm", "right_hand", "forearm"),
    ):
        length = np.linalg.norm(at(pose, lower) - at(pose, upper), axis=1)
        np.testing.assert_allclose(length, body[name], atol=1e-9)


def test_standing_still_is_as_tall_as_the_stature(body):
    pose = pose_body(body, np.zeros((1, len(CHANNELS))))
    crown = at(pose, "head")[0, 2] + 1.93 * body["head_half_height"]
    assert crown == pytest.approx(body.stature_m, rel=0.06)
    assert at(pose, "left_hand")[0, 1] > 0 > at(pose, "right_hand")[0, 1]


@pytest.mark.parametrize(
    ("channel", "segment", "axis", "sign"),
    [
        ("left_hip_flexion", "left_foot", 0, 1),
        ("left_knee_flexion", "left_foot", 0, -1),
        ("left_hip_abduction", "left_foot", 1, 1),
        ("right_hip_abduction", "right_foot", 1, -1),
        ("right_shoulder_flexion", "right_hand", 0, 1),
        ("left_elbow_flexion", "left_hand", 0, 1),
        ("trunk_lean", "head", 0, 1),
        ("pelvis_rotation", "left_thigh", 0, -1),
        ("pelvis_obliquity", "left_thigh", 2, 1),
    ],
)
def test_signs_of_the_channels(body, channel, segment, axis, sign):
    angles = np.zeros((2, len(CHANNELS)))
    angles[1, INDEX[channel]] = 0.3
    pose = pose_body(body, angles)
    moved = at(pose, segment) - at(pose, "pelvis")
    assert sign * (moved[1, axis] - moved[0, axis]) > 0.01


def test_moving_turns_about_the_origin(body):
    pose = pose_body(body, np.zeros((1, len(CHANNELS))))
    moved = pose.moved(np.array([[3.0, 4.0]]), np.array([np.pi / 2]))
    toe, hip = at(moved, "left_toes")[0], at(moved, "pelvis")[0]
    assert toe[1] - hip[1] > 0.1  # forward is now +y
    np.testing.assert_allclose(hip[:2], [3.0, 4.0], atol=0.02)
