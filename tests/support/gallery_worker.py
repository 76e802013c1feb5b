"""A process that changes a gallery and says each change once it is acknowledged; others kill it.

Run as: gallery_worker.py URL change SEED     until killed
        gallery_worker.py URL write|read SEED SECONDS
"""

from __future__ import annotations

import random
import sys
import time

import numpy as np

from gaitway.adapters.gallery import Decided, Gallery, Walk


def walk(rng: np.random.Generator, number: int) -> Walk:
    return Walk(rng.standard_normal((4, 64)).astype(np.float32), "model-1", video="v", track_id=number)


def say(*words: object) -> None:
    print(*words, flush=True)  # noqa: T201 - this is how the other side learns of it


def change(url: str, seed: int) -> None:
    """Enrol (3 templates each), merge and forget at random."""
    rng, choose, number = np.random.default_rng(seed), random.Random(seed), 0
    with Gallery(url) as gallery:
        known = {s.name: s.templates for s in gallery.list()}
        say("open")
        while True:
            number += 1
            what = choose.choice(["enroll", "enroll", "merge", "forget"]) if len(known) > 3 else "enroll"
            if what == "enroll":
                name = f"s{seed}n{number}"
                say("begin enroll", name)
                gallery.enroll(name, [walk(rng, number) for _ in range(3)])
                known[name] = 3
                say("done enroll", name)
                continue
            one, two = choose.sample(sorted(known), 2)
            say("begin", what, one, two)
            if what == "merge":
                gallery.merge(one, into=two)
                known[two] += known.pop(one)
            else:
                gallery.forget(one)
                del known[one]
            say("done", what, one, two)


def write(url: str, seed: int, seconds: float) -> None:
    """Enrol and record until the time is up; say how many."""
    rng, until, count = np.random.default_rng(seed), time.monotonic() + seconds, 0
    with Gallery(url) as gallery:
        while count == 0 or time.monotonic() < until:
            count += 1
            gallery.enroll(f"w{seed}-{count}", walk(rng, count))
            seen = Walk(
                walk(rng, count).parts, "model-1", video=f"v{seed}", video_sha256=str(seed), track_id=count
            )
            gallery.record([seen], [Decided("unknown")])
    say(count)


def read(url: str, seed: int, seconds: float) -> None:
    """Search and list until the time is up; the gallery never shrinks."""
    rng, until, count, least = np.random.default_rng(seed), time.monotonic() + seconds, 0, 0
    with Gallery(url) as gallery:
        while count == 0 or time.monotonic() < until:
            count += 1
            (result,) = gallery.search(walk(rng, count), k=3)
            people = gallery.list()
            if result.searched < least or len(people) < result.subjects:
                raise SystemExit(f"the gallery shrank: {least}, {result.searched}, {len(people)}")
            least = result.searched
    say(count)


if __name__ == "__main__":
    address, task, number = sys.argv[1], sys.argv[2], int(sys.argv[3])
    if task == "change":
        change(address, number)
    else:
        {"write": write, "read": read}[task](address, number, float(sys.argv[4]))
