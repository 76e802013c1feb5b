"""How well encoders tell recorded people apart by their motion, pair by pair, other views only.

usage: ./run bench recorded_people --mocap BVH_FOLDER --people 08 10 12 [--weights FILE ...]

Every recording of the named people (``<person>_<number>.bvh``) is drawn from six sides, on one body and on a
body each, and every pair of two recordings in two views is compared: the chance that a pair of one person is
nearer than one of two, and how many standard deviations lie between. Name people whose styles the weights
were not trained on (decision 0035). Without --weights: energy images, the untrained network and ours.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float

from gaitway.errors import InputError
from gaitway.protocols import Encoder
from gaitway.recognition.distance import distance_matrix
from gaitway.silhouettes.align import align_all
from gaitway.synthetic.benchmark import VIEWS_DEG
from gaitway.synthetic.bvh import gait_angles, read_bvh
from gaitway.synthetic.figure import Clothes, dress
from gaitway.synthetic.population import person
from gaitway.synthetic.recorded import BODIES, middle
from gaitway.synthetic.shapes import PartSet
from gaitway.synthetic.shot import View, film_pose
from gaitway.synthetic.skeleton import pose_body
from gaitway.training.calibrate import pair_auc
from recognition import encoders, trained


class Drawn(NamedTuple):
    """Recordings drawn from several sides: their silhouettes, whose, which recording, which view."""

    walks: list[np.ndarray]
    who: np.ndarray
    recording: np.ndarray
    view: np.ndarray


def draw(folder: Path, people: Sequence[str], *, own_body: bool) -> Drawn:
    """Draw every recording of ``people`` from every second of the eleven views."""
    rows: list[tuple[np.ndarray, int, int, float]] = []
    for number, name in enumerate(people):
        body = person(number if own_body else 0, BODIES).body
        parts = PartSet(dress(body, Clothes()))
        for path in sorted(folder.glob(f"{name}_*.bvh")):
            recording = read_bvh(path)
            pose = pose_body(body, middle(gait_angles(recording), recording.frame_rate))
            for azimuth in VIEWS_DEG[::2]:
                masks = film_pose(parts, pose, body.stature_m, View(float(azimuth), 6.0, 9.0, 90.0))
                rows.append((align_all(list(masks))[0], number, len(rows) // len(VIEWS_DEG[::2]), azimuth))
    walks, who, recording_of, view = zip(*rows, strict=True) if rows else ((), (), (), ())
    if len(set(who)) < len(people) or len(people) < 2:
        raise InputError(f"{folder.name!r} lacks recordings of {people}: name two people or more it has")
    return Drawn(list(walks), np.array(who), np.array(recording_of), np.array(view))


def pairs_of(encoder: Encoder, drawn: Drawn) -> tuple[Float[np.ndarray, " s"], Float[np.ndarray, " o"]]:
    """Return the distances of pairs of one person and of two people; other recordings, other views."""
    embedded = encoder.encode(drawn.walks)
    apart = distance_matrix(embedded, embedded, "cos").astype(np.float64)
    a, b = np.triu_indices(len(drawn.who), 1)
    kept = (drawn.recording[a] != drawn.recording[b]) & (drawn.view[a] != drawn.view[b])
    is_same = drawn.who[a] == drawn.who[b]
    return apart[a, b][kept & is_same], apart[a, b][kept & ~is_same]


def main() -> None:
    """Run and print both tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mocap", type=Path, required=True)
    parser.add_argument("--people", nargs="+", required=True)
    parser.add_argument("--weights", type=Path, nargs="*", default=[])
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    tested = encoders(None)
    for path in chosen.weights:
        tested[str(path)] = trained(path)
    for title, own_body in (("One body", False), ("A body each", True)):
        drawn = draw(chosen.mocap, chosen.people, own_body=own_body)
        print(f"\n{title}: {len(chosen.people)} people, {len(set(drawn.recording))} recordings\n")
        print("| | AUC of pairs | standard deviations apart |\n| --- | --- | --- |")
        for name, encoder in tested.items():
            same, other = pairs_of(encoder, drawn)
            apart = (other.mean() - same.mean()) / np.sqrt((same.var() + other.var()) / 2)
            print(f"| {name} | {pair_auc(-same, -other):.3f} | {apart:.2f} |", flush=True)


if __name__ == "__main__":
    main()
