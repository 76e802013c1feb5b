"""The published stack against a plain torch forward of the same network, side by side in one run.

    ./run bench stack [--rounds 9] [--threads 2]

Every round runs each way once, so that a busy machine slows all of them. Printed are medians and the ratio to
plain torch, by the clock and by processor time. On a busy machine torch's threads wait for each
other in loops, which flatters the ratio: believe the run only where the load printed is below the cores.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

WANTED = {  # ratio to plain torch: f32, bf16
    "YOLOX-s 640x640": (1.6, 2.5),
    "GaitBase 60 frames": (1.6, 3.0),
    "PP-HumanSeg batch 8": (1.5, None),
    "preprocess 1080p": (6.0, None),
}
Way = Callable[[], object]


def measure(ways: dict[str, Way], rounds: int) -> dict[str, tuple[float, float]]:
    """Return the median wall and processor seconds of each way, run in turns."""
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for way in ways.values():
        way()
        way()
    for _ in range(rounds):
        for name, way in ways.items():
            wall, cpu = time.perf_counter(), time.process_time()
            way()
            seconds[name].append((time.perf_counter() - wall, time.process_time() - cpu))
    return {
        name: (statistics.median(w for w, _ in runs), statistics.median(c for _, c in runs))
        for name, runs in seconds.items()
    }


def network_ways(
    network: object, shape: tuple[int, ...], dynamic: tuple[int, ...], threads: int
) -> dict[str, Way]:
    """Return a plain torch forward and the exported network in f32 and bf16."""
    import torch

    from gaitway.adapters.checkpoints.export import export_openvino
    from gaitway.adapters.runtimes.openvino import OpenVinoRuntime

    assert isinstance(network, torch.nn.Module)  # noqa: S101 - torch is imported late
    module = network.eval()
    for (
        layer
    ) in module.modules():  # torch's own start makes signals die out in deep networks, to slow tiny numbers
        if isinstance(layer, (torch.nn.Conv2d, torch.nn.Conv3d)):
            torch.nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    images = np.random.default_rng(0).random(shape, dtype=np.float32)
    tensor = torch.from_numpy(images)

    def plain() -> object:
        with torch.no_grad():
            return module(tensor)

    folder = Path(tempfile.mkdtemp())
    export_openvino(module, dynamic, shape, folder / "network.xml")
    ways: dict[str, Way] = {"torch eager": plain}
    for precision in ("f32", "bf16"):
        runtime = OpenVinoRuntime(
            folder / "network.xml", precision=precision, threads=threads, run_threads=None
        )
        if runtime.precision == precision:  # a processor without bf16 computes in f32
            ways[f"gaitway {precision}"] = lambda runtime=runtime: runtime.run(images)  # type: ignore[misc]
    return ways


def yolox(threads: int) -> dict[str, Way]:
    """YOLOX-s on one picture of 640x640."""
    from gaitway.models import build_yolox

    return network_ways(build_yolox("s"), (1, 3, 640, 640), (-1, 3, 640, 640), threads)


def gaitbase(threads: int) -> dict[str, Way]:
    """GaitBase on one walk of 60 frames."""
    from gaitway.adapters.checkpoints.opengait_yaml import GAITBASE
    from gaitway.models import build_opengait

    return network_ways(build_opengait(GAITBASE), (1, 1, 60, 64, 44), (1, 1, -1, -1, -1), threads)


def humanseg(threads: int) -> dict[str, Way]:
    """PP-HumanSegV2-Mobile on eight crops."""
    from gaitway.models import build_humanseg

    return network_ways(build_humanseg(), (8, 3, 192, 192), (-1, 3, -1, -1), threads)


def reference_preprocess(image_bgr: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Fit and normalise as ByteTrack's published steps say: whole pictures in float64, cast last."""
    scale = min(size[0] / image_bgr.shape[0], size[1] / image_bgr.shape[1])
    new_wh = (int(image_bgr.shape[1] * scale), int(image_bgr.shape[0] * scale))
    canvas = np.ones((*size, 3)) * 114.0
    canvas[: new_wh[1], : new_wh[0]] = cv2.resize(image_bgr, new_wh, interpolation=cv2.INTER_LINEAR)
    unit = (canvas[:, :, ::-1] / 255.0 - (0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225)
    return np.ascontiguousarray(unit.transpose(2, 0, 1), dtype=np.float32)


def preprocessing(threads: int) -> dict[str, Way]:
    """1080p to 800x1440, as ByteTrack normalises; checked to give the same."""
    from gaitway.detection.letterbox import preprocess

    cv2.setNumThreads(threads)
    bgr = np.random.default_rng(0).integers(0, 256, (1080, 1920, 3), dtype=np.uint8)
    rgb = np.ascontiguousarray(bgr[..., ::-1])
    size = (800, 1440)
    worst = float(np.abs(preprocess(rgb, size, "bytetrack")[0] - reference_preprocess(bgr, size)).max())
    print(f"preprocessing differs from the reference by at most {worst:.1e}")
    return {
        "torch eager": lambda: reference_preprocess(bgr, size),
        "gaitway f32": lambda: preprocess(rgb, size, "bytetrack"),
    }


def report(task: str, seconds: dict[str, tuple[float, float]]) -> dict[str, float]:
    """Print one task's times and ratios; return the ratios."""
    base = seconds["torch eager"]
    ratios = {}
    for name, (wall, cpu) in seconds.items():
        by_clock, by_cpu = base[0] / wall, base[1] / cpu
        wanted = WANTED[task][name.endswith("bf16")] if name != "torch eager" else None
        verdict = "" if wanted is None else f"   wanted {wanted:.1f}x"
        title = name if task != "preprocess 1080p" else name.replace("torch eager", "float64")
        times = f"{wall * 1e3:8.1f} ms {cpu * 1e3:8.1f} cpu-ms"
        print(f"{task:20s} {title:13s} {times} {by_clock:5.2f}x {by_cpu:5.2f}x{verdict}")
        ratios[name] = by_clock
    return ratios


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", type=Path, help="also write the ratios to this file")
    options = parser.parse_args()

    import torch

    torch.set_num_threads(options.threads)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    print(f"{platform.machine()}, {os.cpu_count()} cores, {options.threads} threads, load {load:.1f}")
    print(f"{'':20s} {'':13s} {'wall':>11s} {'processor':>15s}  ratio of wall, of processor time")
    tasks = dict(zip(WANTED, (yolox, gaitbase, humanseg, preprocessing), strict=True))
    ratios = {
        task: report(task, measure(make(options.threads), options.rounds)) for task, make in tasks.items()
    }
    if options.json:
        options.json.write_text(json.dumps(ratios, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
