"""A small data set of drawn walkers: everybody swings the legs in a way of their own."""

import cv2
import numpy as np

from gaitway.results import WalkRecord

CONDITIONS = ("nm-01", "nm-02", "nm-03", "nm-04", "nm-05", "nm-06", "bg-01", "bg-02", "cl-01", "cl-02")


def draw_walk(person: int, condition: int, view: int, frames: int) -> np.ndarray:
    """Draw a walk, uint8 (T, 64, 64): width, swing and lean belong to the person."""
    rng = np.random.default_rng([person, condition, view])
    width, swing, lean = 5 + person % 4, 4 + 2 * (person % 3), (person * 5) % 7 - 3
    phase = rng.uniform(0, 2 * np.pi)
    walk = np.zeros((frames, 64, 64), np.uint8)
    for t, image in enumerate(walk):
        leg = int(swing * np.sin(phase + 0.7 * t) * (1 - 0.3 * view))
        cv2.circle(image, (32 + lean, 7), 6, 255, -1)
        cv2.line(image, (32 + lean, 14), (32, 36), 255, 2 * width)
        for side in (-leg, leg):
            cv2.line(image, (32, 36), (32 + side, 62), 255, width)
        if condition in {6, 7}:
            cv2.circle(image, (24, 24), 5, 255, -1)
    return walk


class DrawnWalks:
    """A ``WalkDataset`` with CASIA-B's names, drawn whenever it is asked."""

    def __init__(self, people: int = 6, *, first: int = 0, frames: int = 12, maps: int = 1) -> None:
        self._keys = [
            (first + person, condition, view)
            for person in range(people)
            for condition in range(10)
            for view in range(2)
        ]
        self._frames, self._maps = frames, maps

    @property
    def records(self) -> list[WalkRecord]:
        return [
            WalkRecord(f"{person:03d}", CONDITIONS[condition], f"{90 * view:03d}", self._length(condition))
            for person, condition, view in self._keys
        ]

    def load(self, index: int) -> np.ndarray:
        person, condition, view = self._keys[index]
        walk = draw_walk(person, condition, view, self._length(condition))
        return walk if self._maps == 1 else np.stack([walk] * self._maps, axis=1)

    def _length(self, condition: int) -> int:
        return self._frames + condition % 3  # walks of different lengths


TINY_GAITBASE = {
    "model": "Baseline",
    "backbone_cfg": {
        "type": "ResNet9",
        "block": "BasicBlock",
        "channels": [4, 4, 8, 8],
        "layers": [1, 1, 1, 1],
        "strides": [1, 2, 2, 1],
        "maxpool": False,
    },
    "SeparateFCs": {"in_channels": 8, "out_channels": 8, "parts_num": 16},
    "SeparateBNNecks": {"in_channels": 8, "parts_num": 16},
    "bin_num": [16],
}
TINY_TRAINING = {
    "model": TINY_GAITBASE,
    "data": {"path": "unused", "workers": 0},
    "sampler": {"people": 4, "walks": 4},
    "frames": {"count": 4},
    "augment": [
        {"type": "RandomPerspective", "prob": 0.5},
        {"type": "CutSides"},
        {"type": "RandomHorizontalFlip", "prob": 0.5},
        {"type": "RandomErasing", "prob": 0.5},
    ],
    "optimizer": {"lr": 0.05},
    "scheduler": {"milestones": [12]},
    "steps": 20,
    "log_every": 5,
    "save_every": 4,
}
