from __future__ import annotations

import base64

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaitway.reporting.pictures import png_uri, poster_uri, walk_uris
from support.outcomes import walk


def decoded(uri, flags=cv2.IMREAD_UNCHANGED):
    head, content = uri.split(",")
    assert head in {"data:image/png;base64", "data:image/jpeg;base64"}
    return cv2.imdecode(np.frombuffer(base64.b64decode(content), np.uint8), flags)


def test_a_png_uri_holds_the_picture():
    image = walk(np.arange(3)).silhouettes[2]
    assert (decoded(png_uri(image)) == image).all()


def test_the_energy_image_is_the_mean_of_the_walk():
    sequence = walk(np.arange(40))
    slow = sum(s.astype(float) for s in sequence.silhouettes) / 40
    assert np.abs(decoded(walk_uris({1: sequence}, 1, 0)[0]) - slow).max() <= 0.51


@given(st.integers(1, 40), st.integers(0, 15))
def test_a_strip_has_the_first_and_last_silhouette_and_none_twice(length, count):
    sequence = walk(np.arange(length) * 3)
    strip = walk_uris({7: sequence}, 7, count)[1]
    assert len(strip) == min(length, count)
    if count > 1:
        assert (decoded(strip[0]) == sequence.silhouettes[0]).all()
        assert (decoded(strip[-1]) == sequence.silhouettes[-1]).all()


@pytest.mark.parametrize("size", [(1, 1), (480, 854), (2160, 3840), (40, 3000)])
def test_a_poster_is_small_and_keeps_its_colours(size):
    frame = np.full((*size, 3), (200, 60, 20), np.uint8)
    poster = decoded(poster_uri(frame), cv2.IMREAD_COLOR)[..., ::-1]
    assert max(poster.shape) <= 400
    assert np.abs(poster.astype(int) - (200, 60, 20)).max() < 12
