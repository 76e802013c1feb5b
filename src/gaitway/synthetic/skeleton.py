"""Forward kinematics: joint angles to the position and orientation of every body segment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from gaitway.synthetic.body import Body
from gaitway.synthetic.norms import INDEX
from gaitway.synthetic.rotation import rotate_x, rotate_y, rotate_z

SEGMENTS = (
    "upright",
    "pelvis",
    "chest",
    "neck",
    "head",
    "left_upper_arm",
    "left_forearm",
    "left_hand",
    "left_grip",
    "left_thigh",
    "left_shank",
    "left_foot",
    "left_toes",
    "right_upper_arm",
    "right_forearm",
    "right_hand",
    "right_grip",
    "right_thigh",
    "right_shank",
    "right_foot",
    "right_toes",
)
SEGMENT = {name: i for i, name in enumerate(SEGMENTS)}
SPINE = 0.36  # height of the bend between pelvis and chest, as a part of the torso


@dataclass(frozen=True, slots=True, eq=False)
class Pose:
    """Where every segment is; its frame sits in its upper joint, x forward, y left, z up along the segment.

    Attributes:
        origin: Metres, (T, S, 3).
        rotation: Segment to world, (T, S, 3, 3).
    """

    origin: Float[np.ndarray, "t s 3"]
    rotation: Float[np.ndarray, "t s 3 3"]

    def moved(self, position: Float[np.ndarray, "t 2"], heading: Float[np.ndarray, " t"]) -> Pose:
        """Turn by ``heading`` (radians) about the origin and then move over the ground by ``position``."""
        turn = rotate_z(heading)
        origin = np.einsum("tij,tsj->tsi", turn, self.origin)
        origin[..., :2] += position[:, None]
        return Pose(origin, np.einsum("tij,tsjk->tsik", turn, self.rotation))


_Angle = Callable[[str], np.ndarray]


class _Chain:
    """Collects segments while walking down the tree of joints."""

    def __init__(self, frames: int) -> None:
        self.origin = np.zeros((frames, len(SEGMENTS), 3))
        self.rotation = np.zeros((frames, len(SEGMENTS), 3, 3))

    def put(self, name: str, origin: np.ndarray, rotation: np.ndarray) -> None:
        self.origin[:, SEGMENT[name]] = origin
        self.rotation[:, SEGMENT[name]] = rotation

    def hang(self, name: str, parent: str, offset: tuple[float, float, float], turn: np.ndarray) -> None:
        """Attach ``name`` to ``parent`` at ``offset`` (metres in the parent's frame), turned by ``turn``."""
        base = self.rotation[:, SEGMENT[parent]]
        self.put(name, self.origin[:, SEGMENT[parent]] + base @ np.array(offset), base @ turn)


def pose_body(body: Body, angles: Float[np.ndarray, "t c"]) -> Pose:
    """Pose ``body`` with its lowest sole point on the ground, walking along +x, pelvis over the origin."""
    frames = len(angles)
    chain = _Chain(frames)

    def angle(name: str) -> np.ndarray:
        return np.asarray(angles[:, INDEX[name]])

    pelvis = (
        rotate_z(angle("pelvis_rotation"))
        @ rotate_x(angle("pelvis_obliquity"))
        @ rotate_y(angle("pelvis_tilt"))
    )
    hips = np.zeros((frames, 3))
    hips[:, 1] = angle("sway") * body.stature_m
    chain.put("pelvis", hips, pelvis)
    _pose_trunk(chain, body, angle)
    for side, sign in (("left", 1.0), ("right", -1.0)):
        _pose_arm(chain, body, angle, side, sign)
        _pose_leg(chain, body, angle, side, sign)
    lowest = _sole_points(chain, body)[..., 2].min(axis=1)
    chain.origin[..., 2] -= lowest[:, None]
    upright = np.broadcast_to(np.eye(3), (frames, 3, 3))
    chain.put("upright", chain.origin[:, SEGMENT["pelvis"]], upright)
    for side in ("left", "right"):
        hand = chain.origin[:, SEGMENT[f"{side}_hand"]]
        reach = chain.rotation[:, SEGMENT[f"{side}_hand"]] @ np.array([0, 0, -0.6 * body["hand"]])
        chain.put(f"{side}_grip", hand + reach, upright)
    return Pose(chain.origin, chain.rotation)


def _pose_trunk(chain: _Chain, body: Body, angle: _Angle) -> None:
    torso, frames = body["torso"], len(chain.origin)
    upright = rotate_z(angle("trunk_rotation")) @ rotate_x(angle("trunk_bend"))
    upright = upright @ rotate_y(angle("trunk_lean") + np.radians(body["kyphosis_deg"]) * 0.5)
    chain.hang("chest", "pelvis", (0, 0, SPINE * torso), np.broadcast_to(np.eye(3), (frames, 3, 3)))
    chain.rotation[:, SEGMENT["chest"]] = upright  # the trunk's angles are to the vertical
    nod = np.radians(body["head_forward_deg"]) + np.radians(body["kyphosis_deg"]) * 0.5
    still = np.full(frames, nod)
    chain.hang(
        "neck", "chest", (-0.02 * torso, 0, (1 - SPINE) * torso + 0.012 * body.stature_m), rotate_y(still)
    )
    level = rotate_z(angle("head_yaw")) @ rotate_y(angle("neck_flexion") - still * 0.5)
    chain.hang("head", "neck", (0, 0, body["neck"]), level)


def _pose_arm(chain: _Chain, body: Body, angle: _Angle, side: str, sign: float) -> None:
    height = (1 - SPINE) * body["torso"] - body["shoulder_slope"]
    swing = rotate_x(sign * angle(f"{side}_shoulder_abduction")) @ rotate_y(
        -angle(f"{side}_shoulder_flexion")
    )
    swing = swing @ rotate_z(-sign * angle(f"{side}_shoulder_rotation"))
    chain.hang(f"{side}_upper_arm", "chest", (0, sign * body["shoulder_half"], height), swing)
    bend = rotate_y(-angle(f"{side}_elbow_flexion"))
    chain.hang(f"{side}_forearm", f"{side}_upper_arm", (0, 0, -body["upper_arm"]), bend)
    relaxed = rotate_y(np.full(len(bend), -0.12))
    chain.hang(f"{side}_hand", f"{side}_forearm", (0, 0, -body["forearm"]), relaxed)


def _pose_leg(chain: _Chain, body: Body, angle: _Angle, side: str, sign: float) -> None:
    swing = rotate_z(-sign * angle(f"{side}_hip_rotation")) @ rotate_x(sign * angle(f"{side}_hip_abduction"))
    swing = swing @ rotate_y(-angle(f"{side}_hip_flexion"))
    chain.hang(f"{side}_thigh", "pelvis", (0, sign * body["hip_half"], 0), swing)
    chain.hang(
        f"{side}_shank", f"{side}_thigh", (0, 0, -body["thigh"]), rotate_y(angle(f"{side}_knee_flexion"))
    )
    foot = rotate_z(sign * angle(f"{side}_foot_out")) @ rotate_y(-angle(f"{side}_ankle_flexion"))
    chain.hang(f"{side}_foot", f"{side}_shank", (0, 0, -body["shank"]), foot)
    pitch = np.arcsin(np.clip(chain.rotation[:, SEGMENT[f"{side}_foot"], 2, 0], -1, 1))
    roll_off = np.clip(-pitch - np.radians(8), 0, np.radians(40))  # the toes stay flat while the heel rises
    ball = (0.50 * body["foot_length"], 0, -0.75 * body["ankle_height"])
    chain.hang(f"{side}_toes", f"{side}_foot", ball, rotate_y(-roll_off))


def _sole_points(chain: _Chain, body: Body) -> np.ndarray:
    """Return heel, ball and toe tip of both feet, (T, 6, 3)."""
    sole = -body["ankle_height"]
    points = []
    for side in ("left", "right"):
        for segment, offset in (
            (f"{side}_foot", (-0.24 * body["foot_length"], 0, sole)),
            (f"{side}_foot", (0.48 * body["foot_length"], 0, sole)),
            (f"{side}_toes", (0.20 * body["foot_length"], 0, 0.25 * sole)),
        ):
            turned = chain.rotation[:, SEGMENT[segment]] @ np.array(offset)
            points.append(chain.origin[:, SEGMENT[segment]] + turned)
    return np.stack(points, axis=1)
