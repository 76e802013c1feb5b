from __future__ import annotations

import json
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaitway.errors import InputError
from gaitway.reporting.run_json import plain, write_run_json

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
)


@dataclass(frozen=True)
class Config:
    gap_s: float
    folder: Path


@given(JSON)
def test_what_json_has_stays_as_it_is(value):
    assert plain(value) == value
    assert json.loads(json.dumps(plain(value))) == value


def test_everything_a_run_records_becomes_json(tmp_path):
    run = {
        "config": Config(1.5, Path("out")),
        "frame_rate": Fraction(30000, 1001),
        "score": np.float32(0.5),
        "shape": np.array([1, 2]),
        "names": {"b", "a"},
        "span": (1, np.int64(2)),
        "never": float("nan"),
        "source": "caf\udce9.mp4",
    }
    write_run_json(tmp_path / "run.json", run)
    assert json.loads((tmp_path / "run.json").read_text("utf-8")) == {
        "schema": 1,
        "config": {"gap_s": 1.5, "folder": "out"},
        "frame_rate": 30000 / 1001,
        "score": 0.5,
        "shape": [1, 2],
        "names": ["a", "b"],
        "span": [1, 2],
        "never": None,
        "source": "caf?.mp4",
    }


def test_other_values_are_named(tmp_path):
    with pytest.raises(InputError, match="got a object, wanted numbers"):
        write_run_json(tmp_path / "run.json", {"x": object()})
    assert not list(tmp_path.iterdir())
