"""Recorded motion from BVH files, as joint positions and as our joint angles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float
from scipy.ndimage import gaussian_filter1d

from gaitway.errors import InputError
from gaitway.synthetic.norms import CHANNELS, INDEX

MAX_JOINTS = 1000


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """Joint positions of one recording.

    Attributes:
        names: Joints; the tip of a chain is called ``<joint>.end``.
        positions: In the file's units, y up, (T, J, 3).
        frame_rate: Frames a second.
    """

    names: tuple[str, ...]
    positions: Float[np.ndarray, "t j 3"]
    frame_rate: float

    def joint(self, name: str) -> Float[np.ndarray, "t 3"]:
        """Return one joint's way with x to the file's z, y to its x and z up: a right-handed frame."""
        if name not in self.names:
            raise InputError(
                f"the recording has no joint {name!r}, wanted one of {', '.join(self.names[:8])}..."
            )
        x, y, z = self.positions[:, self.names.index(name)].T
        return np.stack([z, x, y], axis=1)


Span = Callable[[str, str], np.ndarray]


@dataclass(slots=True)
class _Node:
    name: str
    parent: int
    offset: tuple[float, ...]
    channels: tuple[str, ...]


def read_bvh(path: Path) -> Recording:
    """Read a BVH file.

    Raises:
        InputError: It is not one, or its numbers do not fit its skeleton.
    """
    head, mark, motion = path.read_text("ascii", "replace").partition("MOTION")
    if not mark or "HIERARCHY" not in head:
        raise InputError(f"{path.name} has no HIERARCHY and MOTION, wanted a BVH file")
    nodes = _read_skeleton(head)
    lines = motion.split("\n")
    try:
        interval = float(next(line for line in lines if "Frame Time" in line).split(":")[1])
        rows = [[float(v) for v in line.split()] for line in lines if line.strip() and ":" not in line]
        values = np.array(rows)
    except (ValueError, StopIteration) as error:
        raise InputError(f"{path.name} has a MOTION part that is no table of numbers") from error
    wanted = sum(len(node.channels) for node in nodes)
    if values.ndim != 2 or values.shape[1] != wanted or interval <= 0:
        raise InputError(f"{path.name} has rows of shape {values.shape}, wanted {wanted} columns")
    return Recording(tuple(node.name for node in nodes), _forward(nodes, values), 1 / interval)


def _read_skeleton(head: str) -> list[_Node]:
    nodes: list[_Node] = []
    open_nodes: list[int] = []
    for line in head.splitlines():
        words = line.split()
        if not words:
            continue
        if words[0] in {"ROOT", "JOINT", "End"}:
            parent = open_nodes[-1] if open_nodes else -1
            name = f"{nodes[parent].name}.end" if words[0] == "End" else words[1]
            nodes.append(_Node(name, parent, (0.0, 0.0, 0.0), ()))
            if len(nodes) > MAX_JOINTS:
                raise InputError(f"the skeleton has more than {MAX_JOINTS} joints, wanted a person's")
        elif words[0] == "{":
            open_nodes.append(len(nodes) - 1)
        elif words[0] == "}":
            open_nodes.pop()
        elif words[0] == "OFFSET":
            nodes[-1].offset = tuple(float(word) for word in words[1:4])
        elif words[0] == "CHANNELS":
            nodes[-1].channels = tuple(words[2:])
    return nodes


def _turn(axis: str, degrees: np.ndarray) -> np.ndarray:
    i, j = {"X": (1, 2), "Y": (2, 0), "Z": (0, 1)}[axis]
    out = np.tile(np.eye(3), (len(degrees), 1, 1))
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    out[:, i, i] = out[:, j, j] = cosine
    out[:, j, i], out[:, i, j] = sine, -sine
    return out


def _forward(nodes: list[_Node], values: np.ndarray) -> np.ndarray:
    frames = len(values)
    positions, rotations = np.zeros((frames, len(nodes), 3)), np.zeros((frames, len(nodes), 3, 3))
    column = 0
    for k, node in enumerate(nodes):
        place, turn = np.tile(np.array(node.offset), (frames, 1)), np.tile(np.eye(3), (frames, 1, 1))
        for channel in node.channels:
            if channel.endswith("position"):
                place[:, "XYZ".index(channel[0])] += values[:, column]
            else:
                turn = turn @ _turn(channel[0], values[:, column])
            column += 1
        if node.parent < 0:
            positions[:, k], rotations[:, k] = place, turn
        else:
            base = rotations[:, node.parent]
            positions[:, k] = positions[:, node.parent] + (base @ place[..., None])[..., 0]
            rotations[:, k] = base @ turn
    return positions


def _level(vectors: np.ndarray, heading: np.ndarray) -> np.ndarray:
    """Turn vectors (T, 3) about the up axis so that ``heading`` becomes +x."""
    cosine, sine = np.cos(heading), np.sin(heading)
    x, y, z = vectors.T
    return np.stack([cosine * x + sine * y, cosine * y - sine * x, z], axis=1)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def _between(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.asarray(np.arccos(np.clip((_unit(a) * _unit(b)).sum(axis=1), -1, 1)))


def gait_angles(recording: Recording) -> Float[np.ndarray, "t c"]:
    """Return our channels (see norms.py) over time from a recording of the CMU database's BVH conversion.

    The first frame must be the T-pose, which gives the ankle's and the head's rest; it is left out.
    """
    joint = recording.joint
    hips = (joint("lThigh") + joint("rThigh")) / 2
    smooth = gaussian_filter1d(hips[1:], recording.frame_rate * 0.6, axis=0, mode="nearest")
    way = np.gradient(smooth, axis=0)
    heading = np.unwrap(np.arctan2(way[:, 1], way[:, 0]))
    heading = np.concatenate([heading[:1], heading])
    out = np.zeros((len(hips), len(CHANNELS)))

    def span(start: str, end: str) -> np.ndarray:
        return _level(joint(end) - joint(start), heading)

    across = span("rThigh", "lThigh")
    yaw = np.arctan2(-across[:, 0], across[:, 1])
    out[:, INDEX["pelvis_rotation"]] = yaw
    out[:, INDEX["pelvis_obliquity"]] = np.arcsin(_unit(across)[:, 2])
    trunk, shoulders = span("abdomen", "neck"), span("rShldr", "lShldr")
    trunk_yaw = np.arctan2(-shoulders[:, 0], shoulders[:, 1])
    out[:, INDEX["trunk_lean"]] = np.arctan2(trunk[:, 0], trunk[:, 2])
    out[:, INDEX["trunk_bend"]] = np.arctan2(-trunk[:, 1], trunk[:, 2])
    out[:, INDEX["trunk_rotation"]] = trunk_yaw
    gaze = span("head", "leftEye") + span("head", "rightEye")
    pitch = np.arctan2(gaze[:, 2], np.hypot(gaze[:, 0], gaze[:, 1]))
    out[:, INDEX["neck_flexion"]] = pitch[0] - pitch
    side_step = _level(hips - np.concatenate([smooth[:1], smooth]), heading)[:, 1]
    stature = float(np.ptp(recording.positions[0, :, 1]))
    out[:, INDEX["sway"]] = side_step / stature
    for side, letter, sign in (("left", "l", 1.0), ("right", "r", -1.0)):
        _limb_angles(out, span, side, letter, sign, yaw=yaw, trunk_yaw=trunk_yaw)
    return out[1:]


def _limb_angles(
    out: np.ndarray,
    span: Span,
    side: str,
    letter: str,
    sign: float,
    *,
    yaw: np.ndarray,
    trunk_yaw: np.ndarray,
) -> None:
    def put(name: str, values: np.ndarray) -> None:
        out[:, INDEX[f"{side}_{name}"]] = values

    thigh = _level(span(f"{letter}Thigh", f"{letter}Shin"), yaw)
    shank, foot = span(f"{letter}Shin", f"{letter}Foot"), span(f"{letter}Foot", f"{letter}Foot.end")
    put("hip_flexion", np.arcsin(_unit(thigh)[:, 0]))
    put("hip_abduction", sign * np.arctan2(thigh[:, 1], -thigh[:, 2]))
    put("knee_flexion", _between(span(f"{letter}Thigh", f"{letter}Shin"), shank))
    ankle = _between(shank, foot)
    put("ankle_flexion", ankle - ankle[0])
    toes = _level(foot, yaw)
    put("foot_out", sign * np.arctan2(toes[:, 1], np.maximum(np.abs(toes[:, 0]), 1e-6)))
    arm = _level(span(f"{letter}Shldr", f"{letter}ForeArm"), trunk_yaw)
    put("shoulder_flexion", np.arcsin(np.clip(_unit(arm)[:, 0], -1, 1)))
    put("shoulder_abduction", sign * np.arctan2(arm[:, 1], -arm[:, 2]))
    put("elbow_flexion", _between(arm, _level(span(f"{letter}ForeArm", f"{letter}Hand"), trunk_yaw)))
