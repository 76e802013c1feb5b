"""The torch runtime keeps the runtimes' contract."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra torch is not installed")

from gaitway.adapters.runtimes.pytorch import PytorchRuntime  # noqa: E402
from gaitway.errors import ConfigError, InputError, NetworkError  # noqa: E402
from gaitway.protocols import Runtime  # noqa: E402

SHAPE = (-1, 3, 8, -1)


class Small(torch.nn.Module):
    """A convolution, and the sum of its input."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = torch.nn.Conv2d(3, 2, 3, padding=1)

    def forward(self, x):
        if x.shape[-1] == 13:
            raise RuntimeError("bad luck\nsecond line")
        return self.conv(x), x.sum()


@pytest.fixture
def network():
    torch.manual_seed(0)
    return Small()


def picture(width: int = 9) -> np.ndarray:
    return np.random.default_rng(width).random((2, 3, 8, width), dtype=np.float32)


def test_results_are_the_networks_and_inputs_may_be_reused(network):
    with PytorchRuntime(network, [SHAPE], device="cpu") as runtime:
        assert isinstance(runtime, Runtime)
        one = picture()
        pending = runtime.submit(one)
        wanted = network(torch.from_numpy(one.copy()))[0].detach().numpy()
        one[:] = 0
        convolved, total = pending.result()
        assert np.array_equal(convolved, wanted)
        assert total.shape == ()
        assert runtime.busy_s > 0
        assert runtime.input_shapes == (SHAPE,)


def test_many_runs_keep_their_order(network):
    with PytorchRuntime(network, [SHAPE], device="cpu") as runtime:
        pictures = [picture(w) for w in range(1, 12)]
        pending = [runtime.submit(p) for p in pictures]
        for p, run in zip(pictures, pending, strict=True):
            assert np.array_equal(run.result()[0], runtime.run(p)[0])


def test_bf16_is_near_and_comes_back_as_float32(network):
    exact = PytorchRuntime(network, [SHAPE], device="cpu").run(picture())[0]
    with PytorchRuntime(network, [SHAPE], device="cpu", precision="bf16") as runtime:
        rough = runtime.run(picture())[0]
    assert rough.dtype == np.float32
    assert 0 < np.abs(rough - exact).max() < 0.05


@pytest.mark.parametrize("shape", [(2, 4, 8, 9), (2, 3, 8), (2, 3, 7, 9)])
def test_wrong_shapes_are_refused(network, shape):
    with PytorchRuntime(network, [SHAPE], device="cpu") as runtime, pytest.raises(InputError, match="wanted"):
        runtime.run(np.zeros(shape, np.float32))


def test_wrong_number_of_inputs(network):
    with (
        PytorchRuntime(network, [SHAPE], device="cpu") as runtime,
        pytest.raises(InputError, match="2 inputs"),
    ):
        runtime.run(picture(), picture())


def test_a_failing_network_is_one_line(network):
    with PytorchRuntime(network, [SHAPE], device="cpu", name="unlucky") as runtime:
        with pytest.raises(NetworkError, match="unlucky") as caught:
            runtime.run(picture(13))
        assert "\n" not in str(caught.value)
        assert runtime.run(picture())[0].shape == (2, 2, 8, 9)


@pytest.mark.parametrize(
    "wrong", [{"device": "toaster"}, {"precision": "f8"}, {"device": "cpu", "precision": "f16"}]
)
def test_impossible_choices(network, wrong):
    with pytest.raises(ConfigError):
        PytorchRuntime(network, [SHAPE], **{"device": "cpu", **wrong})


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
def test_cuda_where_there_is_none(network):
    with pytest.raises(ConfigError, match="no CUDA device"):
        PytorchRuntime(network, [SHAPE], device="cuda")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
@pytest.mark.parametrize(("precision", "tolerance"), [("f32", 1e-5), ("f16", 1e-2), ("bf16", 5e-2)])
def test_cuda_is_near_the_cpu(network, precision, tolerance):
    exact = PytorchRuntime(network, [SHAPE], device="cpu").run(picture())[0]
    with PytorchRuntime(network, [SHAPE], device="cuda", precision=precision) as runtime:
        assert np.abs(runtime.run(picture())[0] - exact).max() < tolerance
