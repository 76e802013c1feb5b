"""Checkpoints are read without torch; torch, where installed, agrees on what is in them."""

import os
import pickle
import zipfile
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaitway.adapters.modelstore.checkpoint import TensorInfo, read_checkpoint
from gaitway.errors import ModelFileError
from support.checkpoints import write_checkpoint

SHAPES = {"a.weight": (3, 2, 1, 1), "a.bias": (3,), "a.scalar": (), "a.empty": (0, 4)}
WANTED = {name: TensorInfo(shape, "Float") for name, shape in SHAPES.items()}
both_formats = pytest.mark.parametrize("legacy", [False, True], ids=["zip", "legacy"])


@both_formats
def test_lists_the_networks_tensors(tmp_path, legacy):
    assert read_checkpoint(write_checkpoint(tmp_path / "n.pt", SHAPES, legacy=legacy)) == WANTED


@both_formats
def test_agrees_with_torch(tmp_path, legacy):
    torch = pytest.importorskip("torch")
    state = {
        "w": torch.zeros(2, 3),
        "view": torch.zeros(4, 6)[1:3, ::2],
        "half": torch.zeros(5, dtype=torch.bfloat16),
        "steps": torch.tensor(7),
        "p": torch.nn.Parameter(torch.zeros(2)),
    }
    path = tmp_path / "n.pt"
    optimizer = {
        "state": {0: {"exp_avg": torch.zeros(2)}},
        "param_groups": [{"betas": (0.9, 0.999), "params": [0]}],
    }
    saved = {"model": state, "optimizer": optimizer, "scheduler": Counter([20, 40]), "iteration": 5}
    torch.save(saved, path, _use_new_zipfile_serialization=not legacy)
    assert {name: info.shape for name, info in read_checkpoint(path).items()} == {
        name: tuple(tensor.shape) for name, tensor in state.items()
    }
    assert read_checkpoint(path)["half"].kind == "BFloat16"


@both_formats
def test_what_the_support_module_writes_torch_reads(tmp_path, legacy):
    torch = pytest.importorskip("torch")
    path = write_checkpoint(tmp_path / "n.pt", SHAPES, legacy=legacy)
    loaded = torch.load(path, weights_only=True)["model"]
    assert {name: tuple(tensor.shape) for name, tensor in loaded.items()} == SHAPES


@pytest.mark.parametrize("key", ["model", "state_dict", "model_state_dict", None])
def test_finds_the_state_dict(tmp_path, key):
    torch = pytest.importorskip("torch")
    state = {"module.w": torch.zeros(2)}  # as a network trained on several devices is saved
    torch.save({key: state} if key else state, tmp_path / "n.pt")
    assert read_checkpoint(tmp_path / "n.pt") == {"w": TensorInfo((2,), "Float")}


@both_formats
@pytest.mark.parametrize("value", [{}, {"model": {}}, {"model": {"lr": 0.1}}, [1, 2], "text"])
def test_a_checkpoint_without_a_network(tmp_path, legacy, value):
    torch = pytest.importorskip("torch")
    torch.save(value, tmp_path / "n.pt", _use_new_zipfile_serialization=not legacy)
    with pytest.raises(ModelFileError, match="holds no network"):
        read_checkpoint(tmp_path / "n.pt")


class Evil:
    def __init__(self, trace):
        self.trace = trace

    def __reduce__(self):
        return os.mkdir, (str(self.trace),)


@both_formats
def test_hostile_checkpoints_run_nothing(tmp_path, legacy):
    torch = pytest.importorskip("torch")
    trace, path = tmp_path / "ran", tmp_path / "evil.pth.tar"
    torch.save(
        {"model": {"w": torch.zeros(2)}, "x": Evil(trace)}, path, _use_new_zipfile_serialization=not legacy
    )
    with pytest.raises(ModelFileError, match=r"evil\.pth\.tar is refused: its pickle names .*mkdir"):
        read_checkpoint(path)
    assert not trace.exists()
    torch.load(path, weights_only=False)
    assert trace.exists()  # it was hostile indeed


def test_a_bare_pickle_runs_nothing(tmp_path):
    trace, path = tmp_path / "ran", tmp_path / "evil.pt"
    path.write_bytes(pickle.dumps(Evil(trace)))
    with pytest.raises(ModelFileError, match=r"names .*mkdir"):
        read_checkpoint(path)
    assert not trace.exists()


@both_formats
@pytest.mark.parametrize("keep", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_cut_files_are_refused(tmp_path, legacy, keep):
    path = write_checkpoint(tmp_path / "n.pt", {"w": (50, 50)}, legacy=legacy)
    raw = path.read_bytes()
    path.write_bytes(raw[: int(keep * len(raw))])
    with pytest.raises(ModelFileError):
        read_checkpoint(path)


def test_bytes_added_to_the_older_format_are_refused(tmp_path):
    path = write_checkpoint(tmp_path / "n.pt", SHAPES, legacy=True)
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(ModelFileError, match="its tensors need"):
        read_checkpoint(path)


def rewritten(path, drop=(), **changes):
    """Write the zip again without ``drop`` and with ``changes`` of contents."""
    with zipfile.ZipFile(path) as archive:
        contents = {name: archive.read(name) for name in archive.namelist() if name not in drop} | changes
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return path


def test_missing_or_short_numbers_are_refused(tmp_path):
    path = write_checkpoint(tmp_path / "n.pt", SHAPES)
    with pytest.raises(ModelFileError, match="lacks the numbers"):
        read_checkpoint(rewritten(path, drop=["archive/data/0"]))
    path = write_checkpoint(tmp_path / "n.pt", SHAPES)
    with pytest.raises(ModelFileError, match="lacks the numbers"):
        read_checkpoint(rewritten(path, **{"archive/data/1": b"12"}))


def test_flipped_bits_are_found(tmp_path):
    path = write_checkpoint(tmp_path / "n.pt", {"w": (50, 50)})
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)
    with pytest.raises(ModelFileError):
        read_checkpoint(path)


def test_a_zip_that_is_no_checkpoint(tmp_path):
    path = tmp_path / "n.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme", "hello")
    with pytest.raises(ModelFileError, match=r"without a checkpoint's data\.pkl"):
        read_checkpoint(path)


def test_a_tensor_larger_than_its_numbers_is_refused(tmp_path):
    path = write_checkpoint(tmp_path / "n.pt", {"w": (5, 5)})
    with zipfile.ZipFile(path) as archive:
        pickled = archive.read("archive/data.pkl")
    with pytest.raises(ModelFileError, match="longer than its numbers"):
        read_checkpoint(
            rewritten(path, **{"archive/data.pkl": pickled.replace(b"K\x05K\x05\x86", b"K\x06K\x05\x86")})
        )


@settings(max_examples=60)
@given(raw=st.binary(max_size=300), is_zip=st.booleans())
def test_any_bytes_are_refused(tmp_path_factory, raw, is_zip):
    path = tmp_path_factory.mktemp("any") / "n.pt"
    path.write_bytes((b"PK\x03\x04" if is_zip else b"") + raw)
    with pytest.raises(ModelFileError):
        read_checkpoint(path)
