"""A body in its clothes, as parts. The naked figure first, then what is worn over it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gaitway.synthetic.body import Body
from gaitway.synthetic.shapes import Blob, Part, Triple, ball, limb
from gaitway.synthetic.skeleton import SPINE

SIDES = (("left", 1.0), ("right", -1.0))


@dataclass(frozen=True, slots=True)
class Clothes:
    """What a person wears, apart from bags and coats.

    Attributes:
        top_m: How far the upper garment stands off the body, in metres.
        sleeve: 0 = sleeveless, 1 = to the wrist.
        sleeve_m: How far the sleeves stand off, in metres.
        hem: How far the upper garment hangs below the hips, as a part of the thigh.
        trouser_m: How far the trousers stand off at the thigh, in metres.
        flare_m: The same at the ankle.
        leg: 0 = shorts, 1 = to the ankle.
        shoe_m: Thickness of the shoes, in metres.
        heel_m: Height of the heels, in metres.
        hood: Whether a hood lies on the neck.
        collar_m: How far the upper garment rises round the neck, in metres.
    """

    top_m: float = 0.010
    sleeve: float = 1.0
    sleeve_m: float = 0.008
    hem: float = 0.10
    trouser_m: float = 0.008
    flare_m: float = 0.015
    leg: float = 1.0
    shoe_m: float = 0.008
    heel_m: float = 0.0
    hood: bool = False
    collar_m: float = 0.01


def sample_clothes(rng: np.random.Generator) -> Clothes:
    """Draw everyday clothes."""
    return Clothes(
        top_m=float(rng.gamma(2.0, 0.006)),
        sleeve=float(rng.choice([0.25, 0.3, 0.6, 1.0, 1.0, 1.0])),
        sleeve_m=float(rng.gamma(2.0, 0.004)),
        hem=float(rng.uniform(-0.05, 0.28)),
        trouser_m=float(rng.gamma(2.0, 0.004)),
        flare_m=float(rng.gamma(2.0, 0.008)),
        leg=float(rng.choice([0.1, 0.7, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0])),
        shoe_m=float(rng.uniform(0.003, 0.014)),
        heel_m=float(rng.choice([0.0, 0.0, 0.0, 0.02, 0.04])),
        hood=bool(rng.random() < 0.2),
        collar_m=float(rng.choice([0.0, 0.0, 0.01, 0.02, 0.035])),
    )


def dress(body: Body, clothes: Clothes) -> list[Part]:
    """Return the parts of a dressed figure."""
    parts = _torso(body, clothes) + _head(body)
    for side, sign in SIDES:
        parts += _arm(body, clothes, side) + _leg(body, clothes, side, sign)
    return parts


def torso_rings(body: Body, off: float) -> tuple[Blob, Blob, Blob, Blob]:
    """Return the torso's cross-sections from hips to shoulders, standing off the skin by ``off`` metres."""
    torso, h = body["torso"], body.stature_m
    upper = (1 - SPINE) * torso
    hips = Blob("pelvis", (0, 0, 0.01), (body["pelvis_half_depth"], body["pelvis_half_width"], 0.045 * h))
    waist = Blob("chest", (0, 0, 0), (body["waist_half_depth"], body["waist_half_width"], 0.03 * h))
    breast = Blob(
        "chest", (0, 0, 0.55 * upper), (body["chest_half_depth"], body["chest_half_width"], 0.05 * h)
    )
    girdle = Blob("chest", (-0.1 * body["chest_half_depth"], 0, upper - body["shoulder_slope"] - 0.006),
                  (0.62 * body["chest_half_depth"], 0.85 * body["shoulder_half"], 0.02 * h))  # fmt: skip
    return hips.grown(off), waist.grown(off), breast.grown(off), girdle.grown(0.6 * off)


def _torso(body: Body, clothes: Clothes) -> list[Part]:
    off, h = clothes.top_m, body.stature_m
    hips, waist, breast, girdle = torso_rings(body, off)
    upper, r = (1 - SPINE) * body["torso"], body["upper_arm_radius"] + 0.6 * clothes.sleeve_m
    shoulder = upper - body["shoulder_slope"]
    parts = [Part("top", hips, waist), Part("top", waist, breast), Part("top", breast, girdle)]
    parts.append(_collar(body, clothes))
    for _, sign in SIDES:
        joint = Blob("chest", (0, sign * body["shoulder_half"], shoulder - 0.25 * r), (r, r, 0.85 * r))
        parts += [Part("top", joint, _trapezius(body, sign)), Part("top", joint, breast)]
        seat = (body["buttock"] * 0.6 + 0.034 * h + clothes.trouser_m, 0.046 * h, 0.045 * h)
        parts.append(
            ball("bottom", "pelvis", (-0.55 * body["pelvis_half_depth"], sign * 0.040 * h, -0.025 * h), seat)
        )
        if body["bust"] > 0.003:
            at = (0.62 * body["chest_half_depth"], sign * 0.042 * h, 0.50 * upper)
            r = 0.024 * h + 0.9 * body["bust"] + 0.5 * off
            bust = Blob("chest", at, (r, r, r))
            collar = Blob(
                "chest", (0.25 * body["chest_half_depth"], sign * 0.04 * h, 0.82 * upper), (0.03 * h,) * 3
            )
            parts += [Part("top", bust, collar), Part("top", bust, waist)]
    if body["belly"] > 0.002:
        at = (0.30 * body["waist_half_depth"] + body["belly"] * 0.6, 0, -0.01 * h)
        belly = Blob("chest", at, (0.036 * h + body["belly"] + off, 0.066 * h + off, 0.05 * h))
        parts.append(Part("top", belly, breast))
    drop = clothes.hem * body["thigh"]
    seat_out = 0.6 * body["buttock"]
    deep = body["pelvis_half_depth"] + off + 0.6 * seat_out
    hem = Blob("pelvis", (-0.6 * seat_out, 0, -drop), (deep, body["pelvis_half_width"] + off, 0.02 * h))
    parts.append(Part("top", hem, waist))
    seat_ring = (body["pelvis_half_depth"] + 0.4 * off, body["pelvis_half_width"] + 0.3 * off, 0.05 * h)
    parts.append(ball("bottom", "pelvis", (0, 0, -0.01 * h), seat_ring))
    if clothes.hood:
        parts.append(
            ball("top", "chest", (-0.06 * h * 0.8, 0, upper + 0.01), (0.035 * h, 0.05 * h, 0.03 * h))
        )
    return parts


def _trapezius(body: Body, sign: float) -> Blob:
    """Return where the muscle from shoulder to neck ends: it slopes by about 20 degrees."""
    h, top = body.stature_m, (1 - SPINE) * body["torso"]
    beside = 0.55 * body["neck_radius"]
    return Blob(
        "chest", (-0.018, sign * beside, top + 0.036 * h), (0.024 * h, 0.60 * body["neck_radius"], 0.016 * h)
    )


def _collar(body: Body, clothes: Clothes) -> Part:
    """Return the garment round the neck, or the neck's own root where there is no collar."""
    r, top = body["neck_radius"], (1 - SPINE) * body["torso"]
    base = Blob("chest", (-0.012, 0, top + 0.022 * body.stature_m), (1.15 * r, 1.22 * r, 0.012))
    rise = Blob(
        "neck", (0, 0, 0.012 + clothes.collar_m), (1.05 * r, 1.08 * r, 0.008 + 0.3 * clothes.collar_m)
    )
    return Part("top" if clothes.collar_m > 0.005 else "skin", base, rise)


def _head(body: Body) -> list[Part]:
    w, d, t = body["head_half_width"], body["head_half_depth"], body["head_half_height"]
    centre = 0.95 * t
    neck_top = limb(
        "skin",
        "neck",
        ((0, 0, -0.02), body["neck_radius"]),
        ((0.004, 0, body["neck"]), 0.92 * body["neck_radius"]),
    )
    skull = Blob("head", (-0.08 * d, 0, centre + 0.18 * t), (0.92 * d, w, 0.80 * t))
    jaw = Blob("head", (0.30 * d, 0, centre - 0.52 * t), (0.48 * d, 0.62 * w, 0.44 * t))
    nose = Part("skin", Blob("head", (0.86 * d, 0, centre + 0.05 * t), (0.10 * d, 0.09 * w, 0.1 * t)),
                Blob("head", (1.0 * d, 0, centre - 0.18 * t), (0.12 * d, 0.16 * w, 0.09 * t)))  # fmt: skip
    parts = [neck_top, Part("skin", skull, jaw), nose]
    for _, sign in SIDES:
        parts.append(
            ball(
                "skin", "head", (-0.02 * d, sign * 1.0 * w, centre - 0.05 * t), (0.16 * d, 0.10 * w, 0.20 * t)
            )
        )
        parts.append(
            ball(
                "eye", "head", (0.80 * d, sign * 0.38 * w, centre + 0.10 * t), (0.06 * d, 0.15 * w, 0.06 * t)
            )
        )
    return parts + _hair(body, centre)


def _hair(body: Body, centre: float) -> list[Part]:
    w, d, t = body["head_half_width"], body["head_half_depth"], body["head_half_height"]
    v = body["hair_volume"]
    if body.hair == "bald":
        return []
    crown: Triple = (-0.20 * d, 0, centre + 0.28 * t)
    cap = Blob("head", crown, (0.90 * d + v, w + v, 0.80 * t + v))
    front = Blob("head", (0.20 * d, 0, centre + 0.66 * t), (0.6 * d, 0.72 * w, 0.3 * t + v))
    cover = "bag" if body.hair == "cap" else "top" if body.hair == "hood" else "hair"
    parts = [Part(cover, cap, front)]
    nape = Blob("head", (-0.55 * d, 0, centre - 0.35 * t), (0.42 * d + v, 0.82 * w + v, 0.3 * t))
    if body.hair == "hood":
        shell = Blob("head", (-0.42 * d, 0, centre + 0.22 * t), (0.85 * d + v, w + v + 0.01, 0.86 * t + v))
        parts = [Part(cover, shell, Blob("neck", (-0.05, 0, -0.01), (0.045, 0.065, 0.03)))]
    elif body.hair == "cap":
        parts.append(ball(cover, "head", (0.95 * d, 0, centre + 0.45 * t), (0.55 * d, 0.8 * w, 0.07 * t)))
        parts.append(Part("hair", ball("hair", "head", crown, 0.6 * w).a, nape))
    else:
        parts.append(Part("hair", ball("hair", "head", crown, (0.7 * d + v, 0.96 * w + v, 0.5 * t)).a, nape))
    if body.hair == "long":
        ends = Blob("neck", (-0.045, 0, -0.01), (0.03 + v, 0.055 + v, 0.05))
        parts.append(Part("hair", nape, ends))
    if body.hair == "bun":
        parts.append(ball("hair", "head", (-1.05 * d, 0, centre + 0.45 * t), 0.035 + v))
    if body.hair == "ponytail":
        tail = Blob("head", (-1.25 * d, 0, centre - 0.9 * t), (0.02, 0.022, 0.05))
        parts.append(Part("hair", Blob("head", (-0.95 * d, 0, centre + 0.3 * t), (0.03, 0.03, 0.03)), tail))
    return parts


def _arm(body: Body, clothes: Clothes, side: str) -> list[Part]:
    def cloth(at: float) -> float:
        return clothes.sleeve_m if at <= clothes.sleeve else 0.0

    def fabric(at: float) -> str:
        return "sleeve" if at <= clothes.sleeve else "skin"

    upper, fore = body["upper_arm"], body["forearm"]
    bicep = ((0.0, 0.0, -0.45 * upper), body["upper_arm_radius"] * 0.98 + cloth(0.2))
    elbow = ((0.0, 0.0, -upper), body["elbow_radius"] + cloth(0.5))
    muscle = ((0.0, 0.0, -0.28 * fore), body["forearm_radius"] + cloth(0.7))
    wrist = ((0.0, 0.0, -fore), body["wrist_radius"] + 1.2 * cloth(0.95))
    palm = Blob(f"{side}_hand", (0, 0, -0.35 * body["hand"]), (0.014, 0.026, 0.038))
    fingers = Blob(f"{side}_hand", (0.012, 0, -0.78 * body["hand"]), (0.014, 0.022, 0.022))
    drop = 0.35 * body["upper_arm_radius"]
    shoulder = ((0.0, 0.0, -drop), body["upper_arm_radius"] * 1.05 + cloth(0.0))
    thumb = ball("skin", f"{side}_hand", (0.028, 0, -0.35 * body["hand"]), (0.010, 0.010, 0.024))
    return [
        limb(fabric(0.1), f"{side}_upper_arm", shoulder, bicep),
        limb(fabric(0.45), f"{side}_upper_arm", bicep, elbow),
        limb(fabric(0.65), f"{side}_forearm", ((0, 0, 0), elbow[1]), muscle),
        limb(fabric(0.95), f"{side}_forearm", muscle, wrist),
        Part("skin", palm, fingers),
        thumb,
    ]


def _leg(body: Body, clothes: Clothes, side: str, sign: float) -> list[Part]:
    def cloth(at: float) -> float:
        return clothes.trouser_m * (1 - at) + clothes.flare_m * at if at <= clothes.leg else 0.0

    def fabric(at: float) -> str:
        return "bottom" if at <= clothes.leg else "skin"

    thigh, shank = body["thigh"], body["shank"]
    groin = ((0.0, sign * 0.002, -0.02), body["thigh_radius"] * 1.04 + cloth(0.0))
    middle = ((0.008, 0.0, -0.5 * thigh), body["thigh_radius"] * 0.84 + cloth(0.05))
    knee = ((0.006, 0.0, -thigh), body["knee_radius"] + cloth(0.45))
    calf = ((-0.012, 0.0, -0.28 * shank), body["calf_radius"] + cloth(0.65))
    ankle = ((0.0, 0.0, -0.97 * shank), body["ankle_radius"] + 1.1 * cloth(1.0))
    parts = [
        limb(fabric(0.05), f"{side}_thigh", groin, middle),
        limb(fabric(0.4), f"{side}_thigh", middle, knee),
        limb(fabric(0.6), f"{side}_shank", ((0.006, 0, 0), knee[1]), calf),
        limb(fabric(1.0), f"{side}_shank", calf, ankle),
    ]
    return parts + _shoe(body, clothes, side)


def _shoe(body: Body, clothes: Clothes, side: str) -> list[Part]:
    length, sole, s = body["foot_length"], body["ankle_height"], clothes.shoe_m
    wide, foot = body["foot_half_width"] + 0.5 * s, f"{side}_foot"
    low = 0.42 * sole + 0.5 * s
    heel = Blob(foot, (-0.13 * length, 0, -sole + low), (0.12 * length + s, 0.80 * wide, low))
    instep = Blob(foot, (0.12 * length, 0, -0.45 * sole), (0.12 * length, 0.75 * wide, 0.5 * sole))
    tread = Blob(foot, (0.46 * length, 0, -sole + 0.8 * low), (0.12 * length, wide, 0.8 * low))
    collar = Blob(foot, (-0.02, 0, 0), (body["ankle_radius"] + s, body["ankle_radius"] * 0.9 + s, 0.02))
    toe = Blob(
        f"{side}_toes",
        (0.12 * length, 0, -0.25 * sole + 0.55 * low),
        (0.11 * length + s, 0.88 * wide, 0.6 * low),
    )
    flat = Blob(foot, (-0.14 * length, 0, -sole + 0.006), (0.11 * length + s, 0.8 * wide, 0.007))
    flat_ball = Blob(foot, (0.46 * length, 0, -sole + 0.006), (0.10 * length, wide, 0.007))
    parts = [
        Part("shoe", heel, instep),
        Part("shoe", instep, tread),
        Part("shoe", heel, collar),
        Part("shoe", tread, toe),
        Part("sole", flat, flat_ball),
    ]
    if clothes.heel_m > 0.01:
        parts.append(ball("sole", foot, (-0.17 * length, 0, -sole), (0.02, 0.02, 0.5 * clothes.heel_m)))
    return parts
