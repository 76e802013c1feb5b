import hashlib
import json

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaitway.detection.letterbox import IMAGENET_MEAN_RGB, IMAGENET_STD_RGB, fit_size, preprocess, undo
from gaitway.errors import InputError
from support.shared import shared


def noise(seed, height, width):
    return np.random.Generator(np.random.PCG64(seed)).integers(0, 256, (height, width, 3), dtype=np.uint8)


def pattern(height, width):
    y, x, c = np.mgrid[:height, :width, :3]
    return ((7 * x + 13 * y + 53 * c + (x * y) // 11) % 256).astype(np.uint8)


def scene(height, width):
    y, x, c = np.mgrid[:height, :width, :3]
    image = ((40 + 60 * c + (x * 100) // width + (y * 80) // height) % 256).astype(np.uint8)
    for i in range(24):
        x0, y0 = (37 * i * i + 11 * i) % width, (53 * i * i + 29 * i) % height
        w, h = width // 20 + ((i % 5) * width) // 40, height // 6 + ((i % 7) * height) // 20
        image[y0 : y0 + h, x0 : x0 + w] = [(91 * i) % 256, (57 * i + 80) % 256, (33 * i + 160) % 256]
    return image


SEEDS = {
    "noise270x480": 11,
    "noise135x240_up": 12,
    "noise300x200_portrait": 13,
    "noise303x400_floor": 14,
    "noise576x720_floor": 15,
    "noise1080x1920": 16,
    "noise1920x1080_portrait": 17,
}


@pytest.mark.shared
def test_bytetrack_preprocessing_is_the_reference_to_the_bit():
    cases = json.loads(shared("fixtures/yolox/preproc.json").read_text())["cases"]
    assert len(cases) == 10
    for case in cases:
        height, width, _ = case["src_shape"]
        name = case["name"]
        if name in SEEDS:
            bgr = noise(SEEDS[name], height, width)
        else:
            bgr = (pattern if name.startswith("pattern") else scene)(height, width)
        assert hashlib.sha256(bgr.tobytes()).hexdigest() == case["src_sha256"]
        blob, scale = preprocess(np.ascontiguousarray(bgr[..., ::-1]), tuple(case["test_size"]), "bytetrack")
        assert scale == case["ratio"], name
        assert hashlib.sha256(blob.tobytes()).hexdigest() == case["out_sha256"], name


def plain_preprocess(image_rgb, size, mode):
    """The slow twin: the whole canvas in float64."""
    scale = min(size[0] / image_rgb.shape[0], size[1] / image_rgb.shape[1])
    wh = int(image_rgb.shape[1] * scale), int(image_rgb.shape[0] * scale)
    canvas = np.full((*size, 3), 114.0)
    canvas[: wh[1], : wh[0]] = cv2.resize(image_rgb, wh, interpolation=cv2.INTER_LINEAR)
    normal = (canvas / 255 - IMAGENET_MEAN_RGB) / IMAGENET_STD_RGB
    canvas = canvas[..., ::-1] if mode == "yolox" else normal
    return canvas.transpose(2, 0, 1).astype(np.float32)


@settings(deadline=None, max_examples=25)
@given(st.integers(8, 90), st.integers(8, 90), st.sampled_from(["yolox", "bytetrack"]), st.integers(0, 99))
def test_fast_preprocessing_equals_the_plain_one(height, width, mode, seed):
    image = noise(seed, height, width)
    blob, _ = preprocess(image, (64, 96), mode)
    assert np.array_equal(blob, plain_preprocess(image, (64, 96), mode))


@given(st.integers(1, 4000), st.integers(1, 4000), st.sampled_from([32, 416, 640]))
def test_the_fitted_input_holds_the_picture_with_less_than_a_stride_to_spare(width, height, long_side):
    size = fit_size((width, height), long_side)
    scale = long_side / max(width, height)
    assert size[0] % 32 == size[1] % 32 == 0
    assert max(size) == long_side
    for side, room in ((height, size[0]), (width, size[1])):
        assert 0 <= room - int(side * scale) < 32 or room == 32


def test_undo_takes_boxes_back():
    boxes = np.array([[10.0, 20.0, 30.0, 60.0]], np.float32)
    assert np.allclose(undo(boxes * np.float32(0.4), 0.4), boxes)


@pytest.mark.parametrize("shape", [(0, 10, 3), (10, 0, 3), (1, 4000, 3)])
def test_a_picture_that_vanishes_is_refused(shape):
    with pytest.raises(InputError, match="px"):
        preprocess(np.zeros(shape, np.uint8), (64, 64))


def test_a_side_that_does_not_fit_the_stride_names_one_that_does():
    with pytest.raises(InputError, match="use 416"):
        fit_size((640, 480), 420)
