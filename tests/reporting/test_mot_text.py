from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaitway.errors import InputError, StoreError
from gaitway.reporting.mot_text import mot_text, parse_mot, read_mot, write_mot
from gaitway.results import TrackTable
from support.outcomes import video

ROW = st.tuples(
    st.integers(0, 10**6),
    st.integers(1, 10**6),
    *[st.floats(-5000, 5000, width=32)] * 2,
    *[st.floats(0, 5000, width=32)] * 2,
    st.floats(0, 1, width=32),
)


def table(rows):
    columns = np.array([r[:2] for r in rows], np.int64).reshape(-1, 2)
    boxes = np.array([r[2:] for r in rows], np.float32).reshape(-1, 5)
    xyxy = np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:4]], axis=1)
    return TrackTable(columns[:, 0], columns[:, 1], xyxy, boxes[:, 4], np.zeros(len(rows), bool))


def test_a_line_is_as_the_design_says():
    """Frame from 1; x, y, w, h from xyxy; ten columns; fixed decimals."""
    line = mot_text(table([(0, 7, 10.5, 20.25, 30.0, 60.0, 0.875)]))
    assert line == "1,7,10.50,20.25,30.00,60.00,0.8750,-1,-1,-1\n"


def test_nobody_is_an_empty_text_and_reads_back():
    assert mot_text(table([])) == ""
    assert len(parse_mot("")) == 0


@given(st.lists(ROW, max_size=20, unique_by=lambda r: r[:2]))
def test_boxes_survive_the_text(rows):
    before, after = table(sorted(rows)), parse_mot(mot_text(table(rows)))
    assert (after.frame_index == before.frame_index).all()
    assert (after.track_id == before.track_id).all()
    np.testing.assert_allclose(after.xyxy, before.xyxy, atol=0.012)  # two decimals twice, and float32
    np.testing.assert_allclose(after.confidence, before.confidence, atol=6e-5)
    assert mot_text(after).count(",") == 9 * len(rows)


def test_lines_are_in_order_of_frame_then_track():
    text = mot_text(video("v", [(3, 9), (0, 5)]).tracks.select(np.array([5, 1, 0, 4], np.int64)))
    keys = [tuple(map(int, line.split(",")[:2])) for line in text.splitlines()]
    assert keys == sorted(keys)


def test_a_file_reads_back(tmp_path):
    tracks = video("v", [(0, 50), (20, 90)]).tracks
    write_mot(tmp_path / "v.txt", tracks)
    assert mot_text(read_mot(tmp_path / "v.txt")) == mot_text(tracks)


def test_ground_truth_of_nine_columns_and_blank_lines_are_read():
    read = parse_mot("2,1,229.1,391.2,41.0,88.4,1,1,1.00\n\n1,-1,382,14,136,377,1,1,1\r\n")
    assert read.frame_index.tolist() == [0, 1]
    assert read.track_id.tolist() == [-1, 1]


@pytest.mark.parametrize(
    "line", ["1,2,3", "a,1,2,3,4,5,6", "0,1,2,3,4,5,1", "1,1,nan,3,4,5,1", "1 1 2 3 4 5 1"]
)
def test_other_lines_are_refused_by_number(line):
    with pytest.raises(InputError, match="line 2 is "):
        parse_mot(f"1,1,2,3,4,5,1\n{line}\n")


def test_a_file_that_is_not_text_is_refused(tmp_path):
    (tmp_path / "v.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(StoreError, match="not text"):
        read_mot(tmp_path / "v.txt")
