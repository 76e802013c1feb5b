import numpy as np
import pytest

from gaitway.errors import InputError
from gaitway.synthetic.bvh import gait_angles, read_bvh
from gaitway.synthetic.norms import INDEX
from support.shared import shared

ARM = """HIERARCHY
ROOT hip
{
  OFFSET 0 0 0
  CHANNELS 6 Xposition Yposition Zposition Zrotation Yrotation Xrotation
  JOINT arm
  {
    OFFSET 2 0 0
    CHANNELS 3 Zrotation Xrotation Yrotation
    End Site
    {
      OFFSET 1 0 0
    }
  }
}
MOTION
Frames: 2
Frame Time: 0.5
0 10 0 0 0 0 0 0 0
1 10 0 90 0 0 90 0 0
"""


def test_joints_turn_with_their_parents(tmp_path):
    path = tmp_path / "arm.bvh"
    path.write_text(ARM)
    recording = read_bvh(path)
    assert recording.names == ("hip", "arm", "arm.end")
    assert recording.frame_rate == 2
    np.testing.assert_allclose(recording.positions[0], [[0, 10, 0], [2, 10, 0], [3, 10, 0]], atol=1e-9)
    np.testing.assert_allclose(recording.positions[1], [[1, 10, 0], [1, 12, 0], [0, 12, 0]], atol=1e-9)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nothing",
        ARM.replace("0.5", "fast"),
        ARM.replace("1 10 0 90", "1 10 0"),
        ARM.split("Frame Time", maxsplit=1)[0],
        ARM.replace("0.5", "0"),
    ],
)
def test_broken_files_are_refused_in_words(tmp_path, text):
    path = tmp_path / "broken.bvh"
    path.write_text(text)
    with pytest.raises(InputError, match=r"broken\.bvh"):
        read_bvh(path)


def test_missing_joints_are_named(tmp_path):
    path = tmp_path / "arm.bvh"
    path.write_text(ARM)
    with pytest.raises(InputError, match="lThigh"):
        gait_angles(read_bvh(path))


def test_recorded_walk_is_a_walk():
    recording = read_bvh(shared("mocap/cmu/07_01.bvh"))
    assert recording.frame_rate == pytest.approx(120, rel=0.01)
    angles = np.degrees(gait_angles(recording))
    knee, hip = angles[:, INDEX["left_knee_flexion"]], angles[:, INDEX["left_hip_flexion"]]
    assert 45 < np.percentile(knee, 98) < 80
    assert 25 < np.ptp(hip) < 70
    other = angles[:, INDEX["right_hip_flexion"]]
    assert np.corrcoef(hip, other)[0, 1] < -0.5
