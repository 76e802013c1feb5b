"""Reading checkpoints: tensors come in, code never runs."""

import os
import pickle
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="the extra torch is not installed")

from gaitway.adapters.checkpoints.torchfile import load_weights, read_state  # noqa: E402
from gaitway.errors import ModelFileError, ModelNotFoundError  # noqa: E402

WEIGHTS = {"layer.weight": torch.arange(6.0).reshape(2, 3), "layer.bias": torch.ones(2)}


class Trap:
    """Touches a file when unpickled."""

    def __init__(self, touched: Path) -> None:
        self.touched = touched

    def __reduce__(self):
        return (os.system, (f"touch {self.touched}",))


@pytest.mark.parametrize("holder", [None, "model", "state_dict"])
@pytest.mark.parametrize("legacy", [False, True])
def test_weights_come_out_of_every_usual_wrapping(tmp_path, holder, legacy):
    content = WEIGHTS if holder is None else {holder: WEIGHTS, "epoch": 3, "optimizer": {"lr": [0.1]}}
    path = tmp_path / "c.pth.tar"
    torch.save(content, path, _use_new_zipfile_serialization=not legacy)
    assert {k: v.tolist() for k, v in read_state(path).items()} == {k: v.tolist() for k, v in WEIGHTS.items()}


def test_data_parallel_prefix_is_dropped(tmp_path):
    torch.save({f"module.{k}": v for k, v in WEIGHTS.items()}, tmp_path / "c.pt")
    assert set(read_state(tmp_path / "c.pt")) == set(WEIGHTS)


def test_safetensors(tmp_path):
    from safetensors.torch import save_file

    save_file(WEIGHTS, tmp_path / "c.safetensors")
    assert torch.equal(read_state(tmp_path / "c.safetensors")["layer.weight"], WEIGHTS["layer.weight"])


@pytest.mark.parametrize("how", ["zip", "legacy", "pickle"])
def test_a_checkpoint_that_would_run_code_is_refused_and_runs_none(tmp_path, how):
    touched, path = tmp_path / "touched", tmp_path / "evil.pt"
    content = {"model": {**WEIGHTS, "trap": Trap(touched)}}
    if how == "pickle":
        path.write_bytes(pickle.dumps(content["model"]["trap"]))
    else:
        torch.save(content, path, _use_new_zipfile_serialization=how == "zip")
    with pytest.raises(ModelFileError) as caught:
        read_state(path)
    assert "\n" not in str(caught.value)
    assert not touched.exists()


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04 cut off"])
def test_damaged_files_are_one_line(tmp_path, content):
    (tmp_path / "c.pt").write_bytes(content)
    with pytest.raises(ModelFileError, match=r"c\.pt"):
        read_state(tmp_path / "c.pt")


def test_a_cut_off_checkpoint_is_one_line(tmp_path):
    torch.save({"model": {"w": torch.rand(300, 300)}}, tmp_path / "c.pt")
    whole = (tmp_path / "c.pt").read_bytes()
    (tmp_path / "c.pt").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ModelFileError, match=r"c\.pt"):
        read_state(tmp_path / "c.pt")


@pytest.mark.parametrize("content", [{}, {"epoch": 3}, [1, 2], {"model": {"a": "text"}}])
def test_files_without_weights_are_refused(tmp_path, content):
    torch.save(content, tmp_path / "c.pt")
    with pytest.raises(ModelFileError, match="no weights"):
        read_state(tmp_path / "c.pt")


def test_missing_file():
    with pytest.raises(ModelNotFoundError, match="no checkpoint"):
        read_state(Path("nowhere.pt"))


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ({"weight": torch.zeros(2, 3)}, "lacks weight 'bias'"),
        (
            {"weight": torch.zeros(2, 3), "bias": torch.zeros(2), "other": torch.zeros(1)},
            "unknown weight 'other'",
        ),
        ({"weight": torch.zeros(3, 2), "bias": torch.zeros(2)}, "shape"),
    ],
)
def test_weights_of_another_network_are_refused(state, reason):
    with pytest.raises(ModelFileError, match=reason):
        load_weights(torch.nn.Linear(3, 2), state, "c.pt")


def test_optional_weights_may_be_absent():
    network = torch.nn.Linear(3, 2)
    load_weights(network, {"weight": torch.full((2, 3), 7.0)}, "c.pt", optional=("bias",))
    assert network.weight.tolist() == [[7.0] * 3] * 2
