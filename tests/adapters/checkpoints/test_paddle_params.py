"""Paddle's parameter files: written and read back, and refused when damaged."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaitway.adapters.checkpoints.paddle import read_pdiparams, write_pdiparams
from gaitway.errors import ModelFileError

SHAPES = st.lists(st.lists(st.integers(1, 200), max_size=3).map(tuple), min_size=1, max_size=5)


@given(shapes=SHAPES, extra=st.integers(0, 2))
def test_what_is_written_is_read(tmp_path_factory, shapes, extra):
    tensors = {
        f"n{i}": np.arange(np.prod(s, dtype=int), dtype=np.float32).reshape(s) for i, s in enumerate(shapes)
    }
    path = tmp_path_factory.mktemp("p") / "model.pdiparams"
    write_pdiparams(path, {**tensors, **{f"z{i}": np.ones(1, np.float32) for i in range(extra)}})
    read = read_pdiparams(path, list(tensors))
    assert read.keys() == tensors.keys()
    assert all(np.array_equal(read[k], tensors[k]) and read[k].shape == tensors[k].shape for k in tensors)


@given(cut=st.integers(1, 60))
def test_a_cut_off_file_is_refused(tmp_path_factory, cut):
    path = tmp_path_factory.mktemp("p") / "model.pdiparams"
    write_pdiparams(path, {"a": np.zeros((2, 3), np.float32), "b": np.zeros(3, np.float32)})
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(ModelFileError, match=r"model\.pdiparams"):
        read_pdiparams(path, ["a", "b"])


@given(content=st.binary(max_size=200))
def test_noise_is_refused_or_holds_too_little(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("p") / "model.pdiparams"
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match=r"model\.pdiparams"):
        read_pdiparams(path, ["a", "b", "c"])
