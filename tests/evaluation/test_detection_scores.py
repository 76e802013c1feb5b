import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaitway.errors import InputError
from gaitway.evaluation.detection import FrameBoxes, average_precision, evaluate_detection

NONE = np.zeros((0, 4), np.float32)


def boxes(*corners):
    return np.array([(x, y, x + 20, y + 60) for x, y in corners], np.float32).reshape(-1, 4)


def frame(truth, found, confidence, ignore=NONE):
    return FrameBoxes(truth, ignore, found, np.array(confidence, np.float32))


def test_perfect_findings_score_one():
    truth = boxes((0, 0), (50, 0))
    scores = evaluate_detection([frame(truth, truth, [0.9, 0.8])] * 3)
    assert (scores.average_precision, scores.recall, scores.precision) == (1, 1, 1)
    assert scores.mean_iou == pytest.approx(1)
    assert (scores.truths, scores.findings) == (6, 6)


def test_each_truth_is_found_once():
    truth = boxes((0, 0))
    scores = evaluate_detection([frame(truth, np.repeat(truth, 2, axis=0), [0.9, 0.8])])
    assert scores.precision == 0.5
    assert scores.average_precision == 1


def test_a_surer_mistake_costs_precision():
    scores = evaluate_detection([frame(boxes((0, 0)), boxes((200, 0), (0, 0)), [0.9, 0.8])])
    assert scores.average_precision == 0.5


def test_findings_on_ignored_people_do_not_count():
    ignored = boxes((200, 0))
    scores = evaluate_detection([frame(boxes((0, 0)), boxes((200, 0), (0, 0)), [0.9, 0.8], ignored)])
    assert scores.precision == scores.average_precision == 1
    assert scores.findings == 1


def test_recall_is_read_at_the_chosen_confidence():
    truth = boxes((0, 0), (50, 0))
    frames = [frame(truth, truth, [0.9, 0.3])]
    assert evaluate_detection(frames).recall == 0.5
    assert evaluate_detection(frames, min_confidence=0.1).recall == 1


def test_nothing_found_is_no_recall_and_no_mistake():
    scores = evaluate_detection([frame(boxes((0, 0)), NONE, [])])
    assert (scores.average_precision, scores.recall, scores.precision) == (0, 0, 1)


def test_without_truth_there_is_no_recall_to_speak_of():
    with pytest.raises(InputError, match="no true box"):
        evaluate_detection([frame(NONE, boxes((0, 0)), [0.9])])


@given(st.lists(st.booleans(), min_size=1, max_size=30), st.integers(0, 5))
def test_average_precision_equals_the_sum_over_recall_steps(hits, missed):
    truths = sum(hits) + missed
    if not truths:
        return
    total = 0.0
    for k, hit in enumerate(hits):
        if hit:
            later = [sum(hits[: j + 1]) / (j + 1) for j in range(k, len(hits))]
            total += max(later) / truths
    assert average_precision(np.array(hits), truths) == pytest.approx(total)
