"""Generated films of two people who come near each other, with tracks whose ids were exchanged on purpose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gaitway.results import TrackTable
from gaitway.synthetic.camera import look_at
from gaitway.synthetic.scene import Actor, Scene, SceneConfig
from gaitway.synthetic.walker import Path, sample_walker
from gaitway.tracking.looks import LookCollector, Looks
from gaitway.types import Bodies, Silhouettes

SIZE_WH = (320, 200)
RATE = 12.5


@dataclass(frozen=True)
class Exchange:
    """A table of boxes with their looks; ``actor`` says who every row really shows."""

    table: TrackTable
    looks: Looks
    actor: np.ndarray

    def purity(self, track_id: np.ndarray) -> float:
        """Return the part of the rows that show whom their track shows most."""
        counts = [np.bincount(self.actor[track_id == t]).max() for t in np.unique(track_id)]
        return sum(counts) / len(track_id)


def side_by_side(seed: int, *, lane_m: float = 0.5, seconds: float = 6.0) -> Scene:
    """Let two people walk into the picture together, one a little behind the other and partly hidden."""
    rng = np.random.default_rng([seed, 91])
    actors = (
        Actor("near", sample_walker(rng), Path((-2.6, -lane_m), 0.0), 0.0, 1),
        Actor("far", sample_walker(rng), Path((-2.1, lane_m), 0.0), 0.0, 2),
    )
    camera = look_at(np.array([0.0, -8.0, 2.2]), np.array([0.0, 0.0, 0.8]), 330.0, SIZE_WH)
    return Scene(actors, camera, SceneConfig(seconds=seconds, frame_rate=RATE, seed=seed))


def crossing(seed: int, *, seconds: float = 5.0) -> Scene:
    """Let two people cross the picture from both sides; one hides the other on the way."""
    rng = np.random.default_rng([seed, 92])
    actors = (
        Actor("right", sample_walker(rng), Path((-2.8, -0.4), 0.0), 0.0, 1),
        Actor("left", sample_walker(rng), Path((2.8, 0.4), np.pi), 0.0, 2),
    )
    camera = look_at(np.array([0.0, -8.0, 2.2]), np.array([0.0, 0.0, 0.8]), 330.0, SIZE_WH)
    return Scene(actors, camera, SceneConfig(seconds=seconds, frame_rate=RATE, seed=seed))


def meeting(scene: Scene) -> int:
    """Return the frame in which the two people's boxes lie on each other most nearly."""
    alone = exchanged(scene, None)
    frames = np.arange(alone.table.frame_index.max() + 1)
    middle = alone.table.xyxy[:, [0, 2]].mean(axis=1)
    one, two = (
        np.interp(frames, alone.table.frame_index[alone.actor == who], middle[alone.actor == who])
        for who in (0, 1)
    )
    return int(np.abs(one - two).argmin())


def exchanged(scene: Scene, at: int | None) -> Exchange:
    """Return the scene's boxes; from frame ``at`` on the two tracks carry each other's id.

    People of whom less than a third is seen are missed, as detectors do.
    """
    rows, actors, collector = [], [], LookCollector()
    for index, frame in enumerate(scene.frames()):
        truth = frame.truth
        seen = np.flatnonzero(truth.visibility > 0.35)
        ids = truth.actor[seen] + 1
        ids = 3 - ids if at is not None and index >= at else ids
        boxes = truth.xyxy[seen]
        region = np.tile(np.array([0, 0, *SIZE_WH], np.float32), (len(seen), 1))
        masks = tuple((truth.owner == who + 1).astype(np.float32) for who in truth.actor[seen])
        bodies = Bodies(region, masks, truth.keypoints[seen], np.ones(len(seen), np.float32))
        collector.add(frame.image_rgb, Silhouettes(ids, boxes, bodies))
        rows += [(index, int(i), *box) for i, box in zip(ids, boxes.tolist(), strict=True)]
        actors += truth.actor[seen].tolist()
    columns = np.array(rows, np.float64).reshape(-1, 6)
    table = TrackTable(
        columns[:, 0].astype(np.int64),
        columns[:, 1].astype(np.int64),
        columns[:, 2:].astype(np.float32),
        np.full(len(columns), 0.9, np.float32),
        np.zeros(len(columns), bool),
    )
    return Exchange(table, collector.looks(), np.array(actors))
