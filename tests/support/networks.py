"""Networks played by plain functions, and people drawn as bars that they understand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gaitway.detection.pose_anchors import TILE_PX, anchor_centres


class FakePending:
    def __init__(self, outputs):
        self._outputs = outputs

    def result(self):
        return self._outputs


class FakeNetwork:
    """A Runtime that calls a function; counts its runs."""

    def __init__(self, function: Callable[..., tuple[np.ndarray, ...]], shape: tuple[int, ...]):
        self.function, self.input_shapes, self.runs = function, (shape,), 0

    def run(self, *inputs):
        self.runs += 1
        return self.function(*inputs)

    def submit(self, *inputs):
        return FakePending(self.run(*inputs))

    @property
    def busy_s(self):
        return 0.0


def draw_people(boxes, size_wh=(320, 240)):
    """Draw a red bar per box, the only red, on a dim textured background."""
    width, height = size_wh
    ys, xs = np.mgrid[:height, :width]
    image = np.repeat(((xs * 7 + ys * 13) % 60 + 60).astype(np.uint8)[..., None], 3, axis=2)
    for x0, y0, x1, y1 in np.asarray(boxes, int):
        stripes = 170 + 60 * (((ys - y0) // 9 + (xs - x0) // 7) % 2)  # carried along by the person
        inside = (ys >= y0) & (ys < y1) & (xs >= x0) & (xs < x1)
        image[inside] = np.stack([stripes, stripes // 8, stripes // 8], axis=-1)[inside]
    return image


def _red(picture: np.ndarray) -> np.ndarray:
    return (picture[..., 0] > 0.5) & (picture[..., 1] < 0.3)


def _parts(mask: np.ndarray):
    import cv2

    _, labels, stats, centres = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    order = [k for k in range(1, len(stats)) if stats[k, cv2.CC_STAT_AREA] > 40]
    return labels, stats, centres, order


def detect_bars(tile):
    """Play the person detector: sure of every bar that lies whole in the tile."""
    picture = (tile[0] + 1) / 2
    anchors = anchor_centres()
    values, logits = (
        np.zeros((1, len(anchors), 12), np.float32),
        np.full((1, len(anchors), 1), -20, np.float32),
    )
    _, stats, centres, order = _parts(_red(picture))
    for k in order:
        x, y, w, h = stats[k, :4]
        if x <= 0 or y <= 0 or x + w >= TILE_PX or y + h >= TILE_PX:
            continue
        anchor = int(np.argmin(np.hypot(*(anchors * TILE_PX - centres[k]).T)))
        hips = centres[k] - anchors[anchor] * TILE_PX
        values[0, anchor, 4:6] = hips
        values[0, anchor, 6:8] = hips - [0, 0.535 * h]
        logits[0, anchor] = 4.0
    return values, logits


def segment_bar(crop):
    """Play the landmark network: the bar nearest to the crop's middle; nobody if none is near."""
    picture = crop[0]
    labels, stats, centres, order = _parts(_red(picture))
    landmarks = np.zeros((39, 5), np.float32)
    landmarks[:, :2] = 128 + np.linspace(-60, 60, 39)[:, None]
    logits, presence = np.full((256, 256), -8, np.float32), 0.0
    near = [k for k in order if np.hypot(*(centres[k] - 128)) < 60]
    if near:
        k = min(near, key=lambda k: np.hypot(*(centres[k] - 128)))
        logits[labels == k] = 8
        x, y, w, h = stats[k, :4]
        landmarks[:33, 0] = np.linspace(x, x + w, 33)
        landmarks[:33, 1] = np.linspace(y, y + h, 33)
        landmarks[:, 3] = 5
        presence = 0.99
    return (
        landmarks.reshape(1, 195),
        np.array([[presence]], np.float32),
        logits[None, ..., None],
        np.zeros((1, 64, 64, 39), np.float32),
        np.zeros((1, 117), np.float32),
    )


def bar_detector_network():
    return FakeNetwork(detect_bars, (1, TILE_PX, TILE_PX, 3))


def bar_landmark_network():
    return FakeNetwork(segment_bar, (1, 256, 256, 3))
