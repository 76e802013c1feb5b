"""The second pass over a video: its boxes, and what speaks for and against their being one person."""

from __future__ import annotations

from array import array

import numpy as np

from gaitway.detection.bodies import clarity
from gaitway.detection.following import confidence
from gaitway.pipeline import Sighting
from gaitway.results import TrackTable
from gaitway.tracking.appearance import AppearanceOdds
from gaitway.tracking.camera_motion import camera_course
from gaitway.tracking.linking import Appearance
from gaitway.tracking.looks import LookCollector
from gaitway.tracking.offline import Hints, link_tracklets


class SecondPass:
    """Gathers the boxes of a video as its frames come, 92 bytes a box, and links them at its end."""

    def __init__(self, size_wh: tuple[int, int]) -> None:
        self._size_wh = size_wh
        self._frames, self._ids = array("q"), array("q")
        self._boxes, self._confidence = array("f"), array("f")
        self._presence, self._certainty = array("f"), array("f")
        self._cameras: list[np.ndarray | None] = []
        self._looks = LookCollector()

    def add(self, sighting: Sighting) -> None:
        """Take the followed people of one frame, by their detections' boxes."""
        people = sighting.silhouettes
        self._frames.extend([sighting.frame.index] * len(people))
        self._ids.extend(people.track_id.tolist())
        self._boxes.extend(people.xyxy.ravel().tolist())
        self._confidence.extend(sighting.confidence.tolist())
        self._presence.extend(people.bodies.presence.tolist())
        self._certainty.extend(confidence(people.bodies.presence, clarity(people.bodies)).tolist())
        self._looks.add(sighting.frame.image, people)
        self._cameras.extend([None] * (sighting.frame.index + 1 - len(self._cameras)))
        self._cameras[sighting.frame.index] = sighting.camera

    def table(self) -> TrackTable:
        """Return all boxes so far, as the tracker named them."""
        return TrackTable(
            np.array(self._frames, np.int64),
            np.array(self._ids, np.int64),
            np.array(self._boxes, np.float32).reshape(-1, 4),
            np.array(self._confidence, np.float32),
            np.zeros(len(self._ids), bool),
        )

    def link(self, frame_rate: float, *, by_looks: bool = True, gait: Appearance | None = None) -> TrackTable:
        """Return all boxes by the people they show, gaps filled.

        Args:
            frame_rate: Frames a second.
            by_looks: Let clothes and proportions count.
            gait: What walks speak against one person (``GaitOdds.against``); None: they do not count.
        """
        table = self.table()
        if not len(table):
            return table
        evidence: list[Appearance] = []
        hints = Hints(
            presence=np.array(self._presence, np.float32),
            certainty=np.array(self._certainty, np.float32),
            camera_xy=camera_course(self._cameras, self._size_wh),
        )
        if by_looks:
            looks = AppearanceOdds(table, self._looks.looks(), frame_rate)
            evidence.append(looks.against)
            hints = hints._replace(changes=looks.changes())
        if gait is not None:
            evidence.append(gait)
        if evidence:
            hints = hints._replace(against=lambda a, b: sum(against(a, b) for against in evidence))
        return link_tracklets(table, frame_rate, self._size_wh, hints=hints)
