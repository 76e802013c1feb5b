"""What people wear over their clothes, carry and hold, and how that changes their arms.

Every kind returns parts to add to the figure and, where a hand is busy, the arm's new angles.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from gaitway.errors import InputError
from gaitway.synthetic.body import Body
from gaitway.synthetic.figure import SIDES, torso_rings
from gaitway.synthetic.norms import INDEX
from gaitway.synthetic.shapes import Blob, Part, ball, limb
from gaitway.synthetic.skeleton import SPINE


@dataclass(frozen=True, slots=True)
class Extra:
    """One thing worn or carried.

    Attributes:
        parts: Parts to add.
        held: Channel to (mean in degrees, what is left of its swing).
    """

    parts: tuple[Part, ...]
    held: dict[str, tuple[float, float]] = field(default_factory=dict)

    def hold(self, angles: np.ndarray) -> np.ndarray:
        """Return the angles (T, C) with the busy arms as this thing needs them."""
        out = angles.copy()
        for channel, (mean_deg, gain) in self.held.items():
            row = angles[:, INDEX[channel]]
            out[:, INDEX[channel]] = np.radians(mean_deg) + gain * (row - row.mean())
        return out


def _uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return float(rng.uniform(low, high))


def _backpack(body: Body, rng: np.random.Generator, _side: str) -> Extra:
    upper, depth = (1 - SPINE) * body["torso"], body["chest_half_depth"]
    thick, wide, low = _uniform(rng, 0.05, 0.12), _uniform(rng, 0.11, 0.17), _uniform(rng, -0.16, 0.02)
    back = -depth - 0.7 * thick
    top = Blob("chest", (back, 0, 0.78 * upper), (0.75 * thick, 0.85 * wide, 0.07))
    base = Blob("chest", (back - 0.02, 0, low + 0.06), (thick, wide, 0.08))
    return Extra((Part("bag", top, base), *_straps(body, ("left", "right"))))


def _sling_pack(body: Body, rng: np.random.Generator, side: str) -> Extra:
    """A backpack on one shoulder hangs to that side."""
    sign = dict(SIDES)[side]
    thick, wide = _uniform(rng, 0.05, 0.1), _uniform(rng, 0.1, 0.15)
    at = -body["chest_half_depth"] - 0.6 * thick
    top = Blob("chest", (at, sign * 0.07, 0.6 * body["torso"]), (0.7 * thick, 0.8 * wide, 0.06))
    base = Blob("chest", (at - 0.02, sign * 0.1, 0.02), (thick, wide, 0.09))
    held = {f"{side}_elbow_flexion": (95.0, 0.3), f"{side}_shoulder_flexion": (18.0, 0.2)}
    return Extra((Part("bag", top, base), *_straps(body, (side,))), held if rng.random() < 0.5 else {})


def _straps(body: Body, sides: tuple[str, ...]) -> tuple[Part, ...]:
    upper, depth = (1 - SPINE) * body["torso"], body["chest_half_depth"]
    straps = []
    for side in sides:
        y = dict(SIDES)[side] * 0.62 * body["shoulder_half"]
        front = (0.85 * depth, y, 0.75 * upper)
        over = (0.0, y, upper + 0.02)
        straps.append(limb("bag", "chest", (over, 0.018), (front, 0.014)))
        straps.append(limb("bag", "chest", (front, 0.014), ((0.75 * depth, 1.4 * y, 0.25 * upper), 0.012)))
    return tuple(straps)


def _shoulder_bag(body: Body, rng: np.random.Generator, side: str) -> Extra:
    sign = dict(SIDES)[side]
    y = sign * (body["pelvis_half_width"] + _uniform(rng, 0.05, 0.09))
    x, z = _uniform(rng, -0.12, 0.05), _uniform(rng, -0.05, 0.16)
    size = (_uniform(rng, 0.10, 0.18), _uniform(rng, 0.035, 0.07), _uniform(rng, 0.08, 0.13))
    bag = Part("bag", Blob("pelvis", (x - 0.03, y, z), size), Blob("pelvis", (x + 0.03, y, z - 0.04), size))
    shoulder = (0.0, sign * 0.75 * body["shoulder_half"], (1 - SPINE) * body["torso"] + 0.01)
    start = Blob("chest", shoulder, (0.014, 0.014, 0.014))
    strap = Part("bag", start, Blob("pelvis", (x, y, z + 0.9 * size[2]), (0.012, 0.012, 0.012)))
    held = {f"{side}_shoulder_abduction": (14.0, 1.0), f"{side}_shoulder_flexion": (0.0, 0.6)}
    return Extra((bag, strap), held)


def _cross_bag(body: Body, rng: np.random.Generator, side: str) -> Extra:
    plain = _shoulder_bag(body, rng, side)
    sign = dict(SIDES)[side]
    far = (0.0, -sign * 0.6 * body["shoulder_half"], (1 - SPINE) * body["torso"] + 0.015)
    strap = Part("bag", Blob("chest", far, (0.013, 0.013, 0.013)), plain.parts[1].b)
    return Extra((plain.parts[0], strap))


def _hand_bag(_body: Body, rng: np.random.Generator, side: str) -> Extra:
    """A bag, case or shopping bag that hangs from the hand."""
    size = (_uniform(rng, 0.10, 0.21), _uniform(rng, 0.03, 0.09), _uniform(rng, 0.08, 0.17))
    drop = _uniform(rng, 0.04, 0.14)
    grip = f"{side}_grip"
    top = Blob(grip, (0, 0, -drop - 0.03), (0.8 * size[0], 0.8 * size[1], 0.03))
    bag = Part("bag", top, Blob(grip, (0, 0, -drop - 1.2 * size[2]), size))
    handle = limb("bag", grip, ((0, 0, 0), 0.01), ((0, 0, -drop), 0.014))
    held = {f"{side}_elbow_flexion": (10.0, 0.4), f"{side}_shoulder_flexion": (0.0, 0.45)}
    return Extra((bag, handle), held)


def _trolley(body: Body, _rng: np.random.Generator, side: str) -> Extra:
    sign, grip = dict(SIDES)[side], f"{side}_grip"
    height = 0.42 * body.stature_m
    box = Part("bag", Blob(grip, (-0.28, sign * 0.03, -0.22), (0.09, 0.16, 0.10)),
               Blob(grip, (-0.42, sign * 0.03, 0.12 - height), (0.10, 0.16, 0.10)))  # fmt: skip
    handle = limb("bag", grip, ((0, 0, 0), 0.014), ((-0.28, sign * 0.03, -0.22), 0.014))
    held = {f"{side}_shoulder_flexion": (-28.0, 0.15), f"{side}_elbow_flexion": (8.0, 0.3)}
    return Extra((box, handle), held)


def _over_thighs(body: Body, material: str, off: float, hem: float, flare: float) -> list[Part]:
    """Return cloth from the hips down both thighs to ``hem`` (parts of the thigh; > 1 reaches the shank)."""
    h = body.stature_m
    ring = (body["pelvis_half_depth"] + off, body["pelvis_half_width"] + off, 0.03 * h)
    hips = Blob("pelvis", (0, 0, -0.02 * h), ring)
    segment, share = ("thigh", hem) if hem <= 1 else ("shank", hem - 1)
    length = body["thigh"] if hem <= 1 else body["shank"]
    r = body["thigh_radius"] * 0.8 + off + flare
    hems = [Blob(f"{side}_{segment}", (0, 0, -share * length), (r, 0.9 * r, 0.015)) for side, _ in SIDES]
    parts = [Part(material, hips, hems[0]), Part(material, hips, hems[1]), Part(material, hems[0], hems[1])]
    if hem > 1:
        knees = [Blob(f"{side}_thigh", (0.01, 0, -length), (r * 0.95, r * 0.9, 0.03)) for side, _ in SIDES]
        parts += [
            Part(material, hips, knees[0]),
            Part(material, hips, knees[1]),
            Part(material, knees[0], knees[1]),
        ]
        parts += [Part(material, knees[0], hems[0]), Part(material, knees[1], hems[1])]
    return parts


def _coat_of(
    hem_low: float, hem_high: float, thick: float
) -> Callable[[Body, np.random.Generator, str], Extra]:
    def wear(body: Body, rng: np.random.Generator, _side: str) -> Extra:
        off = thick * _uniform(rng, 0.7, 1.4)
        hips, waist, breast, girdle = torso_rings(body, off)
        parts = [Part("coat", hips, waist), Part("coat", waist, breast), Part("coat", breast, girdle)]
        parts.append(Part("coat", hips, breast))
        hem = _uniform(rng, hem_low, hem_high)
        parts += _over_thighs(body, "coat", off, hem, _uniform(rng, 0.0, 0.05))
        for arm, _ in SIDES:
            parts += _sleeve(body, arm, 0.8 * off)
        neck = (-0.015, 0, (1 - SPINE) * body["torso"] + 0.02)
        parts.append(ball("coat", "chest", neck, (0.06, 0.065, 0.035 + 0.5 * off)))
        return Extra(tuple(parts))

    return wear


def _sleeve(body: Body, side: str, off: float) -> list[Part]:
    r, e, w = body["upper_arm_radius"] * 1.1, body["elbow_radius"], body["wrist_radius"] * 1.3
    upper, fore = (0, 0, -body["upper_arm"]), (0, 0, -0.97 * body["forearm"])
    return [
        limb("coat", f"{side}_upper_arm", ((0, 0, 0), r + off), (upper, e + off)),
        limb("coat", f"{side}_forearm", ((0, 0, 0), e + off), (fore, w + off)),
    ]


def _skirt_of(hem_low: float, hem_high: float) -> Callable[[Body, np.random.Generator, str], Extra]:
    def wear(body: Body, rng: np.random.Generator, _side: str) -> Extra:
        hem, flare = _uniform(rng, hem_low, hem_high), _uniform(rng, 0.005, 0.07)
        return Extra(tuple(_over_thighs(body, "skirt", 0.008, hem, flare)))

    return wear


def _over_arm(body: Body, rng: np.random.Generator, side: str) -> Extra:
    """A jacket over the bent arm."""
    arm, half = f"{side}_forearm", 0.6 * body["forearm"]
    length = _uniform(rng, 0.18, 0.36)
    edge = Blob(arm, (0, 0, -half), (0.05, 0.06, 0.09))
    hanging = Blob(f"{side}_grip", (-0.08, 0, -length), (0.09, 0.05, 0.07))
    return Extra((Part("coat", edge, hanging),), _bent(side, 85.0, 6.0))


def _bent(side: str, elbow: float, shoulder: float) -> dict[str, tuple[float, float]]:
    return {
        f"{side}_elbow_flexion": (elbow, 0.1),
        f"{side}_shoulder_flexion": (shoulder, 0.15),
        f"{side}_shoulder_rotation": (15.0, 0.2),
    }


def _box(body: Body, rng: np.random.Generator, _side: str) -> Extra:
    """Something carried in both arms before the belly."""
    size = (_uniform(rng, 0.10, 0.16), _uniform(rng, 0.14, 0.20), _uniform(rng, 0.07, 0.14))
    at = (body["waist_half_depth"] + size[0] + 0.06, 0.0, 0.10)
    held = {**_bent("left", 80.0, 8.0), **_bent("right", 80.0, 8.0)}
    return Extra((ball("bag", "chest", at, size),), held)


def _phone(_body: Body, rng: np.random.Generator, side: str) -> Extra:
    at_ear = rng.random() < 0.5
    bend = (140.0, 22.0) if at_ear else (95.0, 18.0)
    held = {**_bent(side, *bend), "neck_flexion": (4.0 if at_ear else 24.0, 0.5)}
    return Extra((ball("eye", f"{side}_hand", (0.02, 0, -0.06), (0.008, 0.035, 0.07)),), held)


def _umbrella_up(body: Body, rng: np.random.Generator, side: str) -> Extra:
    grip, radius = f"{side}_grip", _uniform(rng, 0.38, 0.55)
    top = 0.46 * body.stature_m + _uniform(rng, 0.0, 0.1)
    lean = _uniform(rng, -0.1, 0.05)
    stick = limb("bag", grip, ((0, 0, -0.08), 0.012), ((lean, 0, top), 0.008))
    roof = Part("coat", Blob(grip, (lean, 0, top - 0.13), (radius, radius, 0.012)),
                Blob(grip, (lean, 0, top), (0.3 * radius, 0.3 * radius, 0.02)))  # fmt: skip
    return Extra((stick, roof), _bent(side, 100.0, 20.0))


def _umbrella_furled(_body: Body, rng: np.random.Generator, side: str) -> Extra:
    grip, length = f"{side}_grip", _uniform(rng, 0.5, 0.68)
    tilt = _uniform(rng, -0.25, 0.25)
    stick = limb("coat", grip, ((0, 0, 0), 0.016), ((tilt * length, 0, -0.95 * length), 0.02))
    return Extra((stick,), {f"{side}_elbow_flexion": (14.0, 0.5)})


_KINDS: dict[str, Callable[[Body, np.random.Generator, str], Extra]] = {
    "backpack": _backpack,
    "one-strap backpack": _sling_pack,
    "shoulder bag": _shoulder_bag,
    "cross-body bag": _cross_bag,
    "hand bag": _hand_bag,
    "trolley": _trolley,
    "coat": _coat_of(0.15, 0.55, 0.022),
    "long coat": _coat_of(0.8, 1.45, 0.026),
    "skirt": _skirt_of(0.45, 1.0),
    "long skirt": _skirt_of(1.2, 1.85),
    "jacket over the arm": _over_arm,
    "box": _box,
    "phone": _phone,
    "open umbrella": _umbrella_up,
    "furled umbrella": _umbrella_furled,
}
BAGS = ("backpack", "one-strap backpack", "shoulder bag", "cross-body bag", "hand bag", "trolley")
COATS = ("coat", "long coat", "skirt", "long skirt")
HELD = ("jacket over the arm", "box", "phone", "open umbrella", "furled umbrella")


def make_extra(kind: str, body: Body, rng: np.random.Generator) -> Extra:
    """Draw a thing of one kind for ``body``, on a random side.

    Raises:
        InputError: No such kind; the message lists them.
    """
    if kind not in _KINDS:
        raise InputError(f"no covariate is called {kind!r}, wanted one of {', '.join(_KINDS)}")
    return _KINDS[kind](body, rng, "left" if rng.random() < 0.5 else "right")
