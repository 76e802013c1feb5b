import numpy as np
import pytest

from gaitway.errors import ConfigError, InputError
from gaitway.tracking.bytetrack import ByteTracker
from support import bytetrack_fixtures as fixtures

CASES = [(sequence, run) for sequence, runs in fixtures.GIVEN for run in runs]


def follow(sequence, run):
    """Return what the compatible tracker says: frame, id, tlwh, score of every row, and counts per frame."""
    args = fixtures.arguments(sequence, run)
    tracker = ByteTracker(
        args["track_thresh"],
        args["track_buffer"],
        args["match_thresh"],
        args["frame_rate"],
        mot20=args["mot20"],
        compat=True,
    )
    rows, counts = [], []
    for number, (xyxy, scores) in enumerate(fixtures.frames(sequence), 1):
        if len(xyxy) or not args["skip_empty"]:
            tracks = tracker.update(xyxy, scores)
            tlwh = tracks.xyxy - np.pad(tracks.xyxy[:, :2], ((0, 0), (2, 0)))
            rows.append(
                np.column_stack([np.full(len(tracks), number), tracks.track_id, tlwh, tracks.confidence])
            )
        counts.append(tracker.counts)
    return np.concatenate(rows), np.array(counts)


@pytest.mark.shared
@pytest.mark.parametrize(("sequence", "run"), CASES)
def test_compat_equals_the_published_code(sequence, run):
    rows, counts = follow(sequence, run)
    expected = fixtures.expected(sequence, run)
    np.testing.assert_array_equal(rows[:, 0], expected["frame"])
    np.testing.assert_array_equal(rows[:, 1], expected["id"])
    np.testing.assert_allclose(rows[:, 2:6], expected["tlwh"], atol=1e-3, rtol=0)
    np.testing.assert_allclose(rows[:, 6], expected["score"], atol=1e-7, rtol=0)
    np.testing.assert_array_equal(counts, expected["counts"])


@pytest.mark.parametrize("compat", [False, True])
def test_bad_detections_are_one_clear_error(compat):
    tracker = ByteTracker(compat=compat)
    box, score = np.array([[0, 0, 10, 20]], np.float32), np.array([0.9], np.float32)
    for xyxy, scores in (
        (box * np.nan, score),
        (np.array([[0, 0, np.inf, 20]], np.float32), score),
        (box[:, [2, 1, 0, 3]], score),
        (box, score * 2),
        (box, score * np.nan),
    ):
        with pytest.raises(InputError):
            tracker.update(xyxy, scores)


@pytest.mark.parametrize(
    "wrong", [{"track_threshold": 1.5}, {"match_threshold": -1}, {"frame_rate": 0}, {"track_buffer": -1}]
)
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(ConfigError):
        ByteTracker(**wrong)
