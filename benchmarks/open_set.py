"""Open-set figures of the encoders on generated walkers, half of whom are strangers.

usage: ./run bench open_set [--people 1000] [--walks 4] [--encoder gei --encoder gait-template] [--out DIR]

Thresholds are fitted on some people and measured on as many others, in the same walks for every encoder. The
defaults take some ten minutes on one core; the table goes into docs/measurements.md.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from gaitway.protocols import Encoder
from gaitway.reporting.det import draw_det
from gaitway.synthetic.filmed import filmed_people
from gaitway.wiring.calibrate import Labelled, curve, fit_and_measure
from gaitway.wiring.stages import Networks, make_encoder


def encoded(encoders: dict[str, Encoder], people: int, walks: int, seed: int) -> dict[str, Labelled]:
    """Film people once and encode every walk with every encoder."""
    persons: list[int] = []
    embeddings: dict[str, list[np.ndarray]] = {name: [] for name in encoders}
    for person, film in filmed_people(people, walks, seed):
        persons.append(person)
        for name, encoder in encoders.items():
            embeddings[name].append(encoder.encode([film])[0])
    return {name: (np.array(persons, np.int64), np.stack(found)) for name, found in embeddings.items()}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, default=1000, help="to fit on, and to measure on")
    parser.add_argument("--walks", type=int, default=4, help="of each; the first enrols")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--encoder", action="append", help="repeatable")
    parser.add_argument("--out", type=Path, default=Path("calibration"))
    options = parser.parse_args()
    begun = time.perf_counter(), time.process_time()
    networks = Networks("f32", options.threads)
    encoders = {name: make_encoder(name, networks) for name in options.encoder or ["gei", "gait-template"]}
    fit = encoded(encoders, options.people, options.walks, options.seed)
    test = encoded(encoders, options.people, options.walks, options.seed + 1)
    print(f"{options.people} people to fit on and {options.people} to measure on, {options.walks} walks each")
    print(
        "| encoder | people enrolled | FPIR asked | FPIR measured | FNIR |\n| --- | --- | --- | --- | --- |"
    )
    curves = []
    for name, encoder in encoders.items():
        outcome = fit_and_measure(fit[name], test[name], encoder.model_id, "generated walkers")
        for point in outcome.operating_points:
            print(f"| `{name}` | {point.people} | {point.asked:.1%} | {point.fpir} | {point.fnir} |")
        curves.append(curve(test[name], name))
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "det.png").write_bytes(draw_det(*curves))
    wall, cpu = time.perf_counter() - begun[0], time.process_time() - begun[1]
    print(f"{wall:.0f} s, {cpu:.0f} s CPU; {options.out / 'det.png'}")


if __name__ == "__main__":
    main()
