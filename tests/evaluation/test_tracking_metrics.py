import json
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaitway.errors import InputError, MissingExtraError
from gaitway.evaluation.motchallenge import interpolate_gaps, read_mot, write_mot
from gaitway.evaluation.tracking import evaluate_tracking
from support import bytetrack_fixtures as fixtures

pytest.importorskip("trackeval", reason="the extra eval is not installed")


def write_table(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(",".join(f"{v:g}" for v in row) + "\n" for row in rows))


def predictions(tracker, folder):
    """Return the folder with a tracker's files, writing those that are not stored."""
    stored = fixtures.folder() / "mot/trackers" / tracker
    if stored.is_dir():
        return stored
    for sequence in ("s02_crossing10", "s05_misses12", "s15_gaps12"):
        if tracker == "perfect":
            truth = np.loadtxt(
                fixtures.folder() / f"mot/gt/MOT17-train/MOT17-{sequence}/gt/gt.txt", delimiter=",", ndmin=2
            )
            rows = np.column_stack([truth[:, :6], np.ones(len(truth))])
        else:
            said = fixtures.expected(sequence, "B")
            rows = np.column_stack([said["frame"], said["id"], said["tlwh"], said["score"]])
        write_mot(folder / f"MOT17-{sequence}.txt", rows.astype(np.float64))
    return folder


@pytest.mark.shared
@pytest.mark.slow
@pytest.mark.parametrize("tracker", ["byte_A", "byte_B", "perfect", "swap_frag"])
def test_metrics_equal_trackeval_to_the_digit(tracker, tmp_path):
    folder = fixtures.folder() / "mot"
    wanted = json.loads((folder / "expected_metrics.json").read_text())["results"][tracker]
    got = evaluate_tracking(folder / "gt", predictions(tracker, tmp_path))
    for sequence, metrics in wanted.items():
        said = got["combined"] if sequence == "COMBINED" else got["sequences"][sequence]
        assert {name: said[name] for name in metrics} == {
            name: pytest.approx(value, abs=1e-9) for name, value in metrics.items()
        }


@pytest.mark.shared
@pytest.mark.parametrize("sequence", ["s05_misses12", "s15_gaps12"])
@pytest.mark.parametrize(("shortest", "longest"), [(5, 20), (25, 20), (5, 30)])
def test_interpolation_adds_the_rows_that_bytetrack_adds(sequence, shortest, longest):
    folder = fixtures.folder()
    rows = read_mot(folder / f"mot/trackers/byte_A/data/MOT17-{sequence}.txt")[:, :6]
    filled = interpolate_gaps(rows, shortest, longest)
    known = {tuple(pair) for pair in rows[:, :2]}
    added = filled[[tuple(pair) not in known for pair in filled[:, :2]]]
    with np.load(folder / "dti_added_rows.npz") as stored:
        wanted = stored[f"{sequence}_nmin{shortest}_ndti{longest}"]
    wanted = wanted[np.lexsort((wanted[:, 1], wanted[:, 0]))]
    np.testing.assert_array_equal(added[:, :2], wanted[:, :2])
    np.testing.assert_allclose(added[:, 2:], wanted[:, 2:], atol=1e-6, rtol=0)


def walk(track, count=10, x=0.0, *extra):
    return [(f, track, x + f, 50, 40, 100, *extra) for f in range(1, count + 1)]


def test_distractors_and_ignored_boxes_count_neither_way(tmp_path):
    person, distractor = walk(1, 10, 0.0, 1, 1, 1), walk(2, 10, 300.0, 1, 8, 1)
    ignored, vehicle = walk(3, 10, 600.0, 0, 1, 1), walk(4, 10, 900.0, 1, 3, 1)
    write_table(tmp_path / "gt/a/gt/gt.txt", person + distractor + ignored + vehicle)
    said = walk(11, 10, 0.0, 0.9, -1, -1, -1) + walk(12, 10, 300.0, 0.9, -1, -1, -1)
    write_table(tmp_path / "said/a.txt", said)
    result = evaluate_tracking(tmp_path / "gt", tmp_path / "said")["combined"]
    assert (result["CLR_TP"], result["CLR_FP"], result["CLR_FN"]) == (10, 0, 0)
    write_table(
        tmp_path / "said/a.txt",
        said + walk(13, 10, 600.0, 0.9, -1, -1, -1) + walk(14, 10, 900.0, 0.9, -1, -1, -1),
    )
    assert evaluate_tracking(tmp_path / "gt", tmp_path / "said")["combined"]["CLR_FP"] == 20


def test_plain_folders_of_tracker_text_will_do(tmp_path):
    rows = np.array(walk(1) + walk(2, 10, 200.0), np.float64)
    for side in ("gt", "said"):
        (tmp_path / side).mkdir()
        write_mot(tmp_path / side / "clip.one.txt", rows)
    result = evaluate_tracking(str(tmp_path / "gt"), str(tmp_path / "said"))
    assert list(result["sequences"]) == ["clip.one"]
    assert result["combined"]["HOTA"] == pytest.approx(1)
    assert result["combined"]["IDF1"] == pytest.approx(1)


def test_a_tracker_that_says_nobody_gets_zero(tmp_path):
    write_table(tmp_path / "gt/a.txt", walk(1))
    write_table(tmp_path / "said/a.txt", [])
    result = evaluate_tracking(tmp_path / "gt", tmp_path / "said")["combined"]
    assert (result["HOTA"], result["IDF1"], result["CLR_FN"]) == (0, 0, 10)


@pytest.mark.parametrize(
    "text", ["1,1,2\n", "one,1,2,3,4,5\n", "0,1,2,3,4,5\n", "1,1,2,3,4,nan\n", "1,1,2,3,4,5\n" * 2]
)
def test_broken_text_is_one_clear_error(tmp_path, text):
    (tmp_path / "a.txt").write_text(text)
    with pytest.raises(InputError, match=r"a\.txt"):
        read_mot(tmp_path / "a.txt")


def test_missing_files_and_a_missing_package_are_named(tmp_path):
    with pytest.raises(InputError, match="no ground truth"):
        evaluate_tracking(tmp_path, tmp_path)
    write_table(tmp_path / "gt/a.txt", walk(1))
    with pytest.raises(InputError, match="no prediction for a"):
        evaluate_tracking(tmp_path / "gt", tmp_path)
    with (
        mock.patch("gaitway.evaluation.tracking.find_spec", return_value=None),
        pytest.raises(MissingExtraError, match=r"gaitway\[eval\]"),
    ):
        evaluate_tracking(tmp_path / "gt", tmp_path)


@given(
    st.lists(
        st.tuples(st.integers(1, 99), st.integers(1, 9), *[st.integers(-9999, 9999)] * 4),
        unique_by=lambda row: row[:2],
        max_size=20,
    )
)
@settings(max_examples=40, deadline=None)
def test_what_is_written_is_read_back(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("mot") / "a.txt"
    table = np.array(rows, np.float64).reshape(-1, 6) / np.array([1, 1, 100, 100, 100, 100])
    write_mot(path, table)
    np.testing.assert_array_equal(read_mot(path)[:, :6], table)
