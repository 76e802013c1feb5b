"""--seed-layout: names as the field's demo has them, and nobody left in it who was forgotten."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from gaitway.adapters.gallery.traces import erase_tracks
from gaitway.adapters.results.folder import SEED, SILHOUETTES, OutputFolder
from gaitway.types import Embedding
from gaitway.wiring.publish import publish_features
from gaitway.wiring.seed_layout import SEED_FEATURES, publish_seed_run, publish_seed_silhouettes
from support.outcomes import video
from support.shared import shared


@pytest.fixture
def folder(tmp_path):
    with OutputFolder(tmp_path / "out") as folder:
        yield folder


def names_in(root) -> list[str]:
    return sorted(str(p.relative_to(root)) for p in root.rglob("*") if not p.is_dir())


def test_silhouettes_have_the_seed_s_folders_and_names(folder):
    published = np.load(shared("fixtures/humanseg/seed_crop_path.npz"))
    seed = {f"{d}/{n}" for d, n in zip(published["dirs"], published["file_names"], strict=True)}
    walk = video("clip", [(0, 12)])
    publish_seed_silhouettes(folder, walk, "key")
    names = names_in(folder.root / SEED / SILHOUETTES)
    assert {n for n in seed if n.startswith("clip/001/")} <= set(names)
    picture = cv2.imread(str(folder.root / SEED / SILHOUETTES / "clip/001/undefined/001-004.png"), 0)
    assert np.array_equal(picture, walk.walks[1].silhouettes[4])


def test_names_of_long_videos_sort_in_time(folder):
    walk = video("clip", [(990, 1010)], frame_count=1500)
    publish_seed_silhouettes(folder, walk, "key")
    names = names_in(folder.root / SEED / SILHOUETTES)
    assert [int(n.split("-")[1].removesuffix(".png")) for n in names] == list(range(990, 1010))


def test_a_dot_in_a_video_s_name_does_not_end_it(folder):
    for name in ("clip.v1", "clip.v2"):
        publish_seed_silhouettes(folder, video(name, [(0, 12)]), "key")
    assert {p.name for p in (folder.root / SEED / SILHOUETTES).iterdir()} == {"clip.v1", "clip.v2"}


@pytest.mark.parametrize("has_links", [True, False])
def test_a_run_s_videos_and_inputs(folder, tmp_path, monkeypatch, has_links):
    if not has_links:

        def refuse(*_: object, **__: object) -> None:
            raise OSError("no symbolic links here")

        monkeypatch.setattr("pathlib.Path.symlink_to", refuse)
    source = tmp_path / "walk.mov"
    source.write_bytes(b"input")
    run = folder.open_run()
    (run / "G-a_P-b.mp4").write_bytes(b"video")
    (run / "results.json").write_text("{}")
    finished = folder.finish_run(run)
    publish_seed_run(folder, finished, {str(source): "walk", "rtsp://camera": "camera"})
    root = folder.root / SEED
    assert names_in(root) == ["InputVideos/walk.mov", f"OutputVideos/{finished.name}/G-a_P-b.mp4"]
    assert (root / "InputVideos/walk.mov").read_bytes() == b"input"
    assert (root / "OutputVideos" / finished.name / "G-a_P-b.mp4").read_bytes() == b"video"


def test_who_is_erased_is_erased_here_too(folder):
    both = video("clip", [(0, 12), (0, 12)])
    parts = np.ones((2, 4), np.float32)
    both = replace(both, embeddings={t: Embedding(parts, "m", "clip", t) for t in (1, 2)})
    publish_seed_silhouettes(folder, both, "key")
    publish_features(folder, both, "key", SEED_FEATURES)
    erase_tracks(folder, {("clip", 1)})
    assert not [n for n in names_in(folder.root / SEED) if "/001" in n]
    assert [n for n in names_in(folder.root / SEED) if "/002" in n]
    erase_tracks(folder, {("clip", 2)})
    assert names_in(folder.root / SEED) == []
    assert not (folder.root / SEED / SILHOUETTES / "clip").exists()
