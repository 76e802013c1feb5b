import numpy as np
import pytest

from gaitway.detection.cuts import is_cut, thumbnail

RNG = np.random.default_rng(2)


def street(seed, size_wh=(640, 480)):
    coarse = np.random.default_rng(seed).integers(0, 256, (8, 10, 3), dtype=np.uint8)
    return np.repeat(np.repeat(coarse, size_wh[1] // 8, axis=0), size_wh[0] // 10, axis=1)


def test_another_street_is_a_cut():
    cuts = [is_cut(thumbnail(street(k)), thumbnail(street(k + 100))) for k in range(20)]
    assert np.mean(cuts) > 0.9


@pytest.mark.parametrize("shift", [3, 8, 16])
def test_a_pan_is_no_cut(shift):
    assert not is_cut(thumbnail(street(1)), thumbnail(np.roll(street(1), shift, axis=1)))


def test_noise_light_and_a_passer_by_are_no_cut():
    before = street(1)
    noisy = np.clip(before + RNG.normal(0, 20, before.shape), 0, 255).astype(np.uint8)
    passer = before.copy()
    passer[100:400, 200:300] = 20
    for after in (noisy, before // 2, passer):
        assert not is_cut(thumbnail(before), thumbnail(after))


def test_flat_pictures_and_single_pixels_are_no_cut():
    flat = np.zeros((1, 1, 3), np.uint8)
    assert not is_cut(thumbnail(flat), thumbnail(street(1)))
    assert not is_cut(thumbnail(street(1)), thumbnail(flat))
