"""A long video takes no more memory than a short one."""

import subprocess
import sys

import numpy as np
import pytest

from gaitway.adapters.video.sink import VideoWriter
from support.films import RATE, people, scene

pytestmark = [pytest.mark.models, pytest.mark.slow, pytest.mark.usefixtures("builtin_models")]

PEAK = """
import resource, runpy, sys
sys.argv = ["gaitway", *sys.argv[1:]]
try:
    runpy.run_module("gaitway", run_name="__main__")
except SystemExit as end:
    assert end.code == 0, end.code
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def write_loop(path, pictures, times):
    """Write a clip forwards and backwards in turn, so that nobody jumps."""
    with VideoWriter(path, (480, 320), RATE) as sink:
        for turn in range(times):
            for place, picture in enumerate(pictures if turn % 2 == 0 else pictures[::-1]):
                sink.write(picture, (turn * len(pictures) + place) / 25)
    return path


def peak_kb(video, out):
    arguments = ["identify", "-q", "-g", str(video), "-p", str(video), "-o", str(out)]
    done = subprocess.run(
        [sys.executable, "-c", PEAK, *arguments], capture_output=True, text=True, check=False, timeout=900
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout.split()[-1])


def test_a_video_ten_times_as_long_takes_no_more_memory(tmp_path):
    pictures = [frame.image_rgb for frame in scene(people(1), seconds=1.0).frames()]
    assert len(np.unique([p.sum() for p in pictures])) > 1
    short = peak_kb(write_loop(tmp_path / "short.mp4", pictures, 4), tmp_path / "a")
    long = peak_kb(write_loop(tmp_path / "long.mp4", pictures, 40), tmp_path / "b")
    assert long <= 1.10 * short
