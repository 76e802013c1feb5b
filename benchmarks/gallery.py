"""The gallery at size: enrolling, opening, searching, beside the memory's own speed and faiss.

usage: ./run bench gallery [--templates 100000] [--folder DIR] [--repeats 5]

Random templates are the hardest case: nothing is near, nothing can be skipped. faiss is compared where it is
installed (faiss-cpu); its flat index ranks by one Euclidean distance over all parts, which is another order.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from gaitway.adapters.gallery import Gallery, Walk
from gaitway.adapters.runtimes.cores import usable_cores

PARTS, CHANNELS = 16, 256
CHUNK = 2000


def timed(work: Callable[[], object], repeats: int) -> str:
    """Return the median time and the spread, with the CPU time beside: others may share the machine."""
    wall, cpu = [], []
    for _ in range(repeats):
        a, b = time.perf_counter(), time.process_time()
        work()
        wall.append(time.perf_counter() - a)
        cpu.append(time.process_time() - b)
    return (
        f"{statistics.median(wall) * 1e3:9.1f} ms  ({min(wall) * 1e3:.1f} to {max(wall) * 1e3:.1f}; "
        f"CPU {statistics.median(cpu) * 1e3:.1f})"
    )


def random_walks(rng: np.random.Generator, count: int) -> np.ndarray:
    """Return embeddings (count, P, C), each part of unit length."""
    walks = rng.standard_normal((count, PARTS, CHANNELS), np.float32)
    walks /= np.linalg.norm(walks, axis=2, keepdims=True)
    return walks


def people(walks: np.ndarray, first: int) -> dict[str, Walk]:
    """Return each walk as a person."""
    return {f"person {first + i}": Walk(walk, "bench", track_id=i) for i, walk in enumerate(walks)}


def fill(gallery: Gallery, count: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Enrol ``count`` people; print what a thousand take, and return some of the walks."""
    kept, seconds = [], []
    for first in range(0, count, CHUNK):
        walks = random_walks(rng, min(CHUNK, count - first))
        given = people(walks, first)
        begun = time.perf_counter()
        gallery.enroll_many(given)
        seconds.append((time.perf_counter() - begun) * 1000 / len(walks))
        kept.append(walks[0].copy())  # not a view, which would keep them all
    print(f"enrol 1 000 templates        {statistics.median(seconds) * 1e3:9.1f} ms  (asked: 1000)")
    return kept


def bench_search(gallery: Gallery, probes: np.ndarray, repeats: int) -> None:
    """Print the searches, through the gallery with its audit line."""
    walks = [Walk(probe, "bench") for probe in probes]
    one = timed(lambda: gallery.search(walks[0], k=10), repeats)
    print(f"search, one probe            {one}  (asked: 150)")
    many = timed(lambda: gallery.search(walks, k=10), repeats)
    print(f"search, batch of {len(walks)}          {many}  (asked: {5 * len(walks)})")


def bench_floor(templates: np.ndarray, repeats: int) -> None:
    """Print how long the memory takes to hand over the templates once."""
    words = templates.reshape(-1).view(np.uint64)
    half = len(words) // 2
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(2) as pool:
        floor = timed(lambda: list(pool.map(np.bitwise_or.reduce, (words[:half], words[half:]))), repeats)
    print(f"reading {templates.nbytes / 1e9:.2f} GB once          {floor}")


def bench_faiss(templates: np.ndarray, probes: np.ndarray, repeats: int) -> None:
    """Print the same searches by faiss's flat index, where it is installed."""
    try:
        import faiss
    except ImportError:
        print("faiss flat                   not installed: pip install faiss-cpu")
        return
    index = faiss.IndexFlatL2(PARTS * CHANNELS)
    index.add(templates.reshape(len(templates), -1))
    asked = np.ascontiguousarray(probes.reshape(len(probes), -1))
    print(f"faiss flat, one probe        {timed(lambda: index.search(asked[:1], 10), repeats)}")
    print(f"faiss flat, batch of {len(probes)}      {timed(lambda: index.search(asked, 10), repeats)}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--templates", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, help="where to keep the gallery meanwhile")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    print(f"{options.templates} templates of {PARTS} x {CHANNELS}, {usable_cores()} cores")
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        url = Path(folder) / "bench.db"
        with Gallery(url) as gallery:
            kept = fill(gallery, options.templates, rng)
        probes = np.concatenate([random_walks(rng, 60), np.stack([kept[i % len(kept)] for i in range(4)])])
        with Gallery(url) as gallery:
            print(f"open, all in memory          {timed(gallery.preload, 1)}  (asked: 10000)")
            bench_search(gallery, probes, options.repeats)
            _, stored = gallery.embeddings("bench")
    templates = stored.astype(np.float32)
    del stored
    bench_floor(templates, options.repeats)
    bench_faiss(templates, probes, options.repeats)


if __name__ == "__main__":
    main()
