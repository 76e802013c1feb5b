"""A corpus of synthetic walks on disk: shards of packed silhouettes, made by several processes, resumable."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from gaitway.errors import InputError, StoreError
from gaitway.files import write_text
from gaitway.synthetic.population import PopulationConfig, training_walks


@dataclass(frozen=True)
class CorpusConfig:
    """How large a corpus is.

    Attributes:
        people: Identities.
        walks: Walks of each, all with other cameras, clothes and faults.
        frames: Frames of a walk, at most.
        per_shard: Identities in a file.
        population: Who is drawn.
    """

    people: int = 1500
    walks: int = 8
    frames: int = 24
    per_shard: int = 50
    population: PopulationConfig = field(default_factory=PopulationConfig)

    def __post_init__(self) -> None:
        if min(self.people, self.walks, self.frames, self.per_shard) < 1:
            raise InputError(f"a corpus of {asdict(self)} makes no sense: every number must be at least 1")

    @property
    def shards(self) -> int:
        """Number of files."""
        return -(-self.people // self.per_shard)


def write_corpus(folder: Path, config: CorpusConfig, *, workers: int = 1) -> Iterator[Path]:
    """Make the shards that are not there yet, and return each as it is ready.

    The same configuration makes the same bytes, however many workers there are and however often it was
    interrupted. ``corpus.json`` says how the shards were made.

    Raises:
        InputError: The folder's shards were made by another configuration.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _describe(folder / "corpus.json", config)
    missing = [shard for shard in range(config.shards) if not _path(folder, shard).exists()]
    if workers <= 1:
        for shard in missing:
            yield _write_shard(folder, config, shard)
        return
    with ProcessPoolExecutor(workers) as pool:
        count = len(missing)
        yield from pool.map(_write_shard, [folder] * count, [config] * count, missing)


def _describe(path: Path, config: CorpusConfig) -> None:
    made = json.dumps(asdict(config), indent=1, default=str) + "\n"
    if path.exists() and path.read_text("utf-8") != made:
        raise InputError(f"{path.parent.name!r} holds another corpus (corpus.json): choose another folder")
    write_text(path, made)


def _path(folder: Path, shard: int) -> Path:
    return folder / f"shard-{shard:05d}.npz"


def _write_shard(folder: Path, config: CorpusConfig, shard: int) -> Path:
    first = shard * config.per_shard
    last = min(first + config.per_shard, config.people)
    walks = [
        walk
        for index in range(first, last)
        for walk in training_walks(index, config.walks, config.frames, config.population)
    ]
    path = _path(folder, shard)
    aside = path.with_suffix(f".{os.getpid()}.part")
    with aside.open("wb") as file:
        np.savez(
            file,
            bits=np.packbits(np.concatenate(walks) > 127),
            lengths=np.array([len(walk) for walk in walks]),
            labels=np.repeat(np.arange(first, last), config.walks),
        )
    aside.replace(path)
    return path


@dataclass(frozen=True, slots=True, eq=False)
class Corpus:
    """Walks in memory and whose they are."""

    walks: tuple[UInt8[np.ndarray, "_ 64 64"], ...]
    labels: np.ndarray


def read_corpus(folder: Path) -> Iterator[Corpus]:
    """Read a corpus shard by shard.

    Raises:
        StoreError: There is no corpus.
    """
    paths = sorted(folder.glob("shard-*.npz"))
    if not paths:
        raise StoreError(f"no corpus in {folder.name!r}, wanted shard-*.npz: make one first")
    for path in paths:
        with np.load(path, allow_pickle=False) as shard:
            lengths, labels = shard["lengths"], shard["labels"]
            frames = np.unpackbits(shard["bits"])[: int(lengths.sum()) * 64 * 64].reshape(-1, 64, 64)
        walks = np.split(frames * np.uint8(255), np.cumsum(lengths)[:-1])
        yield Corpus(tuple(walks), labels)
