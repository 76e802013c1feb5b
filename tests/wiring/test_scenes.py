"""dataset synth --kind scenes: videos with everything known about them."""

import csv

import cv2
import numpy as np
import pytest

from gaitway.adapters.video.source import open_video
from gaitway.errors import InputError
from gaitway.evaluation.motchallenge import read_mot
from gaitway.synthetic.scene_dataset import ScenesConfig, cast_scene
from gaitway.wiring.scenes import synthesise_scenes

CONFIG = ScenesConfig(people=3, walks=1, together=2, seconds=0.4)


def content(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scenes") / "d"
    synthesise_scenes(folder, CONFIG)
    return folder


class TestCast:
    @pytest.mark.parametrize(("people", "walks", "together"), [(7, 3, 3), (4, 1, 4), (2, 2, 5), (1, 2, 1)])
    def test_everybody_walks_as_often_as_asked_and_never_twice_at_once(self, people, walks, together):
        config = ScenesConfig(people, walks, together)
        seen = []
        for index in range(config.scenes):
            names = [actor.name for actor in cast_scene(index, config).scene.actors]
            assert len(set(names)) == len(names) <= together
            seen += names
        assert sorted(seen) == sorted([f"{n + 1:05d}" for n in range(people)] * walks)

    def test_the_same_scene_every_time(self):
        a, b = cast_scene(1, CONFIG), cast_scene(1, CONFIG)
        assert a.conditions == b.conditions
        assert [(x.name, x.path, x.start_s) for x in a.scene.actors] == [
            (x.name, x.path, x.start_s) for x in b.scene.actors
        ]

    @pytest.mark.parametrize("change", [{"people": 0}, {"together": 300}, {"seconds": 0}, {"frame_rate": 0}])
    def test_impossible_numbers(self, change):
        with pytest.raises(InputError):
            ScenesConfig(**change)


class TestFiles:
    def test_truth_masks_and_video_fit_together(self, made):
        with (made / "identities.csv").open() as file:
            people = {(row["scene"], int(row["track"])): row["subject"] for row in csv.DictReader(file)}
        assert sorted(people.values()) == ["00001", "00002", "00003"]
        for scene in ("scene-0001", "scene-0002"):
            with open_video(made / "videos" / f"{scene}.mp4") as video:
                frames = sum(1 for _ in video)
            assert frames == len(list((made / "masks" / scene).iterdir())) == 10
            with np.load(made / "keypoints" / f"{scene}.npz", allow_pickle=False) as points:
                rows = read_mot(made / "gt" / f"{scene}.txt")
                np.testing.assert_array_equal(np.stack([points["frame"], points["track"]], 1), rows[:, :2])
                inside = points["keypoints"][:, :, 2] > 0
                hips = points["keypoints"][:, 23:25, :2].mean(axis=1)
                whole = inside.all(axis=1)
                assert (
                    ((hips >= rows[:, 2:4]) & (hips <= rows[:, 2:4] + rows[:, 4:6])).all(axis=1)[whole].all()
                )
            for frame, track, x, y, width, height, *_ in read_mot(made / "gt" / f"{scene}.txt"):
                assert (scene, track) in people
                mask = cv2.imread(str(made / "masks" / scene / f"{int(frame):06d}.png"), 0) == track
                rows, columns = np.nonzero(mask)
                if len(rows):
                    assert columns.min() >= x - 2
                    assert columns.max() <= x + width + 2
                    assert rows.min() >= y - 2
                    assert rows.max() <= y + height + 2

    def test_missing_scenes_are_made_again_the_same(self, made, tmp_path):
        synthesise_scenes(tmp_path / "d", CONFIG)
        (tmp_path / "d/gt/scene-0002.txt").unlink()
        (tmp_path / "d/videos/scene-0002.mp4").write_bytes(b"half")
        synthesise_scenes(tmp_path / "d", CONFIG, workers=2)
        assert content(tmp_path / "d") == content(made)

    def test_other_settings_are_refused(self, made):
        with pytest.raises(InputError, match="other settings"):
            synthesise_scenes(made, ScenesConfig(people=4))
