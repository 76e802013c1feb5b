import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaitway.silhouettes.gei import gait_energy_image, gait_period
from support.sticks import walk


class TestEnergy:
    def test_is_the_plain_mean(self):
        silhouettes = walk(12)
        np.testing.assert_allclose(gait_energy_image(silhouettes), silhouettes.mean(axis=0) / 255, atol=1e-6)

    def test_weights_pick_frames(self):
        silhouettes = walk(5)
        picked = gait_energy_image(silhouettes, np.array([0, 0, 1.0, 0, 0]))
        np.testing.assert_allclose(picked, silhouettes[2] / 255, atol=1e-6)

    def test_all_zero_weights_count_as_equal(self):
        silhouettes = walk(5)
        np.testing.assert_array_equal(
            gait_energy_image(silhouettes, np.zeros(5)), gait_energy_image(silhouettes)
        )


class TestPeriod:
    @given(st.floats(26, 42), st.integers(0, 50))
    @settings(max_examples=15, deadline=None)
    def test_finds_the_rhythm_of_a_side_view(self, period, seed):
        # Left and right step look alike in a stick figure, so one and a half cycles repeat as well as one.
        found = gait_period(walk(120, period=period, seed=seed), 30.0)
        assert found is not None
        assert min(abs(found - period), abs(found - 1.5 * period)) < 1.0

    def test_scales_with_the_frame_rate(self):
        assert gait_period(walk(80, period=15), 15.0) == pytest.approx(15, abs=0.7)

    def test_nothing_in_a_still_picture(self):
        assert gait_period(np.repeat(walk(1), 90, axis=0)) is None

    def test_nothing_in_a_walk_shorter_than_a_cycle(self):
        assert gait_period(walk(20)) is None
