import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from gaitway.errors import InputError

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from real_clips import embed_clips, read_clips, score_clips


def write_run(folder, truth, swapped):
    """Two people on two videos; person 7 is wide, 8 is narrow; track 3 is a stray."""
    for name, owner in (("a", {1: 7, 2: 8}), ("b", {1: 8, 2: 7} if swapped else {1: 7, 2: 8})):
        boxes, real = [], []
        for frame in range(1, 21):
            for track, person in owner.items():
                boxes.append((frame, track, 100 * track, 10, 40, 90, 1))
                real.append((frame, person, 100 * track + 2, 12, 40, 90, 1))
            boxes.append((frame, 3, 900, 10, 40, 90, 1))
            real.append((frame, 9, 900, 10, 40, 90, 0))  # to be ignored
        for path, rows in ((folder / "OutputVideos" / "latest", boxes), (truth, real)):
            path.mkdir(parents=True, exist_ok=True)
            np.savetxt(path / f"{name}.txt", rows, delimiter=",")
        for track, person in {**owner, 3: 9}.items():
            walk = folder / "GaitSilhouette" / name / f"{track:03d}"
            walk.mkdir(parents=True)
            picture = np.zeros((64, 64), np.uint8)
            picture[:, 32 - 2 * (person == 7) - 4 : 36] = 255
            for frame in range(20):
                cv2.imwrite(str(walk / f"{frame:06d}.png"), picture)


class Mean:
    model_id = "mean"

    def encode(self, sequences):
        return np.stack([[[float(walk.mean())]] for walk in sequences]).astype(np.float32)


@pytest.mark.parametrize("swapped", [False, True])
def test_people_are_found_by_their_boxes_whatever_their_track_is_called(tmp_path, swapped):
    write_run(tmp_path / "out", tmp_path / "truth", swapped)
    clips = read_clips(tmp_path / "out", tmp_path / "truth")
    assert {video: sorted(walks) for video, walks in clips.items()} == {"a": [7, 8], "b": [7, 8]}
    assert clips["b"][7].sum() > clips["b"][8].sum()
    found = score_clips(embed_clips(Mean(), clips))
    assert (found.right, found.decisions, found.people, found.auc) == (4, 4, 2, 1)


def test_videos_of_other_people_are_refused(tmp_path):
    write_run(tmp_path / "out", tmp_path / "truth", swapped=False)
    boxes = np.loadtxt(tmp_path / "truth" / "b.txt", delimiter=",")
    boxes[boxes[:, 1] == 8, 1] = 5
    np.savetxt(tmp_path / "truth" / "b.txt", boxes, delimiter=",")
    with pytest.raises(InputError, match="same people"):
        read_clips(tmp_path / "out", tmp_path / "truth")


def test_what_sets_two_videos_apart_as_a_whole_is_taken_out_only_where_asked():
    levels = {"a": {7: 100, 8: 110}, "b": {7: 200, 8: 210}}
    clips = {
        video: {who: np.full((20, 64, 64), level, np.uint8) for who, level in people.items()}
        for video, people in levels.items()
    }
    assert score_clips(embed_clips(Mean(), clips)).right == 2
    moved = score_clips(embed_clips(Mean(), clips), centred=True)
    assert (moved.right, moved.decisions, moved.auc) == (4, 4, 1)
