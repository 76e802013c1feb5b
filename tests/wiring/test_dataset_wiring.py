"""dataset synth, prepare and check: same bytes however often stopped, faults named."""

import multiprocessing
import signal
import subprocess
import sys
import time

import cv2
import numpy as np
import pytest

from gaitway.adapters.datasets import open_dataset
from gaitway.adapters.datasets.arrays import write_array
from gaitway.adapters.datasets.partition import Partition, write_partition
from gaitway.errors import InputError
from gaitway.silhouettes.align import align_all
from gaitway.synthetic.dataset import DatasetConfig, person_walks
from gaitway.synthetic.population import PopulationConfig
from gaitway.wiring.check import check_dataset
from gaitway.wiring.dataset import describe_dataset, synthesise
from gaitway.wiring.prepare import PrepareConfig, prepare_folder
from gaitway.wiring.prepare_videos import VideoWalk, find_videos, read_labels
from gaitway.wiring.workers import in_order

SMALL = DatasetConfig(walks=4, views=2, frames=6)
FILES = ("dataset.json", "walks.jsonl", "walks.bin", "partition.json")


def content(folder, names=FILES):
    return {name: (folder / name).read_bytes() for name in names}


def raw_tree(root, people=2):
    """Write generated silhouettes as unaligned pictures, in CASIA-B's layout."""
    for index in range(people):
        for walk in person_walks(index, SMALL):
            folder = root / walk.subject / walk.condition / walk.view
            folder.mkdir(parents=True)
            for number, silhouette in enumerate(walk.silhouettes):
                picture = np.zeros((100, 140), np.uint8)
                picture[17:81, 40:104] = silhouette
                soft = cv2.GaussianBlur(picture, (3, 3), 0)
                cv2.imwrite(str(folder / f"{walk.subject}-{number + 997:03d}.png"), soft)
    return root


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    return raw_tree(tmp_path_factory.mktemp("raw") / "casia")


class TestSynth:
    def test_one_process_two_processes_and_another_day_make_the_same_bytes(self, tmp_path):
        synthesise(tmp_path / "one", 3, SMALL)
        synthesise(tmp_path / "two", 3, SMALL, workers=2)
        synthesise(tmp_path / "later", 1, SMALL)
        synthesise(tmp_path / "later", 3, SMALL)
        assert content(tmp_path / "one") == content(tmp_path / "two") == content(tmp_path / "later")

    def test_another_seed_makes_other_people(self, tmp_path):
        for seed in (0, 1):
            config = DatasetConfig(walks=1, views=1, frames=4, population=PopulationConfig(seed=seed))
            synthesise(tmp_path / str(seed), 1, config)
        assert content(tmp_path / "0") != content(tmp_path / "1")

    def test_its_names_fit_the_protocol(self, tmp_path):
        synthesise(tmp_path / "d", 2, DatasetConfig(walks=10, views=11, frames=2))
        found = describe_dataset(open_dataset(tmp_path / "d"))
        assert list(found.views) == [f"{v:03d}" for v in range(0, 181, 18)]
        assert sorted(found.conditions) == sorted(
            [*(f"nm-{n:02d}" for n in range(1, 7)), "bg-01", "bg-02", "cl-01", "cl-02"]
        )
        assert set(found.conditions.values()) == {22}
        train = open_dataset(tmp_path / "d", subset="train").records
        test = open_dataset(tmp_path / "d", subset="test").records
        assert {r.subject for r in train} == {"00001"}
        assert {r.subject for r in test} == {"00002"}

    def test_four_walks_hold_a_gallery_and_every_kind_of_probe(self):
        assert SMALL.conditions == ("nm-01", "nm-05", "bg-01", "cl-01")
        assert len(set(DatasetConfig(walks=150).conditions)) == 150

    @pytest.mark.parametrize("change", [{"walks": 0}, {"frames": 0}, {"views": 200}, {"frame_rate": 0.0}])
    def test_impossible_numbers(self, change):
        with pytest.raises(InputError):
            DatasetConfig(**change)


KILLED = """
import os, signal, sys
from pathlib import Path
from gaitway.synthetic.dataset import DatasetConfig
from gaitway.wiring.dataset import synthesise
from gaitway.wiring.prepare import PrepareConfig, prepare_folder

def die(step):
    if step.done == int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)

if __name__ == "__main__":
    if sys.argv[1] == "synth":
        synthesise(sys.argv[2], 6, DatasetConfig(walks=4, views=2, frames=6), workers=2, report=die)
    else:
        config = PrepareConfig(sys.argv[1], workers=2)
        prepare_folder(sys.argv[4], sys.argv[2], config, report=die)
"""


@pytest.mark.slow
class TestKilled:
    @pytest.fixture
    def killed(self, tmp_path):
        script = tmp_path / "run.py"
        script.write_text(KILLED)

        def run(*arguments):
            done = subprocess.run(
                [sys.executable, str(script), *map(str, arguments)],
                check=False,
                timeout=120,
                capture_output=True,
            )
            assert done.returncode == -signal.SIGKILL, done.stderr

        return run

    @pytest.mark.parametrize("moment", [1, 4])
    def test_synth_goes_on_to_the_same_bytes(self, tmp_path, killed, moment):
        killed("synth", tmp_path / "killed", moment)
        synthesise(tmp_path / "killed", 6, SMALL)
        synthesise(tmp_path / "whole", 6, SMALL)
        assert content(tmp_path / "killed") == content(tmp_path / "whole")

    @pytest.mark.parametrize("kind", ["walks", "pickle"])
    def test_prepare_goes_on_to_the_same_bytes(self, tmp_path, killed, raw, kind):
        killed(kind, tmp_path / "killed", 5, raw)
        config = PrepareConfig(kind)
        went_on = prepare_folder(raw, tmp_path / "killed", config)
        whole = prepare_folder(raw, tmp_path / "whole", config)
        assert went_on == whole
        names = sorted(p.relative_to(tmp_path / "whole") for p in (tmp_path / "whole").rglob("*.*"))
        names = [
            n
            for n in names
            if (tmp_path / "whole" / n).is_file() and n.name not in {"prepare.jsonl", ".lock"}
        ]
        assert len(names) >= 3
        assert content(tmp_path / "killed", names) == content(tmp_path / "whole", names)


class TestWorkers:
    def test_results_come_in_order(self):
        assert list(in_order(abs, range(-30, 0), 2)) == list(range(30, 0, -1))

    def test_whoever_stops_early_does_not_wait_for_the_rest(self):
        results = in_order(time.sleep, [0.0, *[600.0] * 8], 2)
        assert next(results) is None
        begun = time.monotonic()
        results.close()
        assert time.monotonic() - begun < 300
        assert not multiprocessing.active_children()

    def test_an_error_ends_it_and_leaves_nobody_behind(self):
        with pytest.raises(TypeError):
            list(in_order(abs, ["x", *range(50)], 2))
        deadline = time.monotonic() + 10
        while multiprocessing.active_children() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not multiprocessing.active_children()


class TestPrepare:
    def test_walks_are_aligned_and_nothing_is_lost(self, raw, tmp_path):
        made = prepare_folder(raw, tmp_path / "d")
        dataset = open_dataset(tmp_path / "d")
        assert made.walks == len(dataset.records) == 16
        assert made.frames["kept"] == sum(r.frames for r in dataset.records)
        assert not made.failures
        for index, record in enumerate(dataset.records):
            folder = raw / record.subject / record.condition / record.view
            pictures = [
                cv2.imread(str(p), 0) for p in sorted(folder.iterdir(), key=lambda p: int(p.stem[6:]))
            ]
            np.testing.assert_array_equal(dataset.load(index), align_all(pictures)[0])

    def test_both_formats_hold_the_same(self, raw, tmp_path):
        prepare_folder(raw, tmp_path / "pickle", PrepareConfig("pickle"))
        prepare_folder(raw, tmp_path / "walks")
        prepare_folder(tmp_path / "pickle", tmp_path / "again")
        sets = [open_dataset(tmp_path / name) for name in ("pickle", "walks", "again")]
        assert sets[0].records == sets[1].records == sets[2].records
        for index in range(16):
            np.testing.assert_array_equal(sets[0].load(index), sets[1].load(index))
            np.testing.assert_array_equal(sets[0].load(index), sets[2].load(index))

    def test_binary_is_smaller_and_black_and_white(self, raw, tmp_path):
        for name, binary in (("grey", False), ("binary", True)):
            prepare_folder(raw, tmp_path / name, PrepareConfig(binary=binary))
        sizes = [(tmp_path / name / "walks.bin").stat().st_size for name in ("grey", "binary")]
        assert sizes[1] < sizes[0]
        assert set(np.unique(open_dataset(tmp_path / "binary").load(3)).tolist()) == {0, 255}

    def test_what_is_wrong_is_counted_and_the_rest_is_made(self, tmp_path):
        source = raw_tree(tmp_path / "raw", people=1)
        view = source / "00001" / "nm-01" / "000"
        cv2.imwrite(str(view / "00001-001.png"), np.zeros((100, 140), np.uint8))
        (view / "00001-002.png").write_bytes(b"no picture")
        for path in (source / "00001" / "nm-01" / "180").iterdir():
            path.unlink()
        (source / "00001" / "bg-01" / "000" / "x.pkl").write_bytes(b"\x80\x04cos\nsystem\n.")
        for _ in range(2):  # a second run reports the same
            made = prepare_folder(source, tmp_path / "d")
            assert {note.labels: note.remark for note in made.failures}.keys() == {
                ("00001", "nm-01", "180"),
                ("00001", "bg-01", "000"),
            }
            assert "os.system" in next(n.remark for n in made.failures if n.condition == "bg-01")
            assert (made.frames["empty"], made.frames["unreadable"]) == (1, 1)
            assert len(open_dataset(tmp_path / "d").records) == made.walks == 6

    def test_the_partition_travels_along(self, raw, tmp_path):
        write_partition(tmp_path / "p.json", Partition(("00001",), ("00002",)))
        prepare_folder(raw, tmp_path / "d", partition=tmp_path / "p.json")
        assert {r.subject for r in open_dataset(tmp_path / "d", subset="test").records} == {"00002"}

    @pytest.mark.parametrize("inside", ["", "new", "00001/new"])
    def test_never_writes_into_its_source(self, raw, inside):
        with pytest.raises(InputError, match="outside"):
            prepare_folder(raw, raw / inside, PrepareConfig("pickle"))

    def test_other_settings_do_not_go_on(self, raw, tmp_path):
        prepare_folder(raw, tmp_path / "d")
        with pytest.raises(InputError, match="binary False, now True"):
            prepare_folder(raw, tmp_path / "d", PrepareConfig(binary=True))
        with pytest.raises(InputError, match="our format"):
            prepare_folder(raw, tmp_path / "d", PrepareConfig("pickle"))


class TestVideoLabels:
    def test_folders_name_the_walk(self, tmp_path):
        for path in ("002/nm/090.mp4", "001/nm/090.avi", "001/nm/notes.txt"):
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).touch()
        assert [(v.subject, v.condition, v.view, v.video.name) for v in find_videos(tmp_path)] == [
            ("001", "nm", "090", "090.avi"),
            ("002", "nm", "090", "090.mp4"),
        ]

    def test_a_csv_file_names_the_walk(self, tmp_path):
        path = tmp_path / "labels.csv"
        path.write_text(
            "\ufeffvideo,subject,condition,view,track\na/b.mp4, ada ,nm-01,090,3\nc.mp4,ben,nm-01,090,\n"
        )
        assert read_labels(path) == [
            VideoWalk(tmp_path / "a/b.mp4", "ada", "nm-01", "090", 3),
            VideoWalk(tmp_path / "c.mp4", "ben", "nm-01", "090"),
        ]

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("", "no rows"),
            ("video,subject\na,b\n", "line 2 .* lacks condition, view"),
            ("video,subject,condition,view,track\na,b,c,d,x\n", "track 'x'"),
        ],
    )
    def test_mistakes_are_named_by_line(self, tmp_path, text, message):
        (tmp_path / "labels.csv").write_text(text)
        with pytest.raises(InputError, match=message):
            read_labels(tmp_path / "labels.csv")


class TestCheck:
    def test_a_clean_set_has_no_faults(self, tmp_path):
        synthesise(tmp_path / "d", 2, SMALL)
        found = check_dataset(tmp_path / "d", workers=2)
        assert (found.walks, found.faults) == (16, ())

    def test_every_fault_is_named(self, tmp_path):
        rng = np.random.default_rng(0)
        good = rng.integers(0, 256, (3, 64, 64), np.uint8)
        walks = {
            "1/nm/good": good,
            "1/nm/narrow": good[:, :, :44],
            "1/nm/blank": good * np.array([1, 0, 1], np.uint8)[:, None, None],
            "1/nm/small-values": good // 128,
            "2/nm/floats": good.astype(np.float32),
        }
        for name, walk in walks.items():
            write_array(tmp_path / name / "x.pkl", walk)
        (tmp_path / "2/nm/empty").mkdir(parents=True)
        (tmp_path / "2/nm/hostile").mkdir()
        (tmp_path / "2/nm/hostile/x.pkl").write_bytes(b"\x80\x04cos\nsystem\n.")
        partition = Partition(("1",), ("3",), ("3-nm-good",))
        found = {(f.where, f.what.split(",")[0]) for f in check_dataset(tmp_path, partition).faults}
        wheres = [where for where, _ in found]
        assert sorted(wheres) == sorted(
            [
                "1/nm/narrow",
                "1/nm/blank",
                "1/nm/small-values",
                "2/nm/floats",
                "2/nm/empty",
                "2/nm/hostile",
                *["partition"] * 3,
            ]
        )

    def test_a_flipped_pixel_is_one_walks_fault(self, tmp_path):
        synthesise(tmp_path / "d", 1, SMALL)
        pixels = bytearray((tmp_path / "d/walks.bin").read_bytes())
        pixels[5] ^= 1
        (tmp_path / "d/walks.bin").write_bytes(pixels)
        (fault,) = check_dataset(tmp_path / "d").faults
        assert fault.where == "00001/nm-01/000"

    def test_looks_again_after_a_change(self, tmp_path):
        synthesise(tmp_path / "d", 1, SMALL)
        assert check_dataset(tmp_path / "d").walks == 8
        synthesise(tmp_path / "d", 2, SMALL)
        assert (check_dataset(tmp_path / "d").walks, check_dataset(tmp_path / "d").faults) == (16, ())
