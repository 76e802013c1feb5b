"""People who walk side by side: how much of each is covered, and by how many tracks, two packs in one run.

usage: ./run bench groups [--pack light --pack builtin] [--films 12] [--out DIR]

Generated films of three to five people in a row, from all sides; who is less than 0.3 visible is excused.
The row is what videos of groups are made of, and where masks and boxes of neighbours run together.
"""

from __future__ import annotations

import argparse
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from gaitway.adapters.video.sink import VideoWriter
from gaitway.config import Settings
from gaitway.synthetic.camera import look_at
from gaitway.synthetic.scene import Actor, Scene, SceneConfig, mot_lines
from gaitway.synthetic.walker import Path as Way
from gaitway.synthetic.walker import sample_walker
from gaitway.wiring.tracking import track_videos
from support.coverage import measure, read_rows

SIZE_WH = (854, 480)
SECONDS, RATE = 7.0, 25
GAP_M = 0.65  # between neighbours: shoulders nearly touch
MIN_VISIBLE = 0.3


def group(number: int) -> Scene:
    """Return a scene of people side by side, seen from a side that ``number`` chooses."""
    rng = np.random.default_rng([number, 88])
    walkers = [sample_walker(rng) for _ in range(3 + number % 3)]
    way = float(np.mean([walker.speed_mps for walker in walkers])) * SECONDS
    actors = []
    for i, walker in enumerate(walkers):
        beside = (i - (len(walkers) - 1) / 2) * GAP_M + rng.normal(0, 0.1)
        start = (float(-way / 2 + rng.uniform(-1, 1)), float(beside))
        actors.append(Actor(f"p{i}", walker, Way(start, 0.0), 0.0, number * 10 + i))
    side = np.radians(30.0 * number)  # 0 sees their faces, 90 their left, 180 their backs
    far = rng.uniform(9, 13) + 0.5 * way * abs(np.cos(side))
    eye = np.array([far * np.cos(side), far * np.sin(side), rng.uniform(1.8, 4.5)])
    camera = look_at(eye, np.array([0.0, 0.0, 0.85]), float(rng.uniform(700, 900)), SIZE_WH)
    facing = float(np.arctan2(-eye[1], -eye[0]))
    return Scene(
        tuple(actors),
        camera,
        SceneConfig(SECONDS, RATE, wall_m=0.5 * way + 3, facing=facing, seed=number),
    )


def film(number: int, folder: Path) -> Path:
    """Write a film and its truth; return the film."""
    path = folder / f"group{number:02d}.mp4"
    frames = list(group(number).frames())
    with VideoWriter(path, SIZE_WH, Fraction(RATE)) as writer:
        for index, frame in enumerate(frames):
            writer.write(frame.image_rgb, index / RATE)
    lines = []
    for line in mot_lines(iter(frames)):
        row = line.split(",")
        row[6] = "1" if float(row[8]) >= MIN_VISIBLE else "0"
        lines.append(",".join(row))
    path.with_suffix(".txt").write_text("\n".join(lines))
    return path


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pack", action="append", help="repeatable")
    parser.add_argument("--films", type=int, default=12)
    parser.add_argument("--out", type=Path, default=Path("groups"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    films = [film(number, options.out) for number in range(options.films)]
    print("| pack | film | covered, each person | by one track | switches | false tracks > 1 s |")
    print("| --- | --- | --- | --- | --- | --- |")
    for pack in options.pack or ["light", "builtin"]:
        out = options.out / pack
        track_videos(films, out, settings=Settings(pack=pack, video=False))
        covered, by_one, switches = [], [], 0
        for path in films:
            tracks = read_rows(out / "OutputVideos" / "latest" / path.with_suffix(".txt").name)
            found = measure(read_rows(path.with_suffix(".txt")), tracks, RATE)
            covered += list(found.covered.values())
            by_one += list(found.by_one.values())
            switches += found.switches
            each = " | ".join(
                " ".join(f"{v:.2f}" for v in part.values()) for part in (found.covered, found.by_one)
            )
            print(f"| {pack} | {path.stem} | {each} | {found.switches} | {len(found.false_tracks)} |")
        print(f"| {pack} | all | {np.mean(covered):.3f} | {np.mean(by_one):.3f} | {switches} | |", flush=True)


if __name__ == "__main__":
    main()
