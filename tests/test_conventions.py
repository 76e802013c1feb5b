"""Each rule of docs/conventions.md, pinned by the test that the page names."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from gaitway.drawing import UNKNOWN_COLOUR, draw_people, identity_colours, label_text, mask_piece
from gaitway.drawing.people import SKELETON
from gaitway.errors import IncompatibleModelsError, InputError
from gaitway.files import atomic_file
from gaitway.geometry import box_area, box_iou, clip_boxes, tlwh_to_xyxy, xyxy_to_tlwh
from gaitway.recognition.distance import distance_matrix
from gaitway.recognition.matcher import JointMatcher
from gaitway.reporting.charts import time_of
from gaitway.reporting.mot_text import mot_text
from gaitway.reporting.results_csv import results_csv
from gaitway.reporting.results_json import read_results_json, results_document, write_results_json
from gaitway.silhouettes import align
from gaitway.types import Bodies, Candidate, Detections, Embedding, Frame, Match, Tracks
from support.outcomes import outcome, video, walk, walker

PAGE = Path(__file__).parents[1] / "docs" / "conventions.md"


def box(*corners):
    return np.array([corners], np.float32)


def test_the_page_names_every_test_and_no_other():
    rules = re.split(r"\n- ", PAGE.read_text("utf-8"))[1:]
    named = [re.findall(r"`(\w+)`\s*(?:\n\n## .*)?$", rule.split("\n\n")[0]) for rule in rules]
    assert all(names for names in named), "a rule names no test at its end"
    here = {name[5:] for name in globals() if name.startswith("test_")} - {
        "the_page_names_every_test_and_no_other"
    }
    assert {names[-1] for names in named} == here


def test_box_corners():
    image = np.zeros((40, 60, 3), np.uint8)
    drawn = draw_people(image, box(10, 5, 50, 15), [""], [(255, 255, 255)]).any(axis=2)
    rows, columns = np.nonzero(drawn)
    assert (columns.min(), columns.max() + 1, rows.min(), rows.max() + 1) == (10, 50, 5, 15)
    with pytest.raises(InputError, match="xyxy, not xywh"):
        Detections(box(50, 5, 10, 15), np.ones(1, np.float32))


def test_box_ends():
    assert box_area(box(0, 0, 1, 1)).tolist() == [1.0]
    assert box_iou(box(0, 0, 10, 10), box(10, 0, 20, 10)).tolist() == [[0.0]]
    assert xyxy_to_tlwh(box(2, 3, 12, 23)).tolist() == [[2.0, 3.0, 10.0, 20.0]]


def test_box_outside():
    outside = box(-5, -5, 100, 100)
    assert (Detections(outside, np.ones(1, np.float32)).xyxy == outside).all()
    assert clip_boxes(outside, (60, 40)).tolist() == [[0.0, 0.0, 60.0, 40.0]]


def test_box_other_orders():
    corners = box(2, 3, 12, 23)
    assert (tlwh_to_xyxy(xyxy_to_tlwh(corners)) == corners).all()
    assert mot_text(video("v", [(0, 1)]).tracks).split(",")[2:6] == ["60.00", "60.00", "50.00", "150.00"]
    assert video("v", [(0, 1)]).tracks.xyxy.tolist() == [[60.0, 60.0, 110.0, 210.0]]


def test_colour_order():
    frame = np.zeros((40, 60, 3), np.uint8)
    image = draw_people(frame, box(10, 5, 50, 15), [""], [(255, 0, 0)])
    assert image[5, 30].tolist() == [255, 0, 0]  # red first
    assert cv2.cvtColor(image, cv2.COLOR_RGB2BGR)[5, 30].tolist() == [0, 0, 255]


def test_size_order():
    assert Frame(np.zeros((40, 60, 3), np.uint8), 0, 0.0).size_wh == (60, 40)


@pytest.mark.parametrize("scale", [1, 2, 4, 5])
def test_pixel_centres(scale):
    """A mask at 1/scale of its region lands on the same place in the frame, without a half-pixel shift."""
    mask = np.zeros((20, 20), np.float32)
    mask[5:15, 5:15] = 1.0
    piece = mask_piece(np.array([0, 0, 20, 20], np.float32) * scale, mask, (20 * scale, 20 * scale))
    rows, columns = np.nonzero(piece.mask)
    assert (rows + 0.5).mean() == pytest.approx(10 * scale, abs=0.51)
    assert (columns + 0.5).mean() == pytest.approx(10 * scale, abs=0.51)


def test_masks():
    half = np.full((4, 4), 0.5, np.float32)
    region = np.array([0, 0, 4, 4], np.float32)
    assert not mask_piece(region, half, (4, 4)).mask.any()
    assert mask_piece(region, half + 0.01, (4, 4)).mask.all()
    sequence = walk(np.arange(3))
    assert sequence.silhouettes.dtype == np.uint8
    assert sequence.silhouettes.max() == 255


def test_aligned_silhouettes():
    scene = np.zeros((200, 300), np.uint8)
    scene[40:168, 180:308] = cv2.resize(walker(1.2), (128, 128))[:, : 300 - 180]
    aligned = align(scene)
    assert aligned.shape == (64, 64)
    assert aligned[0].any()
    assert aligned[-1].any()
    columns = (aligned > 127).sum(axis=0).cumsum()
    assert abs(int(np.searchsorted(columns, columns[-1] / 2)) - 32) <= 1
    assert not aligned[:, :10].any()
    assert not aligned[:, 54:].any()


def test_keypoints():
    assert Bodies.empty().keypoints.shape == (0, 33, 3)
    assert np.isnan(walk(np.arange(2)).keypoints).all()
    thigh, shank = (23, 25), (25, 27)
    assert {thigh, shank, (24, 26), (26, 28), (11, 13), (12, 14)} <= set(SKELETON)
    limbs = [bone for bone in SKELETON if min(bone) >= 11 and bone not in {(11, 12), (23, 24)}]
    assert all((a - b) % 2 == 0 for a, b in limbs)  # odd is left, even is right: no bone crosses


def test_frame_numbers():
    answer = outcome(["anna"], [video("p", [(0, 20)])])
    assert answer.probes[0].summaries[0].first_frame == 0
    probe = results_document(answer)["probes"][0]
    assert (probe["first_frame"], probe["last_frame"]) == (1, 20)
    assert ",1,20,20," in results_csv(answer)
    lines = mot_text(answer.probes[0].tracks).splitlines()
    assert (lines[0].split(",")[0], lines[-1].split(",")[0]) == ("1", "20")
    with pytest.raises(InputError, match="0 or more"):
        Frame(np.zeros((2, 2, 3), np.uint8), -1, 0.0)


def test_track_numbers():
    answer = outcome(["anna"], [video("p", [(0, 20)])])
    assert results_document(answer)["probes"][0]["track"] == 1
    assert mot_text(answer.probes[0].tracks).split(",")[1] == "1"
    with pytest.raises(InputError, match="repeats"):
        Tracks(
            np.zeros((2, 4), np.float32), np.ones(2, np.float32), np.ones(2, np.int64), np.zeros(2, np.int64)
        )


def test_seconds():
    assert Frame(np.zeros((2, 2, 3), np.uint8), 3, 0.75).time_s == 0.75
    assert time_of(video("v", []), 50) == "0:02.0"  # at 25 frames a second


def test_distance():
    rng = np.random.default_rng(0)
    a, b = (rng.normal(size=(n, 5, 7)).astype(np.float32) for n in (3, 2))
    for i in range(3):
        for j in range(2):
            slow = np.mean([np.linalg.norm(a[i, p] - b[j, p]) for p in range(5)])
            assert distance_matrix(a, b)[i, j] == pytest.approx(slow, rel=1e-5)
    far, near = Candidate("a", 2.0, 0.1), Candidate("b", 1.0, 0.9)
    with pytest.raises(InputError, match="nearest first"):
        Match("v", 1, (far, near))


def test_score():
    probe = results_document(outcome(["anna", "ben"], [video("p", [(0, 20)])]))["probes"][0]
    scores = [candidate["score"] for candidate in probe["candidates"]]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)


def test_nobody():
    answer = outcome(["anna"], [video("p", [(0, 20)])], unknown=frozenset({1}))
    assert answer.identity("p", 1) is None
    probe = results_document(answer)["probes"][0]
    assert probe["identity"] is None
    assert probe["reason"] == "no one near enough"
    assert results_csv(answer).splitlines()[1].startswith("p,1,,")
    assert [len(empty) for empty in (Detections.empty(), Tracks.empty(), Bodies.empty())] == [0, 0, 0]


def test_models():
    parts = np.ones((2, 3), np.float32)
    with pytest.raises(IncompatibleModelsError):
        JointMatcher().match([Embedding(parts, "one", "g", 1)], [Embedding(parts, "two", "p", 1)], [(0, 9)])


def test_identity_colour():
    colours = identity_colours(["anna", "ben"])
    assert colours == {"anna": (230, 159, 0), "ben": (86, 180, 233)}
    assert UNKNOWN_COLOUR not in colours.values()
    assert len(set(UNKNOWN_COLOUR)) == 1  # grey
    assert label_text(None, 4) == "unknown #4"


def test_mot_text():
    line = mot_text(video("v", [(0, 1)]).tracks)
    assert line == "1,1,60.00,60.00,50.00,150.00,0.9000,-1,-1,-1\n"


def test_text(tmp_path):
    path = tmp_path / "results.json"
    write_results_json(path, outcome(["=Zoë\udce9"], []))
    assert read_results_json(path)["gallery"][0]["id"] == "=Zoë?"
    assert ",'=Zoë," in results_csv(outcome(["=Zoë"], [video("p", [(0, 20)])]))


def test_whole_files(tmp_path):
    def interrupted():
        with atomic_file(tmp_path / "a.txt") as file:
            file.write(b"half")
            file.flush()
            assert [p.suffix for p in tmp_path.iterdir()] == [".partial"]
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not list(tmp_path.iterdir())
