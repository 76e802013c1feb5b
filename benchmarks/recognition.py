"""How well the default encoder knows walkers, beside chance, the energy image and an untrained network.

usage: ./run bench recognition [--mocap BVH_FOLDER] [--clips OUT --truth GT_FOLDER] [--weights FILE]

Prints Markdown tables: held-out walkers and look-alikes per condition and view with 95 % intervals, the open
set, what deciding a video as a whole is worth, what a walk costs; with --mocap recorded motion on our bodies;
with --clips (an output folder of ``gaitway identify``) and --truth (boxes ``frame,person,x,y,w,h,flag``, one
file a video) pairs of real videos of the same people. The same every time. About seven minutes of one core.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from calibrate_matching import REPORTED
from real_clips import DRAW, FRAMES, embed_clips, read_clips, score_clips
from safetensors.torch import load_file
from scene_statistics import print_scene_statistics
from torch.utils.flop_counter import FlopCounterMode

from gaitway.models.gait_template import GaitTemplateNet
from gaitway.protocols import Encoder
from gaitway.recognition.calibration import calibration_for
from gaitway.recognition.gei import GeiEncoder, load_projection
from gaitway.recognition.learned import WEIGHTS, default_network
from gaitway.synthetic.benchmark import BenchmarkConfig, LabelledWalk, benchmark_walks
from gaitway.synthetic.population import PopulationConfig
from gaitway.synthetic.recorded import recorded_walks
from gaitway.training.calibrate import calibration_cases, open_set
from gaitway.training.evaluate import CrossView, Decisions, NetworkEncoder, decide, embed, summary
from gaitway.wiring.stages import Networks, make_encoder

ALIKE = PopulationConfig(seed=88_000, alike=1.0)

GAITBASE_GFLOPS = 2.36  # a frame, as published; multiply-adds, so ours are counted so too


def encoders(weights: Path | None) -> dict[str, Encoder]:
    """Return energy images, plain and projected, the untrained network (the control) and ours."""
    torch.manual_seed(0)
    found: dict[str, Encoder] = {
        "energy image": GeiEncoder(),
        "energy image, projected": GeiEncoder(projection=load_projection()),
        "untrained network": NetworkEncoder(GaitTemplateNet()),
    }
    found["ours"] = (
        trained(weights) if weights else trained(WEIGHTS / "gait_template.safetensors", default_network()[1])
    )
    return found


def trained(weights: Path, model_id: str | None = None) -> Encoder:
    """Return our network with the weights of a training, called by their file if not otherwise."""
    net = GaitTemplateNet()
    net.load_state_dict(load_file(weights))
    return NetworkEncoder(net, model_id or weights.name)


def _row(name: str, result: CrossView) -> str:
    shares = [
        f"{value:.1f} ({result.interval[kind][0]:.0f}-{result.interval[kind][1]:.0f})"
        for kind, value in result.by_condition.items()
    ]
    return f"| {name} | {' | '.join(shares)} | {result.front_back:.1f} | {result.same_view:.1f} |"


def print_cross_view(title: str, walks: Sequence[LabelledWalk], tested: dict[str, Encoder]) -> None:
    """Print one test for all encoders, and ours by view."""
    decisions = {name: decide(embed(encoder, walks), walks) for name, encoder in tested.items()}
    results = {name: summary(found) for name, found in decisions.items()}
    people = len({walk.person for walk in walks})
    kinds = list(results["ours"].by_condition)
    print(f"\n{title}: {people} people, {len(walks)} walks; rank-1 %, views differ, 95 % over people\n")
    print(f"| | {' | '.join(kinds)} | front and back probes | same view |\n|{' --- |' * (len(kinds) + 3)}")
    print(f"| chance |{f' {100 / people:.1f} |' * (len(kinds) + 2)}")
    for name, result in results.items():
        print(_row(name, result), flush=True)
    print_views(decisions["ours"], kinds)


def print_views(found: Decisions, kinds: Sequence[str]) -> None:
    """Print rank-1 by probe view and condition."""
    views = np.unique(found.probe_view)
    print(f"\n| ours, probe view | {' | '.join(f'{view:.0f}' for view in views)} |")
    print(f"|{' --- |' * (len(views) + 1)}")
    for kind in kinds:
        chosen = [found.crosses & (found.condition == kind) & (found.probe_view == view) for view in views]
        print(f"| {kind} | {' | '.join(f'{100 * found.right[mask].mean():.0f}' for mask in chosen)} |")


def print_open_set(tested: dict[str, Encoder]) -> None:
    """Print what calibrated scores say about people whom the gallery does not have."""
    print(
        f"\nOpen set: {REPORTED.scenes} generated scenes, a camera for gallery and probe, every probe alone\n"
    )
    print("| | known named right | strangers above even odds | FNIR at FPIR 10 % | AUC of pairs |")
    print("| --- | --- | --- | --- | --- |")
    for name, encoder in tested.items():
        calibration = calibration_for(encoder.model_id)
        if calibration is None:
            continue
        found = open_set(list(calibration_cases(encoder, REPORTED)), calibration)
        print(
            f"| {name} | {found.named:.1f} % of {found.known} | "
            f"{found.accepted:.1f} % of {found.strangers} | {found.fnir:.1f} % | {found.auc:.3f} |",
            flush=True,
        )


def print_clips(out: Path, truth: Path, tested: dict[str, Encoder]) -> None:
    """Print how pairs of real videos fare, by how much of each walk is seen."""
    clips = read_clips(out, truth)
    videos = sorted(clips)
    for draw in DRAW:
        frames = "all frames of" if draw == "whole" else f"{FRAMES} frames, {draw}, of"
        print(f"\nReal clips {', '.join(videos)}; {frames} a walk, mean of 8 draws, every walk by itself\n")
        print("| | right of all ordered pairs | AUC of pairs | right, views centred | AUC |")
        print("| --- | --- | --- | --- | --- |")
        for name, encoder in tested.items():
            drawn = embed_clips(encoder, clips, draw)
            found, moved = score_clips(drawn), score_clips(drawn, centred=True)
            shares = [f"{each.right:.1f} of {each.decisions} | {each.auc:.2f}" for each in (found, moved)]
            print(f"| {name} | {' | '.join(shares)} |", flush=True)
            for pair, right in found.by_pair.items():
                print(
                    f"| {name}: {pair[1]} in {pair[0]} | {right:.1f} of {found.people} | | "
                    f"{moved.by_pair[pair]:.1f} of {found.people} | |"
                )


def print_cost() -> None:
    """Print what 30 frames cost the shipped network on one core, with their mirror picture."""
    counter = FlopCounterMode(display=False)
    with counter, torch.inference_mode():
        GaitTemplateNet().eval()(torch.zeros(2, 5, 64, 44))
    gmac = counter.get_total_flops() / 2e9
    encoder = make_encoder("gait-template", Networks("f32", 1))
    walk = next(benchmark_walks(BenchmarkConfig(people=1))).silhouettes
    spent = []
    for _ in range(31):
        begun = time.process_time()
        parts = encoder.encode([walk])
        spent.append(1e3 * (time.process_time() - begun))
    middle = float(np.median(spent[1:]))
    print(
        f"\nCost: {gmac:.2f} GMAC for a piece and its mirror picture, {gmac / 24:.4f} a frame "
        f"(GaitBase {GAITBASE_GFLOPS}); {middle:.1f} ms of CPU for {len(walk)} frames (median of 30, "
        f"least {min(spent):.1f}); {parts[0].size} floats"
    )


def tests(mocap: Path | None) -> Iterator[tuple[str, list[LabelledWalk]]]:
    """Yield every cross-view test."""
    yield "Held-out walkers", list(benchmark_walks(BenchmarkConfig()))
    yield "Look-alikes in groups of four", list(benchmark_walks(BenchmarkConfig(people=24, population=ALIKE)))
    if mocap:
        yield "Recorded motion, own bodies", list(recorded_walks(mocap, own_body=True))
        yield "Recorded motion, one body", list(recorded_walks(mocap, own_body=False))


def main() -> None:
    """Run and print everything."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mocap", type=Path)
    parser.add_argument("--clips", type=Path)
    parser.add_argument("--truth", type=Path)
    parser.add_argument("--weights", type=Path, help="other weights than the shipped ones")
    parser.add_argument("--only-clips", action="store_true")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    tested = encoders(chosen.weights)
    if not chosen.only_clips:
        for title, walks in tests(chosen.mocap):
            print_cross_view(title, walks, tested)
        print_open_set(tested)
        print_scene_statistics(tested["ours"])
        print_cost()
    if chosen.clips and chosen.truth:
        print_clips(chosen.clips, chosen.truth, tested)


if __name__ == "__main__":
    main()
