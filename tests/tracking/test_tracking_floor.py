"""HOTA may not fall below what was once reached (less a little), on generated scenes and on the fixtures."""

from dataclasses import replace

import numpy as np
import pytest

from gaitway.evaluation.motchallenge import write_mot
from gaitway.evaluation.tracking import evaluate_tracking
from gaitway.tracking.cutting import CutConfig
from gaitway.tracking.linking import LinkConfig
from gaitway.tracking.offline import OfflineConfig, track_detections
from support import bytetrack_fixtures as fixtures
from support.crowd import SCENES, generate

pytest.importorskip("trackeval", reason="the extra eval is not installed")


def hota(folder, truth, rows):
    for side, table in (("gt", truth), ("said", rows)):
        (folder / side).mkdir(exist_ok=True)
        write_mot(folder / side / "a.txt", table[:, :6].astype(np.float64))
    return 100 * evaluate_tracking(folder / "gt", folder / "said")["combined"]["HOTA"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("scene", "online", "offline"),
    [("street", 82, 92), ("blackout", 63, 66), ("false", 75, 89), ("pan", 77, 85), ("doubles", 79, 89)],
)
def test_generated_scenes(tmp_path, scene, online, offline):
    stream = generate(replace(SCENES[scene], frames=150, seed=2))
    for mode, floor in (("online", online), ("offline", offline)):
        rows = track_detections(stream.frames, stream.frame_rate, mode, (1280, 720))
        assert hota(tmp_path, stream.truth, rows) >= floor, mode


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.parametrize(
    ("sequence", "online", "offline"),
    [("s05_misses12", 87, 96), ("s07_emptystart8", 66, 85), ("s10_erratic10", 78, 80)],
)
def test_fixtures(tmp_path, sequence, online, offline):
    frames = fixtures.frames(sequence)
    truth, size = fixtures.truth(sequence)
    apart = OfflineConfig(cut=CutConfig(contested=1.0), link=LinkConfig(max_gap_s=0.0))
    assert hota(tmp_path, truth, track_detections(frames, 30, "online", size)) >= online
    linked = hota(tmp_path, truth, track_detections(frames, 30, "offline", size))
    assert linked >= offline
    assert linked >= hota(tmp_path, truth, track_detections(frames, 30, "offline", size, config=apart)) - 0.5
