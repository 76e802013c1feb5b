"""Fit the projection of the energy-image baseline on generated walks. Needs no torch.

python -m gaitway.training.default corpus --folder CORPUS --people 3000 --walks 10
python -m gaitway.training.gei --corpus CORPUS --out gei.safetensors
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Float64
from safetensors.numpy import save_file
from scipy.linalg import eigh

from gaitway.errors import InputError
from gaitway.recognition.gei import GeiEncoder
from gaitway.training.corpus import read_corpus

Encoded = tuple[Float32[np.ndarray, "n p d"], np.ndarray]


@dataclass(frozen=True, slots=True)
class ProjectionConfig:
    """How much is kept.

    Attributes:
        components: Principal components of a part, before people are told apart.
        directions: Numbers of a part that are left.
        ridge: Added to how one person varies, in parts of its mean: a direction that hardly varies in the
            data at hand is not trusted beyond this.
    """

    components: int = 300
    directions: int = 24
    ridge: float = 1e-3


class Scatter:
    """How walks scatter, of all people and between people, summed up batch by batch.

    All walks of one person must come in one batch, as the shards of a corpus have them.
    """

    def __init__(self, parts: int, channels: int) -> None:
        self._count = 0
        self._sum = np.zeros((parts, channels))
        self._all = np.zeros((parts, channels, channels))
        self._between = np.zeros((parts, channels, channels))

    def add(self, walks: Float32[np.ndarray, "n p d"], people: np.ndarray) -> None:
        """Add walks (N, P, D) and whose they are (N,)."""
        _, member, counts = np.unique(people, return_inverse=True, return_counts=True)
        self._count += len(walks)
        for part in range(walks.shape[1]):
            of_part = walks[:, part].astype(np.float64)
            sums = np.zeros((len(counts), of_part.shape[1]))
            np.add.at(sums, member, of_part)
            self._sum[part] += of_part.sum(axis=0)
            self._all[part] += of_part.T @ of_part
            scaled = sums / np.sqrt(counts)[:, None]
            self._between[part] += scaled.T @ scaled

    def moments(
        self, part: int
    ) -> tuple[Float64[np.ndarray, " d"], Float64[np.ndarray, "d d"], Float64[np.ndarray, "d d"]]:
        """Return a part's mean, covariance, and the covariance of people's means."""
        if not self._count:
            raise InputError("there are no walks to fit a projection on: make a corpus first")
        mean = self._sum[part] / self._count
        square = np.outer(mean, mean)
        return mean, self._all[part] / self._count - square, self._between[part] / self._count - square


def fit_projection(scatter: Scatter, parts: int, config: ProjectionConfig) -> dict[str, np.ndarray]:
    """Return ``mean`` (P, D) and ``directions`` (P, D, K), as ``GeiProjection`` wants them.

    A direction is scaled so that one person varies by one along it, times the root of how many times more
    people vary: directions that hardly tell people apart count little. The scale of a part as a whole is
    lost in its unit length, so it is chosen for 16-bit numbers.

    Source:
        Han and Bhanu, TPAMI 2006.
    """
    means, directions = [], []
    for part in range(parts):
        mean, covariance, between = scatter.moments(part)
        kept = min(config.components, len(mean))
        basis = eigh(covariance, subset_by_index=(len(mean) - kept, len(mean) - 1))[1]
        within = basis.T @ (covariance - between) @ basis
        ridge = config.ridge * np.trace(within) / kept * np.eye(kept)
        gain, found = eigh(basis.T @ between @ basis, within + ridge)
        best = np.argsort(gain)[::-1][: config.directions]
        means.append(mean)
        weighted = basis @ found[:, best] * np.sqrt(np.maximum(gain[best], 0))
        directions.append(weighted / max(float(np.abs(weighted).max()), 1e-12))
    return {
        "mean": np.stack(means).astype(np.float32),
        "directions": np.stack(directions).astype(np.float16),
    }


def encoded_corpus(folder: Path, seed: int = 12) -> Iterator[Encoded]:
    """Encode every walk of a corpus as a whole and some 8 to 24 frames of it: tracks are short."""
    rng = np.random.default_rng(seed)
    encoder = GeiEncoder()
    for shard in read_corpus(folder):
        pieces = []
        for walk in shard.walks:
            count = min(int(rng.integers(8, 25)), len(walk))
            start = int(rng.integers(len(walk) - count + 1))
            pieces.append(walk[start : start + count])
        yield encoder.encode([*shard.walks, *pieces]), np.concatenate([shard.labels, shard.labels])


def main() -> None:
    """Fit and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    empty = GeiEncoder().encode([])
    scatter = Scatter(empty.shape[1], empty.shape[2])
    for walks, people in encoded_corpus(options.corpus):
        scatter.add(walks, people)
    save_file(fit_projection(scatter, empty.shape[1], ProjectionConfig()), options.out)


if __name__ == "__main__":
    main()
