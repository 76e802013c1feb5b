"""Pickled arrays of every protocol are read; nothing in a pickle is ever run."""

import contextlib
import os
import pickle
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from gaitway.adapters.datasets.arrays import read_array, read_shape, write_array
from gaitway.errors import InputError, StoreError

ran = []


def trap(*_):
    ran.append("code ran")


class Trap:
    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


class StatefulTrap(np.ndarray):
    def __reduce__(self):
        function, arguments, state = super().__reduce__()
        return function, arguments, (*state[:4], Trap(trap))


def saved(folder, content):
    path = folder / "walk.pkl"
    path.write_bytes(content)
    return path


class TestReading:
    @pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
    @pytest.mark.parametrize("order", ["C", "F"])
    @pytest.mark.parametrize("dtype", ["u1", "b1", "f4", ">f4", "i8"])
    def test_every_protocol(self, tmp_path, protocol, order, dtype):
        array = np.asarray(np.random.default_rng(0).integers(0, 2, (5, 4, 3)), dtype, order=order)
        path = saved(tmp_path, pickle.dumps(array, protocol=protocol))
        np.testing.assert_array_equal(read_array(path), array)
        assert read_shape(path) == (5, 4, 3)

    @given(arrays(np.uint8, array_shapes(min_dims=1, max_dims=4)))
    @settings(deadline=None, max_examples=40)
    def test_any_array_comes_back_by_us_and_by_pickle(self, tmp_path_factory, array):
        path = tmp_path_factory.mktemp("arrays") / "walk.pkl"
        write_array(path, array)
        np.testing.assert_array_equal(read_array(path), array)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            np.testing.assert_array_equal(pickle.loads(path.read_bytes()), array)  # noqa: S301 - our own

    def test_written_for_numpy_1_too(self, tmp_path):
        write_array(tmp_path / "walk.pkl", np.zeros((2, 64, 64), np.uint8))
        content = (tmp_path / "walk.pkl").read_bytes()
        assert b"numpy.core.multiarray" in content
        assert b"numpy._core" not in content

    def test_a_list_of_frames_is_stacked(self, tmp_path):
        frames = [np.full((4, 4), n, np.uint8) for n in range(3)]
        path = saved(tmp_path, pickle.dumps(frames))
        np.testing.assert_array_equal(read_array(path), np.stack(frames))
        assert read_shape(path) == (3, 4, 4)

    def test_python_2_wrote_bytes_as_text(self, tmp_path):
        """Its pickles hold the numbers as a string, here of protocol 1."""
        content = pickle.dumps(np.arange(6, dtype=np.uint8).reshape(2, 3), protocol=1)
        start, end = content.rindex(b"h\x03(X"), content.rindex(b"Rq") + 3
        old = content[:start] + b"U\x06" + bytes(range(6)) + content[end:]
        np.testing.assert_array_equal(read_array(saved(tmp_path, old)), [[0, 1, 2], [3, 4, 5]])


class TestHostile:
    @pytest.mark.parametrize(
        "payload",
        [
            Trap(os.system, "false"),
            Trap(eval, "1"),
            Trap(exec, "1"),
            Trap(trap),
            Trap(getattr, "", "join"),
            Trap(np.load, "x.npy"),
            Trap(np.fromfile, "x"),
            [np.zeros(3, np.uint8), Trap(trap)],
            {"array": Trap(trap)},
            np.zeros(3, np.uint8).view(StatefulTrap),
        ],
        ids=[
            "system",
            "eval",
            "exec",
            "own",
            "getattr",
            "load",
            "fromfile",
            "in a list",
            "in a dict",
            "state",
        ],
    )
    @pytest.mark.parametrize("protocol", [0, 2, 4])
    def test_nothing_runs(self, tmp_path, payload, protocol):
        ran.clear()
        path = saved(tmp_path, pickle.dumps(payload, protocol=protocol))
        for read in (read_array, read_shape):
            with pytest.raises(InputError, match=r"is refused"):
                read(path)
        assert not ran

    @pytest.mark.parametrize(
        "value",
        [
            np.array([None, "x"], object),
            np.array(["text"]),
            np.zeros(2, [("a", "u1")]),
            np.zeros(2, "datetime64[s]"),
            np.zeros(2, complex),
            [1, 2],
            {"a": 1},
            b"bytes",
            None,
            [],
        ],
        ids=repr,
    )
    def test_what_is_no_array_of_numbers_is_refused(self, tmp_path, value):
        with pytest.raises(InputError):
            read_array(saved(tmp_path, pickle.dumps(value)))

    def test_a_shape_that_its_bytes_do_not_fill(self, tmp_path):
        content = pickle.dumps(np.zeros((2, 3), np.uint8), protocol=2)
        lying = content.replace(b"K\x02K\x03\x86", b"K\x7fK\x03\x86")
        assert lying != content
        with pytest.raises(InputError, match="6 bytes for the shape"):
            read_array(saved(tmp_path, lying))

    def test_a_literal_of_terabytes_takes_no_memory(self, tmp_path):
        path = saved(tmp_path, b"\x80\x04\x8e" + (1 << 40).to_bytes(8, "little") + b"x")
        with pytest.raises(InputError, match="damaged"):
            read_array(path)

    @given(st.integers(0, 2**31))
    @settings(deadline=None, max_examples=150)
    def test_damage_is_our_error_or_some_array(self, tmp_path_factory, seed):
        """Flipped and lost bytes never raise anything but our errors."""
        rng = np.random.default_rng(seed)
        array = rng.integers(0, 256, (2, 5, 5), np.uint8)
        content = bytearray(pickle.dumps(array, protocol=int(rng.integers(0, 6))))
        for _ in range(int(rng.integers(1, 4))):
            content[int(rng.integers(len(content)))] = int(rng.integers(256))
        content = content[: int(rng.integers(1, len(content) + 1))]
        path = saved(tmp_path_factory.mktemp("damage"), bytes(content))
        for read in (read_array, read_shape):
            with contextlib.suppress(InputError):
                read(path)

    def test_missing_and_empty(self, tmp_path):
        with pytest.raises(StoreError):
            read_array(tmp_path / "none.pkl")
        with pytest.raises(InputError):
            read_array(saved(tmp_path, b""))
