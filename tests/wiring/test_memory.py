"""A long video takes no more memory than a short one: what is kept of a frame is small."""

import gc
import tracemalloc
from fractions import Fraction

import numpy as np

from gaitway.config import Settings
from gaitway.progress import silent
from gaitway.recognition.gei import GeiEncoder
from gaitway.silhouettes import spool
from gaitway.types import Frame
from gaitway.wiring.analysis import analyse
from gaitway.wiring.stages import Networks, Stages
from support.fakes import FullSegmenter, OneBoxDetector


class EndlessSource:
    """Frames made when asked for."""

    name = "made"
    frame_rate = Fraction(25)
    size_wh = (320, 240)
    warnings = ()

    def __init__(self, count):
        self.frame_count = count

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        pass

    def __iter__(self):
        for index in range(self.frame_count):
            image = np.zeros((240, 320, 3), np.uint8)
            image[0, 0] = index % 256
            yield Frame(image, index, index / 25)


def kept_bytes(count):
    tracemalloc.start()
    stages = Stages(OneBoxDetector(), FullSegmenter(), GeiEncoder(), {}, Networks())
    result = analyse(EndlessSource(count), stages, Settings(link=False), silent, name="made", source="made")
    gc.collect()  # what other tests' threads left in cycles is not kept
    kept = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert result.frame_count == count
    return kept


def test_a_person_in_a_frame_leaves_a_few_numbers_in_memory(monkeypatch):
    monkeypatch.setattr(spool, "IN_MEMORY", 1)  # pictures go to the disk at once
    kept_bytes(50)  # imports and caches
    short, long = kept_bytes(200), kept_bytes(1200)
    assert (long - short) / 1000 < 800
    # A picture is 230 kB, a silhouette 4: had any been kept, this could not hold. Rows are 84 bytes;
    # the tests' own type checks grow a table of some 300 kB now and then.
