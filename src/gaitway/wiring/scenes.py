"""``dataset synth --kind scenes``: videos of generated people with everything known about them."""

from __future__ import annotations

import csv
import functools
import io
import json
from collections.abc import Iterator
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from gaitway.adapters.video.sink import VideoWriter, WriterConfig
from gaitway.errors import InputError, StoreError
from gaitway.files import atomic_file, translated, write_text
from gaitway.progress import Progress, Report, silent
from gaitway.synthetic.scene import SceneFrame, Truth, mot_lines
from gaitway.synthetic.scene_dataset import CastScene, ScenesConfig, cast_scene
from gaitway.wiring.workers import in_order

VIDEOS, TRUTH, MASKS, KEYPOINTS = "videos", "gt", "masks", "keypoints"
RECIPE, IDENTITIES = "scenes.json", "identities.csv"


def synthesise_scenes(
    out: str | Path, config: ScenesConfig | None = None, *, workers: int = 1, report: Report = silent
) -> list[CastScene]:
    """Film the scenes that are not there yet.

    Writes videos/<scene>.mp4, gt/<scene>.txt (MOTChallenge), masks/<scene>/<frame>.png (who each pixel shows
    by track id, 0 the street), keypoints/<scene>.npz (BlazePose's 33) and identities.csv (whose track it
    is). The same settings make the same bytes.

    Args:
        out: Folder; made if absent.
        config: Which scenes.
        workers: Processes.
        report: Told about the progress.

    Raises:
        InputError: The folder holds scenes by other settings.
        StoreError: Something cannot be written.
    """
    config, folder = config or ScenesConfig(), Path(out)
    recipe = json.dumps({"made": "synthetic scenes", **asdict(config)}, indent=1) + "\n"
    with translated("read", folder):
        before = (folder / RECIPE).read_text("utf-8") if (folder / RECIPE).exists() else recipe
    if before != recipe:
        raise InputError(
            f"{folder} holds scenes by other settings: choose another folder, or the same settings"
        )
    write_text(folder / RECIPE, recipe)
    scenes = [cast_scene(index, config) for index in range(config.scenes)]
    write_text(folder / IDENTITIES, _identities(scenes))
    missing = [i for i, s in enumerate(scenes) if not (folder / TRUTH / f"{s.name}.txt").is_file()]
    done = len(scenes) - len(missing)
    filmed = in_order(functools.partial(_film, folder=folder, config=config), missing, workers)
    for number, _ in enumerate(filmed, done + 1):
        report(Progress("film", "scenes", number, len(scenes), is_last=number == len(scenes)))
    return scenes


def _film(index: int, folder: Path, config: ScenesConfig) -> None:
    """Write one scene; its truth comes last and says that the rest is there."""
    cast = cast_scene(index, config)
    points: list[tuple[int, Truth]] = []
    truth = "".join(f"{line}\n" for line in mot_lines(_written(cast, folder, points)))
    _write_keypoints(folder / KEYPOINTS / f"{cast.name}.npz", points)
    write_text(folder / TRUTH / f"{cast.name}.txt", truth)


def _written(cast: CastScene, folder: Path, truths: list[tuple[int, Truth]]) -> Iterator[SceneFrame]:
    """Yield a scene's frames, each as it is written, and note its truth."""
    masks = folder / MASKS / cast.name
    with translated("write into", folder):
        masks.mkdir(parents=True, exist_ok=True)
        (folder / VIDEOS).mkdir(exist_ok=True)
    rate = Fraction(cast.scene.config.frame_rate).limit_denominator(1001)
    one_thread = WriterConfig(threads=1)  # the same bytes on every machine
    with VideoWriter(
        folder / VIDEOS / f"{cast.name}.mp4", cast.scene.camera.size_wh, rate, config=one_thread
    ) as sink:
        for number, frame in enumerate(cast.scene.frames(), 1):
            sink.write(frame.image_rgb, frame.time_s)
            path = masks / f"{number:06d}.png"
            if not cv2.imwrite(str(path), frame.truth.owner):
                raise StoreError(
                    f"cannot write {path}: free space, check permissions or choose another folder"
                )
            truths.append((number, frame.truth))
            yield frame


def _write_keypoints(path: Path, truths: list[tuple[int, Truth]]) -> None:
    """Write a row per person and frame: frame and track from 1, and 33 x, y and whether in the picture."""
    rows = [(number, int(actor) + 1) for number, truth in truths for actor in truth.actor]
    frame, track = np.array(rows, np.int64).reshape(-1, 2).T
    points = [truth.keypoints for _, truth in truths]
    with translated("write", path), atomic_file(path) as file:
        np.savez(file, frame=frame, track=track, keypoints=np.concatenate(points).astype(np.float32))


def _identities(scenes: list[CastScene]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["scene", "track", "subject", "condition"])
    for cast in scenes:
        for track, (actor, condition) in enumerate(zip(cast.scene.actors, cast.conditions, strict=True), 1):
            writer.writerow([cast.name, track, actor.name, condition])
    return text.getvalue()
