"""What a gait network is shown, and how its answers are put together, without any network."""

from concurrent.futures import Future

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaitway.errors import ConfigError, InputError, NetworkError
from gaitway.protocols import Encoder
from gaitway.recognition.opengait import GaitInputConfig, OpenGaitEncoder, prepare_walk


class Mean:
    """A runtime whose embedding is the mean of every row, in one part each."""

    input_shapes = ((1, -1, -1, -1, -1),)
    busy_s = 0.0

    def __init__(self, value: float | None = None) -> None:
        self.value = value

    def submit(self, *inputs: np.ndarray) -> Future:
        done: Future = Future()
        rows = inputs[0].mean(axis=(2, 4))
        done.set_result((rows if self.value is None else np.full_like(rows, self.value),))
        return done

    def run(self, *inputs: np.ndarray) -> tuple[np.ndarray, ...]:
        return self.submit(*inputs).result()


def walk(frames: int, seed: int = 0, channels: int | None = None, width: int = 64) -> np.ndarray:
    shape = (frames, 64, width) if channels is None else (frames, channels, 64, width)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def test_it_is_an_encoder():
    assert isinstance(OpenGaitEncoder(Mean(), "m"), Encoder)


@given(lengths=st.lists(st.integers(1, 9), max_size=5))
def test_walks_of_any_lengths_each_as_alone(lengths):
    encoder = OpenGaitEncoder(Mean(), "m")
    walks = [walk(n, seed) for seed, n in enumerate(lengths)]
    together = encoder.encode(walks)
    assert len(together) == len(walks)
    assert together.dtype == np.float32
    for row, one in enumerate(walks):
        assert np.array_equal(together[row], encoder.encode([one])[0])


def test_parts_come_before_channels():
    assert OpenGaitEncoder(Mean(), "m").encode([walk(3)]).shape == (1, 64, 1)


def test_sides_are_cut_and_values_divided_exactly():
    one = walk(4)
    plain = (one[:, :, 10:54].astype(np.float64) / 255).astype(np.float32)
    assert np.array_equal(prepare_walk(one, GaitInputConfig())[0, 0], plain)
    assert prepare_walk(one, GaitInputConfig(cuts_sides=False)).shape == (1, 1, 4, 64, 64)
    assert prepare_walk(walk(2, width=44), GaitInputConfig()).shape[-1] == 44
    assert prepare_walk(walk(2, width=128), GaitInputConfig()).shape[-1] == 88


def test_channels_keep_their_order():
    one = walk(5, channels=3)
    shown = prepare_walk(one, GaitInputConfig(channels=3))
    assert shown.shape == (1, 3, 5, 64, 44)
    assert np.array_equal((shown[0, 2] * 255).round(), one[:, 2, :, 10:54])


def test_short_walks_repeat_and_long_ones_end():
    config = GaitInputConfig(min_frames=3, max_frames=6)
    for frames, wanted in ((1, [0, 0, 0]), (2, [0, 1, 0, 1]), (3, [0, 1, 2]), (9, [0, 1, 2, 3, 4, 5])):
        one = np.repeat(np.arange(frames, dtype=np.uint8), 64 * 64).reshape(frames, 64, 64)
        shown = prepare_walk(one, config)[0, 0, :, 0, 0] * 255
        assert shown.round().astype(int).tolist() == wanted


@pytest.mark.parametrize(
    "wrong", [np.zeros((0, 64, 64), np.uint8), np.zeros((2, 3, 64, 64), np.uint8), np.zeros(9, np.uint8)]
)
def test_walks_that_do_not_fit_are_one_line(wrong):
    with pytest.raises(InputError) as caught:
        OpenGaitEncoder(Mean(), "m").encode([wrong])
    assert "\n" not in str(caught.value)


def test_embedding_that_is_not_finite_is_refused():
    with pytest.raises(NetworkError, match="not finite"):
        OpenGaitEncoder(Mean(float("nan")), "m").encode([walk(2)])


def test_impossible_settings():
    with pytest.raises(ConfigError):
        GaitInputConfig(min_frames=9, max_frames=3)
