"""What is drawn of a walk is read along with the video."""

import numpy as np
import pytest

from gaitway.adapters.results.folder import OutputFolder
from gaitway.drawing import DrawStyle
from gaitway.wiring.draw import READ_AHEAD, Annotator
from support.fakes import video_result

LENGTH = 3 * READ_AHEAD + 5


@pytest.mark.parametrize("mode", ["silhouette", "keypoints"])
def test_any_order_of_frames_draws_the_same_from_disk_as_from_memory(tmp_path, mode):
    result = video_result(length=LENGTH)
    with OutputFolder(tmp_path) as out:
        out.save_video("k", result)
        stored = out.load_video("k")
    style, blank = DrawStyle(mode=mode), np.full((240, 320, 3), 90, np.uint8)
    held, read = (Annotator(video, {}, {}, style) for video in (result, stored))
    in_order = [held.draw(blank, frame) for frame in range(LENGTH)]
    assert all((read.draw(blank, frame) == in_order[frame]).all() for frame in range(LENGTH))
    assert all((read.draw(blank, frame) == in_order[frame]).all() for frame in (70, 71, 3, 100, 40))
