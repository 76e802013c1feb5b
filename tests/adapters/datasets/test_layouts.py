"""The field's folder layouts: which walk lies where."""

import cv2
import numpy as np
import pytest

from gaitway.adapters.datasets import open_dataset
from gaitway.adapters.datasets.arrays import write_array
from gaitway.adapters.datasets.layouts import find_layout, picture_files, walk_folders
from gaitway.errors import InputError, StoreError
from gaitway.protocols import WalkDataset


def picture(path, value=255, size=64):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = np.zeros((size, size), np.uint8)
    image[4:60, 20:40] = value
    cv2.imwrite(str(path), image)


def labels(root, layout="auto"):
    return [(walk.subject, walk.condition, walk.view) for walk in walk_folders(root, layout)]


class TestLayouts:
    def test_casia_b_and_its_like(self, tmp_path):
        for path in ("002/nm-10/000", "002/nm-9/090", "001/bg-01/180"):
            picture(tmp_path / path / "001-bg-01-180-001.png")
        assert find_layout(tmp_path) == "tree"
        assert labels(tmp_path) == [
            ("001", "bg-01", "180"),
            ("002", "nm-9", "090"),
            ("002", "nm-10", "000"),
        ]

    def test_oumvlp(self, tmp_path):
        for path in ("Silhouette_000-00/00001", "Silhouette_270-01/00001", "Silhouette_000-00/10307"):
            picture(tmp_path / path / "0001.png")
        assert find_layout(tmp_path) == "oumvlp"
        assert labels(tmp_path) == [("00001", "00", "000"), ("00001", "01", "270"), ("10307", "00", "000")]

    def test_grew(self, tmp_path):
        for path in (
            "train/00001/4XPn5Z28",
            "train/00001/ZZZZ",
            "test/gallery/00001/abc",
            "test/gallery/00001/def",
            "test/probe/79XJefi8",
        ):
            picture(tmp_path / path / "00001.png")
        assert find_layout(tmp_path) == "grew"
        assert sorted(labels(tmp_path)) == [
            ("00001", "01", "abc"),
            ("00001", "02", "def"),
            ("00001train", "00", "4XPn5Z28"),
            ("00001train", "01", "ZZZZ"),
            ("probe", "03", "79XJefi8"),
        ]

    def test_gait3d_names_with_letters(self, tmp_path):
        picture(tmp_path / "0000" / "camid0_videoid2" / "seq0" / "0.png")
        assert labels(tmp_path, "gait3d") == [("0000", "camid0_videoid2", "seq0")]

    def test_what_archives_leave_behind_is_no_subject(self, tmp_path):
        for path in ("__MACOSX/a/b", ".cache/a/b", "001/nm-01/000"):
            picture(tmp_path / path / "1.png")
        assert labels(tmp_path) == [("001", "nm-01", "000")]

    @pytest.mark.parametrize("made", ["nothing/here", "a.txt"])
    def test_something_else_is_refused(self, tmp_path, made):
        path = tmp_path / made
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
        with pytest.raises(InputError, match="no data set of walks"):
            walk_folders(tmp_path)

    def test_an_unknown_layout(self, tmp_path):
        with pytest.raises(InputError, match="casia-b"):
            walk_folders(tmp_path, "casia-x")

    def test_no_folder(self, tmp_path):
        with pytest.raises(InputError, match="there is no folder"):
            open_dataset(tmp_path / "none")
        with pytest.raises(StoreError):
            walk_folders(tmp_path / "none", "tree")

    def test_frames_come_in_the_order_of_their_numbers(self, tmp_path):
        for number in (1000, 996, 99):
            picture(tmp_path / "001/nm-01/000" / f"001-{number}.png")
        (walk,) = walk_folders(tmp_path)
        assert [path.name for path in picture_files(walk)] == ["001-99.png", "001-996.png", "001-1000.png"]

    def test_pictures_in_a_folder_of_their_kind(self, tmp_path):
        for kind in ("sil", "rgb"):
            picture(tmp_path / "0000/00-nm/000" / f"camera_{kind}" / "1.png")
        (walk,) = walk_folders(tmp_path, "sustech1k")
        assert [path.parent.name for path in picture_files(walk, "*sil*")] == ["camera_sil"]
        with pytest.raises(InputError, match="--maps"):
            picture_files(walk)


class TestPictures:
    def test_aligned_pictures_are_a_dataset(self, tmp_path):
        for number in range(3):
            picture(tmp_path / "001/nm-01/000" / f"{number}.png", 200 + number)
        dataset = open_dataset(tmp_path)
        assert isinstance(dataset, WalkDataset)
        assert dataset.records[0].frames == 3
        assert dataset.load(0).max(axis=(1, 2)).tolist() == [200, 201, 202]

    def test_others_must_be_aligned_first(self, tmp_path):
        picture(tmp_path / "001/nm-01/000/1.png", size=80)
        with pytest.raises(InputError, match="dataset prepare"):
            open_dataset(tmp_path).load(0)

    def test_a_damaged_picture(self, tmp_path):
        picture(tmp_path / "001/nm-01/000/1.png")
        (tmp_path / "001/nm-01/000/2.png").write_bytes(b"\x89PNG")
        with pytest.raises(InputError, match=r"2\.png"):
            open_dataset(tmp_path).load(0)


class TestPickles:
    def walk(self, seed, *shape):
        return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)

    def test_opengaits_layout_is_a_dataset(self, tmp_path):
        walks = {view: self.walk(len(view), 5 + n, 64, 64) for n, view in enumerate(("000", "090"))}
        for view, walk in walks.items():
            write_array(tmp_path / "001/nm-01" / view / f"{view}.pkl", walk)
        dataset = open_dataset(tmp_path)
        assert isinstance(dataset, WalkDataset)
        assert [record.frames for record in dataset.records] == [5, 6]
        for index, walk in enumerate(walks.values()):
            np.testing.assert_array_equal(dataset.load(index), walk)

    def test_several_files_are_maps_of_the_same_frames(self, tmp_path):
        folder = tmp_path / "001/nm-01/000"
        sils, heat = self.walk(0, 4, 64, 64), self.walk(1, 4, 2, 64, 64)
        write_array(folder / "0_heatmaps.pkl", heat)
        write_array(folder / "1_sils.pkl", sils)
        with pytest.raises(InputError, match="--maps"):
            open_dataset(tmp_path)
        both = open_dataset(tmp_path, maps=("*sils*", "*heat*")).load(0)
        np.testing.assert_array_equal(both, np.concatenate([sils[:, None], heat], axis=1))
        np.testing.assert_array_equal(open_dataset(tmp_path, maps=("*sils*",)).load(0), sils)
        with pytest.raises(InputError, match="0 files"):
            open_dataset(tmp_path, maps=("*pose*",))

    def test_maps_of_different_lengths(self, tmp_path):
        folder = tmp_path / "001/nm-01/000"
        write_array(folder / "a.pkl", self.walk(0, 4, 64, 64))
        write_array(folder / "b.pkl", self.walk(0, 5, 64, 64))
        with pytest.raises(InputError, match=r"\[4, 5\] frames"):
            open_dataset(tmp_path, maps=("a*", "b*")).load(0)

    def test_truth_values_are_pixels(self, tmp_path):
        write_array(tmp_path / "001/nm-01/000/x.pkl", self.walk(0, 2, 64, 64) > 127)
        assert set(np.unique(open_dataset(tmp_path).load(0)).tolist()) == {0, 255}

    @pytest.mark.parametrize("wrong", [np.zeros((2, 64, 44), np.uint8), np.zeros((2, 64, 64), np.float32)])
    def test_other_arrays_are_refused(self, tmp_path, wrong):
        write_array(tmp_path / "001/nm-01/000/x.pkl", wrong)
        with pytest.raises(InputError, match="wanted uint8"):
            open_dataset(tmp_path).load(0)
