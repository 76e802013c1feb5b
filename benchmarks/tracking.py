"""Frames per CPU-second of tracking 5 to 500 people: vectorised against one object per track, in one run.

./run bench tracking
"""

import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from gaitway.tracking.bytetrack import ByteTracker
from support.plain_bytetrack import PlainByteTrack

PEOPLE = (5, 20, 50, 200, 500)
FRAMES = {5: 300, 20: 200, 50: 120, 200: 40, 500: 20}
ROUNDS = 3
PICTURE = np.array([1920.0, 1080.0])


def walkers(people: int, frames: int, seed: int = 0) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return detections of people who walk all over a picture: noise, occlusion-low scores, 2 % missed."""
    rng = np.random.default_rng(seed)
    height = rng.uniform(60, 160, people)
    size = np.stack([0.4 * height, height], 1)
    place = rng.uniform(0, PICTURE - size)
    speed = rng.normal(0, 0.012, (people, 2)) * height[:, None]
    out = []
    for _ in range(frames):
        place = place + speed
        speed = np.where((place < 0) | (place + size > PICTURE), -speed, speed)
        corner = place + rng.normal(0, 0.01, (people, 2)) * height[:, None]
        scores = rng.normal(0.8, 0.12, people).clip(0.15, 0.99)
        seen = rng.random(people) > 0.02
        order = np.argsort(-scores[seen])
        boxes = np.concatenate([corner, corner + size], 1)[seen][order]
        out.append((boxes.astype(np.float32), scores[seen][order].astype(np.float32)))
    return out


def rate(make: Callable[[], Any], stream: list[tuple[np.ndarray, np.ndarray]]) -> float:
    """Return frames per CPU-second, best of ``ROUNDS``."""
    best = 0.0
    for _ in range(ROUNDS):
        tracker = make()
        tracker.update(*stream[0])
        start = time.process_time()
        for frame in stream[1:]:
            tracker.update(*frame)
        best = max(best, (len(stream) - 1) / (time.process_time() - start))
    return best


def main() -> None:
    contenders: dict[str, Callable[[], Any]] = {
        "one object per track": PlainByteTrack,
        "ByteTracker(compat=True)": partial(ByteTracker, compat=True),
        "ByteTracker()": ByteTracker,
    }
    print(
        f"{'people':>8}"
        + "".join(f"{name:>28}" for name in contenders)
        + "   frames per CPU-second (times plain)"
    )
    for people in PEOPLE:
        stream = walkers(people, FRAMES[people])
        rates = [rate(make, stream) for make in contenders.values()]
        cells = "".join(f"{r:>18.0f} ({r / rates[0]:6.1f}x)" for r in rates)
        print(f"{people:>8}{cells}")


if __name__ == "__main__":
    main()
