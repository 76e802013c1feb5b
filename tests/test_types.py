from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from gaitway.errors import InputError
from gaitway.types import (
    Bodies,
    Candidate,
    Detections,
    Embedding,
    Frame,
    GaitSequence,
    Match,
    Silhouettes,
    Tracks,
)

F32, I64 = np.float32, np.int64
NAN = float("nan")


def bodies(n=2):
    return Bodies(
        np.tile(np.array([[0, 0, 10, 20]], F32), (n, 1)),
        tuple(np.full((4, 3), k / 10, F32) for k in range(n)),
        np.full((n, 33, 3), np.nan, F32),
        np.linspace(0, 1, n).astype(F32),
    )


def box(*corners):
    return np.array([corners], F32)


def make(kind):
    """Return one valid value of every type, and the arguments it was made of."""
    two = np.array([[0, 0, 5, 5], [1, 1, 9, 9]], F32)
    arguments = {
        Frame: {"image": np.zeros((4, 6, 3), np.uint8), "index": 0, "time_s": 0.0},
        Bodies: {name: getattr(bodies(), name) for name in ("region_xyxy", "masks", "keypoints", "presence")},
        Detections: {"xyxy": two, "confidence": np.array([0, 1], F32), "bodies": bodies()},
        Tracks: {
            "xyxy": two,
            "confidence": np.array([0, 1], F32),
            "track_id": np.array([1, 2], I64),
            "detection_index": np.array([0, -1], I64),
        },
        Silhouettes: {"track_id": np.array([1, 2], I64), "xyxy": two, "bodies": bodies()},
        GaitSequence: {
            "silhouettes": np.zeros((2, 64, 64), np.uint8),
            "frame_index": np.array([3, 5], I64),
            "quality": np.array([0, 1], F32),
            "keypoints": np.full((2, 33, 3), np.nan, F32),
        },
        Embedding: {"parts": np.ones((2, 3), F32), "model_id": "m"},
        Match: {
            "video": "v",
            "track_id": 1,
            "candidates": (Candidate("a", 0.1, 0.9),),
            "label": "a",
            "score": 0.9,
        },
    }[kind]
    return kind(**arguments), arguments


KINDS = [Frame, Bodies, Detections, Tracks, Silhouettes, GaitSequence, Embedding, Match]


@pytest.mark.parametrize("kind", KINDS)
def test_a_value_is_frozen_and_its_arrays_are_read_only(kind):
    value, arguments = make(kind)
    for name, given in arguments.items():
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(value, name, given)
        held = getattr(value, name)
        for array in held if isinstance(held, tuple) else [held]:
            assert not isinstance(array, np.ndarray) or not array.flags.writeable


@pytest.mark.parametrize("kind", [Detections, Tracks, GaitSequence, Embedding])
def test_the_callers_array_stays_writeable(kind):
    _, arguments = make(kind)
    kind(**arguments)
    for name in ("xyxy", "frame_index", "parts"):
        assert name not in arguments or arguments[name].flags.writeable or kind is Bodies


BROKEN = [
    (Frame, {"index": -1}, "0 or more"),
    (Bodies, {"masks": ()}, "region_xyxy has shape"),
    (Bodies, {"presence": np.array([0, 1.5], F32)}, r"\[0, 1\]"),
    (Bodies, {"region_xyxy": np.array([[0, 0, 1, 1], [5, 0, 1, 1]], F32)}, "not xywh"),
    (Detections, {"confidence": np.array([0, NAN], F32)}, r"\[0, 1\]"),
    (Detections, {"confidence": np.array([-0.1, 1], F32)}, r"\[0, 1\]"),
    (Detections, {"xyxy": np.array([[0, 0, NAN, 5], [1, 1, 9, 9]], F32)}, "not finite"),
    (Detections, {"xyxy": np.array([[0, 0, 5, 5], [1, 9, 9, 1]], F32)}, "not xywh"),
    (Detections, {"bodies": bodies(3)}, "3 people for 2 boxes"),
    (Tracks, {"track_id": np.array([7, 7], I64)}, "repeats within a frame"),
    (Silhouettes, {"bodies": bodies(1)}, "1 people for 2 tracks"),
    (GaitSequence, {"frame_index": np.array([5, 5], I64)}, "must rise"),
    (GaitSequence, {"frame_index": np.array([5, 3], I64)}, "must rise"),
    (GaitSequence, {"quality": np.array([0, 2], F32)}, r"\[0, 1\]"),
    (Embedding, {"parts": np.array([[1, np.inf]], F32)}, "not finite"),
    (Match, {"label": "b"}, "not among its candidates"),
    (Match, {"candidates": (Candidate("b", 0.2, 0.5), Candidate("a", 0.1, 0.9))}, "nearest first"),
]


@pytest.mark.parametrize(("kind", "change", "line"), BROKEN)
def test_a_bad_value_fails_where_it_is_made_in_one_line(kind, change, line):
    _, arguments = make(kind)
    with pytest.raises(InputError, match=line) as error:
        kind(**{**arguments, **change})
    assert "\n" not in str(error.value)


def test_a_walk_of_nothing_is_refused():
    none = {"silhouettes": np.zeros((0, 64, 64), np.uint8), "frame_index": np.zeros(0, I64)}
    with pytest.raises(InputError, match="at least one silhouette"):
        GaitSequence(**none, quality=np.zeros(0, F32), keypoints=np.zeros((0, 33, 3), F32))


@pytest.mark.parametrize("kind", [Bodies, Detections, Tracks])
def test_nobody_is_an_honest_value(kind):
    empty = kind.empty()
    assert len(empty) == 0
    assert all(len(getattr(empty, f.name) or ()) == 0 for f in dataclasses.fields(empty) if f.name == "masks")


@pytest.mark.parametrize("kind", [Bodies, Detections, Tracks, Silhouettes, GaitSequence])
def test_length_counts_people_or_frames(kind):
    assert len(make(kind)[0]) == 2


def test_selecting_bodies_keeps_each_with_its_own():
    chosen = bodies(4).select(np.array([3, 1], I64))
    assert [float(mask[0, 0]) for mask in chosen.masks] == pytest.approx([0.3, 0.1])
    assert chosen.presence.tolist() == pytest.approx([1.0, 1 / 3])
    assert len(bodies().select(np.zeros(0, I64))) == 0


def test_a_match_without_a_label_is_a_whole_answer():
    match = Match("v", 1, (), None, 0.0, "too few frames")
    assert (match.label, match.candidates) == (None, ())
