"""One video's result in one npz file: written whole or not at all, read without unpickling."""

from __future__ import annotations

import itertools
import json
import math
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.lib.npyio import NpzFile

from gaitway.errors import StoreError
from gaitway.files import atomic_file, translated
from gaitway.results import BLOCK, Column, TrackSummary, TrackTable, VideoResult, walk_blocks
from gaitway.types import Embedding, GaitSequence

_TABLE = ("frame_index", "track_id", "xyxy", "confidence", "filled")
_WALK: tuple[Column, ...] = ("silhouettes", "frame_index", "quality", "keypoints")
_HEADER = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


class _Entry(NamedTuple):
    """An array to write, in blocks of its rows."""

    name: str
    length: int
    blocks: Iterable[np.ndarray]


def save_video(path: Path, result: VideoResult) -> None:
    """Write a video's tracks and walks (not its embeddings), a piece of a walk in memory at a time.

    Raises:
        StoreError: The file cannot be written.
    """
    meta = {
        "name": result.name,
        "source": result.source,
        "frame_rate": result.frame_rate,
        "frame_count": result.frame_count,
        "size_wh": result.size_wh,
        "summaries": [asdict(s) for s in result.summaries],
        "warnings": result.warnings,
        "walk_ids": list(result.walks),
    }

    def entries() -> Iterator[_Entry]:
        for name in _TABLE:
            yield _whole(f"table/{name}", getattr(result.tracks, name))
        for track_id in result.walks:
            length = sum(len(block) for block in walk_blocks(result.walks, track_id, "quality"))
            for column in _WALK:
                blocks = walk_blocks(result.walks, track_id, column)
                yield _Entry(f"walk/{track_id}/{column}", length, blocks)

    _write(path, entries(), meta)


def _whole(name: str, array: np.ndarray) -> _Entry:
    return _Entry(name, len(array), [array])


def load_video(path: Path) -> VideoResult | None:
    """Read what ``save_video`` wrote; None where there is nothing. Walks are read when asked for.

    Raises:
        StoreError: The file is there and damaged.
    """
    if not path.exists():
        return None
    with _opened(path) as stored:
        meta = _meta(stored)
        table = TrackTable(*(stored[f"table/{name}"] for name in _TABLE))
    return VideoResult(
        name=meta["name"],
        source=meta["source"],
        frame_rate=meta["frame_rate"],
        frame_count=meta["frame_count"],
        size_wh=(meta["size_wh"][0], meta["size_wh"][1]),
        tracks=table,
        summaries=tuple(TrackSummary(**s) for s in meta["summaries"]),
        walks=StoredWalks(path, meta["walk_ids"], meta["frame_rate"]),
        warnings=tuple(meta["warnings"]),
    )


class StoredWalks(Mapping[int, GaitSequence]):
    """Walks in a file, read one at a time or piece by piece, so that a long video's need little memory."""

    def __init__(self, path: Path, track_ids: Sequence[int], frame_rate: float) -> None:
        self._path = path
        self._track_ids = tuple(int(i) for i in track_ids)
        self._frame_rate = frame_rate

    def __getitem__(self, track_id: int) -> GaitSequence:
        if track_id not in self._track_ids:
            raise KeyError(track_id)
        with _opened(self._path) as stored:
            arrays = {name: stored[f"walk/{track_id}/{name}"] for name in _WALK}
        return GaitSequence(**arrays, frame_rate=self._frame_rate)

    def stream(self, track_id: int, column: Column, rows: int = BLOCK) -> Iterator[np.ndarray]:
        """Yield one column of a walk in time order, ``rows`` rows at a time; at the end fewer.

        The file is open from the first piece until the last one is read.
        """
        if track_id not in self._track_ids:
            raise KeyError(track_id)
        block = None
        name = f"walk/{track_id}/{column}.npy"
        with _read(self._path) as file, zipfile.ZipFile(file) as archive, archive.open(name) as entry:
            shape, _, dtype = _HEADER[np.lib.format.read_magic(entry)](entry)
            for first in range(0, shape[0], rows):
                if block is not None:
                    yield block
                piece = (min(rows, shape[0] - first), *shape[1:])
                block = np.frombuffer(entry.read(math.prod(piece) * dtype.itemsize), dtype).reshape(piece)
        if block is not None:
            yield block

    def __iter__(self) -> Iterator[int]:
        return iter(self._track_ids)

    def __len__(self) -> int:
        return len(self._track_ids)


def save_embeddings(path: Path, embeddings: Mapping[int, Embedding]) -> None:
    """Write the embeddings of one video's tracks."""
    models = sorted({e.model_id for e in embeddings.values()})
    entries = (_whole(f"parts/{track_id}", e.parts) for track_id, e in embeddings.items())
    _write(path, entries, {"track_ids": list(embeddings), "model_ids": models})


def load_embeddings(path: Path, result: VideoResult) -> VideoResult | None:
    """Return ``result`` with the embeddings that ``save_embeddings`` wrote for it, or None.

    Raises:
        StoreError: The file is there and damaged.
    """
    if not path.exists():
        return None
    with _opened(path) as stored:
        meta = _meta(stored)
        model_id = meta["model_ids"][0] if meta["model_ids"] else ""
        embeddings = {
            int(i): Embedding(stored[f"parts/{i}"], model_id, result.name, int(i)) for i in meta["track_ids"]
        }
    return replace(result, embeddings=embeddings)


def _write(path: Path, entries: Iterable[_Entry], meta: Mapping[str, Any]) -> None:
    """Write an npz file block by block (numpy's own writer wants all arrays at once)."""
    packed = np.frombuffer(json.dumps(meta).encode(), np.uint8)
    with (
        translated("write", path),
        atomic_file(path) as file,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
    ):
        for name, length, blocks in itertools.chain([_whole("meta", packed)], entries):
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file_entry:
                for number, block in enumerate(blocks):
                    if number == 0:
                        np.lib.format.write_array_header_1_0(file_entry, _header(block, length))
                    file_entry.write(np.ascontiguousarray(block).data)


def _header(block: np.ndarray, length: int) -> dict[str, Any]:
    """Return the npy header of an array of ``length`` rows that begins with ``block``."""
    descr = np.lib.format.dtype_to_descr(block.dtype)
    return {"descr": descr, "fortran_order": False, "shape": (length, *block.shape[1:])}


@contextmanager
def _opened(path: Path) -> Iterator[NpzFile]:
    with _read(path) as file, np.load(file, allow_pickle=False) as stored:
        yield stored


@contextmanager
def _read(path: Path) -> Iterator[IO[bytes]]:
    try:
        with translated("read", path), path.open("rb") as file:
            yield file
    except (ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise StoreError(
            f"{path} is damaged ({error}): delete it and run the same command again to make it anew"
        ) from error


def _meta(stored: NpzFile) -> dict[str, Any]:
    meta: dict[str, Any] = json.loads(stored["meta"].tobytes())
    return meta
