"""``--seed-layout``: results once more, in the folders and under the names of All-in-One-Gait's README.

DIR/output/GaitSilhouette/<video>/<track>/undefined/<track>-<frame>.png
DIR/output/GaitFeatures/<video>/<track>.npz
DIR/output/InputVideos/<video>.mp4
DIR/output/OutputVideos/<timestamp>/

What is the same as the seed system's and what is not: docs/seed-layout.md.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from gaitway.adapters.results.folder import FEATURES, RUNS, SEED, SILHOUETTES, OutputFolder
from gaitway.results import VideoResult
from gaitway.wiring.publish import write_pictures

SEED_FEATURES = f"{SEED}/{FEATURES}"
SEED_SILHOUETTES = f"{SEED}/{SILHOUETTES}"
INPUTS = "InputVideos"
VIEW = "undefined"  # the seed system's word where data sets have the camera's angle
DIGITS = 3  # of track and frame, at least


def publish_seed_silhouettes(folder: OutputFolder, result: VideoResult, key: str) -> None:
    """Write GaitSilhouette/<video>/<track>/undefined/<track>-<frame>.png; frames are numbered from 0.

    The seed system gives every frame three digits, so that 1000 sorts before 996; a video of more frames has
    more digits here.
    """
    digits = max(DIGITS, len(str(result.frame_count - 1)))

    def fill(root: Path) -> None:
        for track_id in result.walks:
            pictures = root / f"{track_id:03d}" / VIEW
            pictures.mkdir(parents=True)
            name = f"{track_id:03d}-{{:0{digits}d}}.png"
            write_pictures(result.walks, track_id, pictures, name, first=0)

    folder.publish(SEED_SILHOUETTES, result.name, key, fill)


def publish_seed_run(folder: OutputFolder, run: Path, names: Mapping[str, str]) -> None:
    """Write OutputVideos/<timestamp> and InputVideos of a finished run, as links where there are links.

    Args:
        folder: Open.
        run: The run's published folder.
        names: Unique name of every input.
    """

    def fill_outputs(root: Path) -> None:
        for video in sorted(run.glob("*.mp4")):
            _link(root / video.name, Path("../../..") / RUNS / run.name / video.name, video)

    def fill_inputs(root: Path) -> None:
        for source, name in names.items():
            video = Path(source)
            if video.is_file():
                _link(root / f"{name}{video.suffix}", video.resolve(), video)

    folder.publish(f"{SEED}/{RUNS}", run.name, run.name, fill_outputs)
    folder.publish(SEED, INPUTS, run.name, fill_inputs)


def _link(link: Path, target: Path, content: Path) -> None:
    """Make ``link`` point to ``target``; on a file system without symbolic links, copy ``content``."""
    try:
        link.symlink_to(target)
    except OSError:
        shutil.copyfile(content, link)
