import gc
import warnings

import numpy as np
import pytest

from gaitway.errors import StoreError
from gaitway.silhouettes import quality as q
from gaitway.silhouettes.spool import LookSpool, SpooledSilhouettes
from support.sticks import walk


def filled(count, in_memory=4 << 20):
    """Return a spool of ``count`` rows, every fifth without a silhouette, and what went in."""
    spool, rng = LookSpool(in_memory), np.random.default_rng(0)
    pictures, points = walk(count), rng.random((count, 33, 3), np.float32)
    points[2] = np.nan
    boxes = rng.random((count, 4), np.float32)
    for i in range(count):
        good = q.FrameQuality(0.1 * (i % 7), (None, q.CUT, q.EMPTY)[i % 3])
        spool.add(i // 2, i % 3, boxes[i], points[i], silhouette=pictures[i] if i % 5 else None, quality=good)
    return spool, pictures, points, boxes


class TestLookSpool:
    @pytest.mark.parametrize("in_memory", [4 << 20, 4000, 1])
    def test_every_row_comes_back_to_the_bit_from_memory_and_from_disk(self, in_memory):
        spool, pictures, points, boxes = filled(40, in_memory)
        seen = np.flatnonzero(spool.is_seen)
        assert len(spool) == 40
        assert seen.tolist() == [i for i in range(40) if i % 5]
        np.testing.assert_array_equal(spool.silhouettes(seen), pictures[seen])
        np.testing.assert_array_equal(spool.silhouettes(seen[::-3]), pictures[seen[::-3]])
        np.testing.assert_array_equal(spool.keypoints(np.arange(40)), points)
        np.testing.assert_array_equal(spool.xyxy, boxes)
        assert spool.frame_index.tolist() == [i // 2 for i in range(40)]
        assert spool.track_id.tolist() == [i % 3 for i in range(40)]
        for i in (0, 1, 2, 39):
            assert spool.quality(i) == q.FrameQuality(0.1 * (i % 7), (None, q.CUT, q.EMPTY)[i % 3])
            assert spool.weight[i] == 0.1 * (i % 7)

    def test_reading_between_two_rows_does_not_disturb_writing(self):
        spool, pictures, points, boxes = filled(12, in_memory=1)
        spool.silhouettes(np.array([1]))
        spool.add(9, 9, boxes[0], points[1], silhouette=pictures[1], quality=q.FrameQuality(1.0))
        np.testing.assert_array_equal(spool.silhouettes(np.array([11, 12])), pictures[[11, 1]])

    def test_the_temporary_file_goes_with_the_spool(self):
        spool = filled(12, in_memory=1)[0]
        file = spool._file
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            del spool
            gc.collect()
        assert file.closed

    def test_a_full_disk_is_one_clear_line(self, monkeypatch):
        spool, _, points, boxes = filled(12, in_memory=1)

        def full(_):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(spool._file, "write", full, raising=False)
        with pytest.raises(StoreError, match="No space left on device: free space"):
            spool.add(9, 9, boxes[0], points[0], silhouette=None, quality=q.FrameQuality(0.0, q.EMPTY))


def test_a_walk_is_judged_from_the_spool_as_from_an_array():
    count = 1300  # several blocks
    spool, pictures, _, boxes = filled(count, in_memory=1)
    rows = np.flatnonzero(spool.is_seen)
    frames = [spool.quality(row) for row in rows.tolist()]
    spooled, held = (
        q.walk_quality(silhouettes, frames, 100 * boxes[rows], 30.0)
        for silhouettes in (SpooledSilhouettes(spool, rows), pictures[rows])
    )
    np.testing.assert_array_equal(spooled.weights, held.weights)
    assert (spooled.quality, spooled.usable, spooled.reason) == (held.quality, held.usable, held.reason)
