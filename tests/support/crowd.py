"""Generated detection streams: people on a ground plane seen by a pinhole camera and an imperfect detector.

Independent of the developers' fixtures; the trackers' defaults were chosen on these. Seeded throughout.
"""

from dataclasses import dataclass, field

import numpy as np

WIDTH, HEIGHT = 1280, 720


@dataclass(frozen=True)
class Scene:
    """What happens and how badly it is seen."""

    people: int = 10
    frames: int = 250
    frame_rate: float = 25.0
    wander: float = 0.25  # rad/sqrt(s): how the heading drifts
    stop_rate: float = 0.03  # stops per second
    turn_rate: float = 0.03  # sudden turns per second
    visits: bool = False  # people come and go instead of staying
    false_rate: float = 0.05  # false boxes per frame, some staying a while
    double_rate: float = 0.0  # chance of a second box on the same person
    miss_rate: float = 0.02  # chance that a burst of misses begins
    miss_s: float = 0.12  # mean length of a burst
    blackouts: tuple[tuple[float, float], ...] = ()  # seconds without any detection: (from, length)
    noise: float = 0.02  # of the box's size
    pan_px: float = 0.0  # amplitude of a swinging camera
    base_score: float = 0.88
    seed: int = 0


@dataclass(frozen=True)
class Stream:
    """Detections per frame (xyxy, scores) and the truth, rows frame from 1, id, x, y, w, h."""

    frames: list = field(repr=False)
    truth: np.ndarray = field(repr=False)
    frame_rate: float
    cameras: list = field(repr=False)


def _walk(scene, rng):
    """Return ground positions (frames, people, 2) in metres and presence (frames, people)."""
    n, dt = scene.people, 1 / scene.frame_rate
    low, high = np.array([-7.0, 6.0]), np.array([7.0, 22.0])
    place = rng.uniform(low, high, (n, 2))
    heading = rng.uniform(0, 2 * np.pi, n)
    speed = rng.normal(1.3, 0.2, n).clip(0.7, 1.9)
    pause = np.zeros(n)
    begin = np.zeros(n, int)
    end = np.full(n, scene.frames)
    if scene.visits:
        begin = rng.integers(-scene.frames // 3, scene.frames * 2 // 3, n)
        end = begin + rng.integers(scene.frames // 4, scene.frames, n)
        place[:, 0] = rng.choice([-1, 1], n) * rng.uniform(5, 8, n)
        heading = np.where(place[:, 0] > 0, np.pi, 0) + rng.normal(0, 0.4, n)
    places, present = [], []
    for frame in range(scene.frames):
        active = (frame >= begin) & (frame < end)
        heading += rng.normal(0, scene.wander * np.sqrt(dt), n)
        sudden = rng.random(n) < scene.turn_rate * dt
        heading[sudden] += rng.choice([-1, 1], n)[sudden] * rng.uniform(1.2, 3.1, n)[sudden]
        pause = np.where(rng.random(n) < scene.stop_rate * dt, rng.uniform(0.5, 3, n), pause - dt)
        step = np.stack([np.cos(heading), np.sin(heading)], 1) * (speed * dt * (pause <= 0))[:, None]
        place = place + step * active[:, None]
        if not scene.visits:
            outside = ((place < low) & (step < 0)) | ((place > high) & (step > 0))
            heading = np.where(outside[:, 0], np.pi - heading, heading)
            heading = np.where(outside[:, 1], -heading, heading)
        places.append(place.copy())
        present.append(active)
    return np.array(places), np.array(present)


def _project(scene, rng, places):
    """Return boxes (frames, people, 4) xyxy and depths (frames, people)."""
    tall = rng.normal(1.72, 0.09, scene.people)
    phase = rng.uniform(0, 2 * np.pi, scene.people)
    time = np.arange(scene.frames)[:, None] / scene.frame_rate
    focal, camera_height, tilt = 900.0, rng.uniform(2.2, 4.5), 0.12
    x, z = places[..., 0], places[..., 1]

    def down(height):
        up = camera_height - height
        return HEIGHT / 2 + focal * (up * np.cos(tilt) - z * np.sin(tilt)) / (
            z * np.cos(tilt) + up * np.sin(tilt)
        )

    top, feet = down(tall), down(0.0)
    pan = scene.pan_px * np.sin(2 * np.pi * time / 4 + rng.uniform(0, 6))
    middle = WIDTH / 2 + focal * x / z + pan
    wide = (feet - top) * (0.36 + 0.07 * np.sin(2 * np.pi * 1.8 * time + phase))
    boxes = np.stack([middle - wide / 2, top, middle + wide / 2, feet], -1)
    return boxes, z, pan[:, 0]


def _visible(boxes, depth, present):
    """Return how much of every person is seen past nearer ones and the picture's edge, (people,)."""
    grid = (np.stack(np.meshgrid(np.arange(8), np.arange(16)), -1).reshape(-1, 2) + 0.5) / (8, 16)
    points = boxes[:, None, :2] + grid * (boxes[:, None, 2:] - boxes[:, None, :2])
    free = ((points >= 0) & (points < (WIDTH, HEIGHT))).all(-1)
    centre, half = (boxes[:, :2] + boxes[:, 2:]) / 2, (boxes[:, 2:] - boxes[:, :2]) / 2
    reach = ((points[:, :, None] - centre) / half) ** 2  # people hide like ellipses
    nearer = (depth[None, :] < depth[:, None]) & present[None, :]
    hidden = ((reach.sum(-1) < 1) & nearer[:, None, :]).any(-1)
    return (free & ~hidden).mean(1)


def _suppress(boxes, scores, limit=0.7):
    """Non-maximum suppression, as every detector does it."""
    keep = []
    for i in np.argsort(-scores):
        if all(_iou(boxes[i], boxes[j]) <= limit for j in keep):
            keep.append(i)
    return np.array(keep, int)


def _iou(a, b):
    size = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    both = size.clip(0).prod()
    return both / ((a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod() - both)


def generate(scene: Scene) -> Stream:
    """Make one stream."""
    rng = np.random.default_rng(scene.seed)
    places, present = _walk(scene, rng)
    boxes, depth, pan = _project(scene, rng, places)
    n = scene.people
    drift, mood, missing = np.zeros((n, 4)), np.zeros(n), np.zeros(n)
    ghosts = []
    frames, truth, cameras = [], [], []
    for t in range(scene.frames):
        size = np.repeat((boxes[t, :, 2:] - boxes[t, :, :2]), 2, axis=0).reshape(n, 4)
        in_picture = (boxes[t, :, 2] > 8) & (boxes[t, :, 0] < WIDTH - 8) & (boxes[t, :, 1] < HEIGHT - 20)
        there = present[t] & in_picture
        seen = _visible(boxes[t], depth[t], there)
        truth.extend(
            [t + 1, i + 1, *boxes[t, i, :2], *(boxes[t, i, 2:] - boxes[t, i, :2])]
            for i in np.flatnonzero(there)
        )
        drift = 0.6 * drift + 0.8 * rng.normal(0, scene.noise, (n, 4)) * (1 + 2 * (1 - seen))[:, None]
        mood = 0.8 * mood + 0.6 * rng.normal(0, 0.05, n)
        missing = np.where(
            rng.random(n) < scene.miss_rate, rng.exponential(scene.miss_s, n) * scene.frame_rate, missing - 1
        )
        score = scene.base_score + mood - 0.9 * (1 - seen) ** 1.3
        found = there & (missing <= 0) & (score > 0.08) & (rng.random(n) < 0.99)
        second = t / scene.frame_rate
        if any(a <= second < a + length for a, length in scene.blackouts):
            found[:] = False
        xyxy, scores = (boxes[t] + drift * size)[found], score[found]
        doubles = rng.random(len(xyxy)) < scene.double_rate
        wobble = rng.normal(0, 0.06, (int(doubles.sum()), 4)) * size[found][doubles]
        xyxy = np.concatenate([xyxy, xyxy[doubles] + wobble])
        scores = np.concatenate([scores, scores[doubles] - rng.uniform(0.02, 0.3, int(doubles.sum()))])
        for _ in range(rng.poisson(scene.false_rate)):
            tall = rng.uniform(60, 220)
            corner = rng.uniform((0, 0), (WIDTH - 90, HEIGHT - tall))
            ghosts.append(
                [rng.geometric(0.4), *corner, *(corner + np.array([0.4, 1]) * tall), rng.beta(2, 3)]
            )
        if ghosts:
            false = np.array([g[1:] for g in ghosts])
            xyxy = np.concatenate([xyxy, false[:, :4] + rng.normal(0, 2, (len(false), 4))])
            scores = np.concatenate([scores, false[:, 4]])
            ghosts = [[g[0] - 1, *g[1:]] for g in ghosts if g[0] > 1]
        xyxy = xyxy.clip(0, (WIDTH, HEIGHT, WIDTH, HEIGHT))
        good = (scores > 0.05) & (xyxy[:, 2] - xyxy[:, 0] > 4) & (xyxy[:, 3] - xyxy[:, 1] > 8)
        xyxy, scores = xyxy[good], scores[good].clip(0, 1)
        keep = _suppress(xyxy, scores, 0.9 if scene.double_rate else 0.7)
        frames.append((xyxy[keep].astype(np.float32).reshape(-1, 4), scores[keep].astype(np.float32)))
        cameras.append(np.array([[1, 0, pan[t] - pan[max(t - 1, 0)]], [0, 1, 0]]))
    return Stream(frames, np.array(truth), scene.frame_rate, cameras)


SCENES = {
    "street": Scene(people=8),
    "crowd": Scene(people=28),
    "visits": Scene(people=24, visits=True),
    "misses": Scene(people=10, miss_rate=0.10, miss_s=0.3),
    "false": Scene(people=8, false_rate=2.0),
    "blackout": Scene(people=7, blackouts=((2, 0.6), (5, 1.3))),
    "erratic": Scene(people=8, wander=1.2, stop_rate=0.3, turn_rate=0.35, noise=0.03),
    "slow": Scene(people=9, frame_rate=6.0, frames=200),
    "pan": Scene(people=10, pan_px=160.0),
    "doubles": Scene(people=9, double_rate=0.15),
    "faint": Scene(people=9, base_score=0.58, noise=0.03),
}
