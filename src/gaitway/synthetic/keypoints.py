"""Where a posed body's joints are in the picture, in BlazePose's order of 33 points."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from gaitway.synthetic.body import Body
from gaitway.synthetic.camera import Camera
from gaitway.synthetic.skeleton import SEGMENT, Pose
from gaitway.types import KEYPOINTS

# BlazePose numbers the person's left with the odd numbers from 11 on
_JOINTS = {11: "upper_arm", 13: "forearm", 15: "hand", 23: "thigh", 25: "shank", 27: "foot"}


def body_keypoints(body: Body, pose: Pose, camera: Camera) -> Float[np.ndarray, "t 33 3"]:
    """Return x, y in pixels and depth in metres of every keypoint, (T, 33, 3)."""
    places = _places(body)
    points = np.stack([_point(pose, *places[k]) for k in range(KEYPOINTS)], axis=1)
    return camera.project(points)


def _point(pose: Pose, segment: str, offset: tuple[float, float, float]) -> np.ndarray:
    at = SEGMENT[segment]
    return np.asarray(pose.origin[:, at] + pose.rotation[:, at] @ np.array(offset))


def _places(body: Body) -> dict[int, tuple[str, tuple[float, float, float]]]:
    """Return segment and offset of every keypoint."""
    d, w, t = body["head_half_depth"], body["head_half_width"], body["head_half_height"]
    eye_height, length, sole = 1.05 * t, body["foot_length"], -body["ankle_height"]
    places: dict[int, tuple[str, tuple[float, float, float]]] = {0: ("head", (1.05 * d, 0, 0.78 * t))}
    for k, (across, sign) in enumerate(
        [(0.25, 1), (0.38, 1), (0.5, 1), (0.25, -1), (0.38, -1), (0.5, -1)], 1
    ):
        places[k] = ("head", (0.8 * d, sign * across * w, eye_height))
    for side, sign, step in (("left", 1, 0), ("right", -1, 1)):
        places[7 + step] = ("head", (0, sign * w, 0.9 * t))
        places[9 + step] = ("head", (0.75 * d, sign * 0.3 * w, 0.4 * t))
        for number, segment in _JOINTS.items():
            places[number + step] = (f"{side}_{segment}", (0.0, 0.0, 0.0))
        for number, forward in ((17, -0.01), (19, 0.012), (21, 0.03)):
            reach = -0.4 if number == 21 else -0.8
            places[number + step] = (f"{side}_hand", (forward, 0, reach * body["hand"]))
        places[29 + step] = (f"{side}_foot", (-0.22 * length, 0, 0.6 * sole))
        places[31 + step] = (f"{side}_toes", (0.2 * length, 0, 0.2 * sole))
    return places
