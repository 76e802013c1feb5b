"""Our format: what goes in comes out, after kills too, and damage is noticed."""

import errno
import json
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gaitway.adapters.datasets import WalkStore, WalkStoreWriter, open_dataset
from gaitway.adapters.datasets import store as store_module
from gaitway.adapters.datasets.format import HEADER, INDEX, PIXELS, pack, unpack
from gaitway.errors import InputError, StoreError
from gaitway.protocols import WalkDataset

RECIPE = {"made": "test"}


def walk(seed, frames=3, *, grey=False, channels=None):
    rng = np.random.default_rng(seed)
    shape = (frames, 64, 64) if channels is None else (frames, channels, 64, 64)
    return (
        rng.integers(0, 256, shape, np.uint8) if grey else rng.integers(0, 2, shape, np.uint8) * np.uint8(255)
    )


def fill(folder, numbers, *, finish=True):
    with WalkStoreWriter(folder, RECIPE) as store:
        for n in numbers:
            store.add(f"{n:03d}", "nm-01", "090", walk(n, grey=n % 2 == 1))
        if finish:
            store.finish()


def content(folder):
    return {name: (folder / name).read_bytes() for name in (HEADER, INDEX, PIXELS)}


class TestRoundTrip:
    @given(
        arrays(
            np.uint8,
            st.tuples(st.integers(1, 3), st.just(64), st.just(64))
            | st.tuples(st.integers(1, 2), st.integers(1, 3), st.just(64), st.just(64)),
            elements=st.sampled_from([0, 255]) | st.integers(0, 255),
        )
    )
    @settings(deadline=None, max_examples=30)
    def test_nothing_is_lost(self, silhouettes):
        row, pixels = pack("001", "nm-01", "090", silhouettes)
        assert len(pixels) == row.size
        np.testing.assert_array_equal(unpack(row, np.frombuffer(pixels, np.uint8)), silhouettes)

    def test_binary_walks_take_an_eighth(self):
        assert len(pack("1", "a", "b", walk(0))[1]) * 8 == len(pack("1", "a", "b", walk(0, grey=True))[1])

    def test_walks_come_back_in_order_with_their_labels(self, tmp_path):
        fill(tmp_path / "d", range(5))
        dataset = open_dataset(tmp_path / "d")
        assert isinstance(dataset, WalkDataset)
        assert [r.subject for r in dataset.records] == [f"{n:03d}" for n in range(5)]
        for n in (3, 0, 4):
            np.testing.assert_array_equal(dataset.load(n), walk(n, grey=n % 2 == 1))

    def test_travels_between_processes_without_the_map(self, tmp_path):
        fill(tmp_path / "d", range(3))
        dataset = open_dataset(tmp_path / "d")
        dataset.load(0)
        travelled = pickle.loads(pickle.dumps(dataset))  # noqa: S301 - our own
        np.testing.assert_array_equal(travelled.load(2), dataset.load(2))

    def test_what_is_loaded_may_be_changed(self, tmp_path):
        fill(tmp_path / "d", range(2))
        dataset = open_dataset(tmp_path / "d")
        for n in range(2):
            dataset.load(n)[:] = 7
            np.testing.assert_array_equal(dataset.load(n), walk(n, grey=n % 2 == 1))


class TestGoingOn:
    @pytest.mark.parametrize("cut", [0, 1, 2000, 4096, 9000])
    @pytest.mark.parametrize("torn", [0, 5, 60])
    def test_what_a_kill_left_is_cut_away(self, tmp_path, cut, torn):
        """Pixels beyond the index, and half a line at its end, are what a kill can leave."""
        whole, killed = tmp_path / "whole", tmp_path / "killed"
        fill(whole, range(6))
        fill(killed, range(3), finish=False)
        rest = content(whole)
        done = (killed / PIXELS).stat().st_size
        with (killed / PIXELS).open("ab") as file:
            file.write(rest[PIXELS][done : done + cut])
        lines = rest[INDEX].splitlines(keepends=True)
        with (killed / INDEX).open("ab") as file:
            file.write(lines[3][:torn].rstrip(b"\n"))
        with WalkStoreWriter(killed, RECIPE) as store:
            assert len(store) == 3
            for n in range(6):
                if (f"{n:03d}", "nm-01", "090") not in store:
                    store.add(f"{n:03d}", "nm-01", "090", walk(n, grey=n % 2 == 1))
            store.finish()
        assert content(killed) == rest

    def test_unfinished_cannot_be_opened(self, tmp_path):
        fill(tmp_path / "d", range(2), finish=False)
        with pytest.raises(StoreError, match="not finished"):
            open_dataset(tmp_path / "d")

    def test_an_error_keeps_the_walks_before_it(self, tmp_path):
        with pytest.raises(InputError, match="twice"), WalkStoreWriter(tmp_path / "d", RECIPE) as store:
            [store.add("1", "a", "b", walk(1)) for _ in range(2)]
        with WalkStoreWriter(tmp_path / "d", RECIPE) as store:
            assert ("1", "a", "b") in store

    def test_a_full_disk_is_one_line_and_nothing_is_lost(self, tmp_path, monkeypatch):
        def full(_):
            raise OSError(errno.ENOSPC, "No space left on device")

        fill(tmp_path / "d", range(2), finish=False)
        with monkeypatch.context() as disk:
            disk.setattr(store_module.os, "fsync", full)
            with pytest.raises(StoreError, match="No space left"):
                fill(tmp_path / "d", range(2, 5))
        with WalkStoreWriter(tmp_path / "d", RECIPE) as store:
            for n in range(6):
                if (f"{n:03d}", "nm-01", "090") not in store:
                    store.add(f"{n:03d}", "nm-01", "090", walk(n, grey=n % 2 == 1))
            store.finish()
        fill(tmp_path / "whole", range(6))
        assert content(tmp_path / "d") == content(tmp_path / "whole")

    def test_more_can_be_added_later(self, tmp_path):
        fill(tmp_path / "d", range(2))
        fill(tmp_path / "d", range(2, 4))
        assert len(open_dataset(tmp_path / "d").records) == 4

    def test_another_recipe_is_refused(self, tmp_path):
        fill(tmp_path / "d", range(2))
        with (
            pytest.raises(InputError, match="made 'test', now 'other'"),
            WalkStoreWriter(tmp_path / "d", {"made": "other"}),
        ):
            pass

    def test_a_folder_of_something_else_is_refused(self, tmp_path):
        (tmp_path / "thesis.tex").write_text("x")
        with pytest.raises(InputError, match=r"thesis\.tex"), WalkStoreWriter(tmp_path, RECIPE):
            pass

    def test_two_writers_are_refused(self, tmp_path):
        with (
            WalkStoreWriter(tmp_path / "d", RECIPE),
            pytest.raises(StoreError, match="another gaitway"),
            WalkStoreWriter(tmp_path / "d", RECIPE),
        ):
            pass


class TestDamage:
    @pytest.fixture
    def folder(self, tmp_path):
        fill(tmp_path / "d", range(4))
        return tmp_path / "d"

    @given(st.integers(0, 2**31))
    @settings(deadline=None, max_examples=25)
    def test_any_flipped_bit_is_noticed(self, tmp_path_factory, seed):
        folder = tmp_path_factory.mktemp("flip") / "d"
        fill(folder, range(2))
        rng = np.random.default_rng(seed)
        path = folder / (INDEX if seed % 2 else PIXELS)
        stored = bytearray(path.read_bytes())
        stored[int(rng.integers(len(stored)))] ^= 1 << int(rng.integers(8))
        path.write_bytes(stored)
        with pytest.raises(StoreError):
            [WalkStore(folder).load(n) for n in range(2)]

    @pytest.mark.parametrize("name", [PIXELS, INDEX])
    def test_a_cut_off_file_is_noticed_when_opened(self, folder, name):
        stored = (folder / name).read_bytes()
        (folder / name).write_bytes(stored[: stored.rstrip(b"\n").rfind(b"\n") + 1 or -1])
        with pytest.raises(StoreError, match="cut off"):
            open_dataset(folder)

    def test_pixels_missing_when_going_on_are_noticed(self, folder):
        (folder / PIXELS).write_bytes(b"")
        with pytest.raises(StoreError, match="cut off"):
            fill(folder, range(4, 5))

    @pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"format": 1}', "\x00"])
    def test_a_damaged_header(self, folder, text):
        (folder / HEADER).write_text(text)
        with pytest.raises(StoreError, match="damaged"):
            open_dataset(folder)

    def test_a_later_version(self, folder):
        header = json.loads((folder / HEADER).read_text())
        (folder / HEADER).write_text(json.dumps(header | {"version": 2}))
        with pytest.raises(StoreError, match="version 2"):
            open_dataset(folder)

    def test_a_missing_file(self, folder):
        (folder / PIXELS).unlink()
        with pytest.raises(StoreError, match="cannot read"):
            open_dataset(folder)


class TestRefusedWalks:
    @pytest.mark.parametrize(
        "label", ["", ".", "..", "a/b", "a\\b", "x" * 101, "a\nb", "a\0", " a", "c:", "a*"]
    )
    def test_labels_that_cannot_be_folders(self, label):
        with pytest.raises(InputError, match="label"):
            pack(label, "nm-01", "090", walk(0))

    @pytest.mark.parametrize(
        "wrong",
        [
            np.zeros((0, 64, 64), np.uint8),
            np.zeros((3, 64, 44), np.uint8),
            np.zeros((64, 64), np.uint8),
            np.zeros((2, 0, 64, 64), np.uint8),
        ],
    )
    def test_arrays_that_are_no_walks(self, wrong):
        with pytest.raises(InputError, match="wanted uint8"):
            pack("1", "nm-01", "090", wrong)

    def test_the_same_walk_twice(self, tmp_path):
        with WalkStoreWriter(tmp_path / "d", RECIPE) as store:
            store.add("1", "a", "b", walk(1))
            with pytest.raises(InputError, match="twice"):
                store.add("1", "a", "b", walk(1))
