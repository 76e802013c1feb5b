"""One video's result in one npz file: written whole or not at all, read without unpickling."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from gaitway.errors import StoreError
from gaitway.files import atomic_file, translated
from gaitway.results import TrackSummary, TrackTable, VideoResult
from gaitway.types import Embedding, GaitSequence

_TABLE = ("frame_index", "track_id", "xyxy", "confidence", "filled")
_WALK = ("silhouettes", "frame_index", "quality", "keypoints")


def save_video(path: Path, result: VideoResult) -> None:
    """Write a video's tracks and walks (not its embeddings).

    Raises:
        StoreError: The file cannot be written.
    """
    arrays = {f"table/{name}": getattr(result.tracks, name) for name in _TABLE}
    for track_id, walk in result.walks.items():
        arrays |= {f"walk/{track_id}/{name}": getattr(walk, name) for name in _WALK}
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
    _write(path, arrays, meta)


def load_video(path: Path) -> VideoResult | None:
    """Read what ``save_video`` wrote; None where there is nothing.

    Raises:
        StoreError: The file is there and damaged.
    """
    loaded = _read(path)
    if loaded is None:
        return None
    arrays, meta = loaded
    walks = {
        int(i): GaitSequence(
            **{name: arrays[f"walk/{i}/{name}"] for name in _WALK}, frame_rate=meta["frame_rate"]
        )
        for i in meta["walk_ids"]
    }
    return VideoResult(
        name=meta["name"],
        source=meta["source"],
        frame_rate=meta["frame_rate"],
        frame_count=meta["frame_count"],
        size_wh=(meta["size_wh"][0], meta["size_wh"][1]),
        tracks=TrackTable(*(arrays[f"table/{name}"] for name in _TABLE)),
        summaries=tuple(TrackSummary(**s) for s in meta["summaries"]),
        walks=walks,
        warnings=tuple(meta["warnings"]),
    )


def save_embeddings(path: Path, embeddings: Mapping[int, Embedding]) -> None:
    """Write the embeddings of one video's tracks."""
    models = sorted({e.model_id for e in embeddings.values()})
    arrays = {f"parts/{track_id}": e.parts for track_id, e in embeddings.items()}
    _write(path, arrays, {"track_ids": list(embeddings), "model_ids": models})


def load_embeddings(path: Path, result: VideoResult) -> VideoResult | None:
    """Return ``result`` with the embeddings that ``save_embeddings`` wrote for it, or None."""
    loaded = _read(path)
    if loaded is None:
        return None
    arrays, meta = loaded
    model_id = meta["model_ids"][0] if meta["model_ids"] else ""
    embeddings = {
        int(i): Embedding(arrays[f"parts/{i}"], model_id, result.name, int(i)) for i in meta["track_ids"]
    }
    return replace(result, embeddings=embeddings)


def _write(path: Path, arrays: Mapping[str, np.ndarray], meta: Mapping[str, Any]) -> None:
    packed = np.frombuffer(json.dumps(meta).encode(), np.uint8)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, meta=packed, allow_pickle=False, **arrays)
    with atomic_file(path) as file:
        file.write(buffer.getbuffer())


def _read(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]] | None:
    if not path.exists():
        return None
    try:
        with (
            translated("read", path),
            path.open("rb") as file,
            np.load(file, allow_pickle=False) as stored,
        ):
            arrays = {name: stored[name] for name in stored.files}
        return arrays, json.loads(arrays.pop("meta").tobytes())
    except (ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise StoreError(
            f"{path} is damaged ({error}): delete it and run the same command again to make it anew"
        ) from error
