"""The published stack against a plain torch forward of the same network, side by side in one run.

    ./run bench stack [--rounds 9] [--threads 2]

"torch eager" is the network as published: YOLOX folds pixels first and pools over 5, 9 and 13 side by side.
"torch, our form" is the same network as we compute it, in torch too. gaitway's ways use threads as the
product does: YOLOX-s all of them on one picture, GaitBase two on one walk, PP-HumanSeg one on four crops.
int8 comes too where the extra is installed, its scales fitted to random pictures: only its speed is meant.

Every round runs each way once, so that a busy machine slows all of them. Printed are medians and the ratio to
plain torch, by the clock and by processor time. torch's threads are told not to wait for each other in loops,
which on a busy machine would flatter our ratio.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
import types
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    import torch

    from gaitway.models.yolox import Yolox
    from gaitway.protocols import Runtime

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


@dataclass(frozen=True)
class Task:
    """A network and how the product runs it.

    Attributes:
        shape: Of the input.
        exported: Of the export's input, -1 where dynamic.
        run_threads: Threads of one run; None for all.
        batch: Rows of the input per run; runs go side by side.
    """

    shape: tuple[int, ...]
    exported: tuple[int, ...]
    run_threads: int | None
    batch: int


def network_ways(network: object, task: Task, threads: int, published: object = None) -> dict[str, Way]:
    """Return plain torch forwards and the exported network in f32, bf16 and, with its extra, int8."""
    import torch

    from gaitway.adapters.checkpoints.export import export_openvino

    assert isinstance(network, torch.nn.Module)  # noqa: S101 - torch is imported late
    module = network.eval()
    for layer in module.modules():  # torch's own start lets signals die out, to slow tiny numbers
        if isinstance(layer, (torch.nn.Conv2d, torch.nn.Conv3d)):
            torch.nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    images = np.random.default_rng(0).random(task.shape, dtype=np.float32)
    tensor = torch.from_numpy(images)

    def forward(network: Callable[[torch.Tensor], object]) -> object:
        with torch.no_grad():
            return network(tensor)

    folder = Path(tempfile.mkdtemp())
    export_openvino(module, task.exported, task.shape, folder / "network.xml")
    ways: dict[str, Way] = {"torch eager": lambda: forward(module)}
    if published is not None:
        assert isinstance(published, torch.nn.Module)  # noqa: S101
        published.eval().load_state_dict(module.state_dict())
        ways = {"torch eager": lambda: forward(published), "torch, our form": lambda: forward(module)}
    parts = [images[i : i + task.batch] for i in range(0, len(images), task.batch)]
    for precision, runtime in exported_runtimes(folder, task, threads, parts):
        ways[f"gaitway {precision}"] = lambda runtime=runtime: side_by_side(runtime, parts)  # type: ignore[misc]
    return ways


def exported_runtimes(
    folder: Path, task: Task, threads: int, parts: Sequence[np.ndarray]
) -> Iterator[tuple[str, Runtime]]:
    """Yield the network in ``folder`` in every arithmetic that this machine has."""
    from gaitway.adapters.runtimes.int8 import LEVELS, quantise
    from gaitway.adapters.runtimes.openvino import OpenVinoRuntime
    from gaitway.errors import MissingExtraError

    network, quantised = folder / "network.xml", folder / "int8.xml"
    forms = {"f32": network, "bf16": network}
    try:
        quantise(network, [(part,) for part in parts], quantised, LEVELS[0])
        forms["int8"] = quantised
    except MissingExtraError as error:
        print(f"no int8: {error}")
    for precision, path in forms.items():
        runtime = OpenVinoRuntime(path, precision=precision, threads=threads, run_threads=task.run_threads)
        if runtime.precision == precision:  # a processor without bf16 computes in f32
            yield precision, runtime


def side_by_side(runtime: Runtime, parts: Sequence[np.ndarray]) -> list[object]:
    """Run every part, as many at once as the runtime takes."""
    return [run.result() for run in [runtime.submit(part) for part in parts]]


def as_published(network: Yolox) -> Yolox:
    """Return a YOLOX that folds pixels and pools as the published one does, for comparison only."""
    import torch
    from torch.nn import functional as F  # noqa: N812

    from gaitway.models.yolox import Focus, SpatialPyramid

    def fold(stem: Focus, x: torch.Tensor) -> object:
        return stem.conv(stem.fold(x))

    def pool(pyramid: SpatialPyramid, x: torch.Tensor) -> object:
        y = pyramid.conv1(x)
        return pyramid.conv2(torch.cat([y, *(F.max_pool2d(y, k, 1, k // 2) for k in (5, 9, 13))], dim=1))

    for module in network.modules():
        if isinstance(module, Focus):
            module.forward = types.MethodType(fold, module)  # type: ignore[method-assign]
        elif isinstance(module, SpatialPyramid):
            module.forward = types.MethodType(pool, module)  # type: ignore[method-assign]
    return network


def yolox(threads: int) -> dict[str, Way]:
    """YOLOX-s on one picture of 640x640."""
    from gaitway.models import build_yolox

    task = Task((1, 3, 640, 640), (-1, 3, 640, 640), None, 1)
    return network_ways(build_yolox("s"), task, threads, as_published(build_yolox("s")))


def gaitbase(threads: int) -> dict[str, Way]:
    """GaitBase on one walk of 60 frames."""
    from gaitway.adapters.checkpoints.opengait import RUN_THREADS
    from gaitway.adapters.checkpoints.opengait_yaml import GAITBASE
    from gaitway.models import build_opengait

    task = Task((1, 1, 60, 64, 44), (1, 1, -1, -1, -1), RUN_THREADS, 1)
    return network_ways(build_opengait(GAITBASE), task, threads)


def humanseg(threads: int) -> dict[str, Way]:
    """PP-HumanSegV2-Mobile on eight crops."""
    from gaitway.models import build_humanseg
    from gaitway.segmentation.humanseg import HumanSegConfig

    task = Task((8, 3, 192, 192), (-1, 3, -1, -1), 1, HumanSegConfig().batch_size)
    return network_ways(build_humanseg(), task, threads)


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
        wanted = dict(zip(("gaitway f32", "gaitway bf16"), WANTED[task], strict=True)).get(name)
        verdict = "" if wanted is None else f"   wanted {wanted:.1f}x"
        title = name if task != "preprocess 1080p" else name.replace("torch eager", "float64")
        times = f"{wall * 1e3:8.1f} ms {cpu * 1e3:8.1f} cpu-ms"
        print(f"{task:20s} {title:15s} {times} {by_clock:5.2f}x {by_cpu:5.2f}x{verdict}")
        ratios[name] = by_clock
    return ratios


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", type=Path, help="also write the ratios to this file")
    options = parser.parse_args()

    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # read when torch is imported
    import torch

    torch.set_num_threads(options.threads)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    print(f"{platform.machine()}, {os.cpu_count()} cores, {options.threads} threads, load {load:.1f}")
    print(f"{'':20s} {'':15s} {'wall':>11s} {'processor':>15s}  ratio of wall, of processor time")
    tasks = dict(zip(WANTED, (yolox, gaitbase, humanseg, preprocessing), strict=True))
    ratios = {
        task: report(task, measure(make(options.threads), options.rounds)) for task, make in tasks.items()
    }
    if options.json:
        options.json.write_text(json.dumps(ratios, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
