import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gaitway.synthetic.norms import BASIS, INDEX, fit_fourier, fourier_basis, normal_gait, shift_stride

PHASE = np.arange(200) / 200


def curve(name, phase=PHASE):
    return np.degrees(fourier_basis(phase) @ normal_gait()[INDEX[name]])


def test_knee_bends_twice_and_most_in_swing():
    knee = curve("left_knee_flexion")
    assert 55 < knee.max() < 65
    assert 0.68 < PHASE[knee.argmax()] < 0.78
    stance = knee[:80]
    assert 14 < stance.max() < 21
    assert knee.min() > -3


def test_right_limb_follows_half_a_stride_later():
    for name in ("hip_flexion", "knee_flexion", "ankle_flexion", "elbow_flexion"):
        left, right = curve(f"left_{name}"), curve(f"right_{name}", PHASE + 0.5)
        np.testing.assert_allclose(left, right, atol=1e-9)


def test_arm_swings_with_the_opposite_leg():
    hip, arm = curve("left_hip_flexion"), curve("left_shoulder_flexion")
    assert np.corrcoef(hip, arm)[0, 1] < -0.5


@given(st.lists(st.floats(-2, 2), min_size=BASIS, max_size=BASIS), st.floats(-3, 3))
def test_shift_delays_the_curve(row, shift):
    coefficients = np.array(row)
    shifted = fourier_basis(PHASE) @ shift_stride(coefficients, shift)
    np.testing.assert_allclose(shifted, fourier_basis(PHASE - shift) @ coefficients, atol=1e-8)


@given(st.lists(st.floats(-2, 2), min_size=BASIS, max_size=BASIS))
def test_fit_finds_the_coefficients_again(row):
    coefficients = np.array([row])
    curves = coefficients @ fourier_basis(PHASE).T
    np.testing.assert_allclose(fit_fourier(curves, PHASE), coefficients, atol=1e-8)
