"""What a run leaves for others to read: silhouettes, features, annotated videos, results and the report."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from gaitway.adapters.results.folder import FEATURES, SILHOUETTES, OutputFolder
from gaitway.files import atomic_file
from gaitway.results import VideoResult, walk_blocks, walk_column
from gaitway.types import Embedding, GaitSequence


def publish_silhouettes(folder: OutputFolder, result: VideoResult, key: str) -> None:
    """Write GaitSilhouette/<video>/<track>/<frame>.png; frames are numbered from 1, as in the text files."""

    def fill(root: Path) -> None:
        for track_id in result.walks:
            track = root / f"{track_id:03d}"
            track.mkdir()
            write_pictures(result.walks, track_id, track, "{:06d}.png", first=1)

    folder.publish(SILHOUETTES, result.name, key, fill)


def write_pictures(
    walks: Mapping[int, GaitSequence], track_id: int, folder: Path, name: str, *, first: int
) -> None:
    """Write every silhouette of a walk as PNG, called ``name`` with its frame, counted from ``first``."""
    frames = walk_column(walks, track_id, "frame_index").tolist()
    silhouettes = itertools.chain.from_iterable(walk_blocks(walks, track_id, "silhouettes"))
    for silhouette, frame in zip(silhouettes, frames, strict=True):
        _, png = cv2.imencode(".png", silhouette)
        (folder / name.format(frame + first)).write_bytes(png.tobytes())


def publish_features(folder: OutputFolder, result: VideoResult, key: str, tree: str = FEATURES) -> None:
    """Write GaitFeatures/<video>/<track>.npz: parts (P, C), model_id, frames (from 1) and quality (T,)."""

    def fill(root: Path) -> None:
        for track_id, embedding in result.embeddings.items():
            frames, quality = (walk_column(result.walks, track_id, c) for c in ("frame_index", "quality"))
            _write_features(root / f"{track_id:03d}.npz", embedding, frames + 1, quality)

    folder.publish(tree, result.name, key, fill)


def _write_features(path: Path, embedding: Embedding, frames: np.ndarray, quality: np.ndarray) -> None:
    with atomic_file(path, sync=False) as file:
        np.savez(
            file,
            allow_pickle=False,
            parts=embedding.parts,
            model_id=np.array(embedding.model_id),
            frames=frames,
            quality=quality,
        )


def annotated_name(gallery: Sequence[str], probe: str) -> str:
    """Return the name of a probe's annotated video, G-<gallery>_P-<probe>.mp4.

    Several gallery videos are joined by ``+``; too many or too long names are cut and told apart by a hash.

    Examples:
        >>> annotated_name(["gallery"], "probe1")
        'G-gallery_P-probe1.mp4'
        >>> annotated_name(["a", "b"], "c")
        'G-a+b_P-c.mp4'
    """
    name = f"G-{'+'.join(gallery) or 'none'}_P-{probe}"
    if len(name.encode()) > 240:
        digest = hashlib.sha256(name.encode()).hexdigest()[:8]
        name = f"G-{gallery[0]}+{len(gallery) - 1}more-{digest}_P-{probe}"
    return f"{name}.mp4"
