from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaitway.drawing.labels import (
    _width,
    clean_text,
    is_drawable,
    label_picture,
    label_text,
    place_label,
    shorten,
)

NONE = np.zeros((0, 4))


@pytest.mark.parametrize(
    "name", ["gallery-001", "Zoë", "Пётр", "Ελένη", "李小龍", "やまだ", "김", "علي", "שלום"]
)
def test_names_in_these_scripts_are_drawn(name):
    assert is_drawable(name)
    assert label_text(name, 3, 0.5) == f"{clean_text(name)} 0.50"


@pytest.mark.parametrize("name", ["हिन्दी", "ไทย", "👍"])
def test_a_name_the_font_lacks_gives_way_to_the_tracks_number(name):
    assert not is_drawable(name)
    assert label_text(name, 3, 0.5) == "#3 0.50"


def test_a_name_of_nothing_visible_gives_way_to_the_tracks_number():
    assert label_text("\u200b \n", 7) == "#7"


def test_a_real_question_mark_is_not_a_missing_glyph():
    assert label_text("who?", 1) == "who?"


@given(st.text(max_size=30))
def test_cleaned_text_is_one_printable_line_and_stays_as_it_is(text):
    cleaned = clean_text(text)
    assert cleaned == clean_text(cleaned) == cleaned.strip()
    assert not any(c in "\n\r\t\u202e\u2066\0" for c in cleaned)
    cleaned.encode("utf-8")


def test_a_names_two_unicode_spellings_look_the_same():
    assert clean_text("Zoe\u0308") == clean_text("Zo\u00eb")


@given(st.text(st.characters(codec="ascii", min_codepoint=33), min_size=6, max_size=60), st.integers(60, 400))
def test_shortened_text_fits_and_keeps_its_end(text, width):
    short = shorten(text, 14, width)
    assert _width(short, 14) <= width or short == f"…{text[-5:]}"
    assert short == text or (short.endswith(text[-5:]) and "…" in short)


@given(st.text(max_size=40), st.integers(10, 40), st.integers(1, 500))
def test_a_label_is_never_wider_than_asked(text, size, width):
    picture = label_picture(text, size, (230, 159, 0), width)
    assert picture.shape[1] <= width
    assert picture.shape[0] < 2 * size


def test_text_is_anti_aliased_and_readable():
    picture = label_picture("anna 0.81", 14, (255, 255, 255), 500)
    levels = np.unique(picture)
    assert levels.min() < 40
    assert len(levels) > 20


def test_threads_draw_the_same():
    wanted = label_picture.__wrapped__("Пётр 0.81", 17, (0, 114, 178), 300)
    with ThreadPoolExecutor(4) as pool:
        made = pool.map(lambda _: label_picture.__wrapped__("Пётр 0.81", 17, (0, 114, 178), 300), range(40))
        assert all((picture == wanted).all() for picture in made)


def test_a_label_sits_on_its_box():
    assert place_label(np.array([100.0, 100, 160, 300]), (50, 20), (640, 480), NONE, NONE) == (100, 80)


def test_a_label_goes_below_a_box_whose_top_is_taken():
    box = np.array([100.0, 100, 160, 300])
    assert place_label(box, (50, 20), (640, 480), np.array([[90.0, 70, 150, 100]]), NONE) == (100, 300)


def test_a_label_avoids_a_neighbours_head():
    box, behind = np.array([100.0, 100, 160, 300]), np.array([110.0, 40, 170, 240])
    left, top = place_label(box, (50, 20), (640, 480), NONE, np.stack([box, behind]))
    assert (left, top) == (100, 300)


@given(
    st.tuples(st.floats(-50, 600), st.floats(-50, 400), st.floats(1, 200), st.floats(1, 300)),
    st.tuples(st.integers(1, 200), st.integers(1, 40)),
)
def test_a_label_stays_inside_the_frame(box, label_wh):
    x, y, w, h = box
    left, top = place_label(np.array([x, y, x + w, y + h]), label_wh, (640, 480), NONE, NONE)
    assert 0 <= left <= 640 - label_wh[0]
    assert 0 <= top <= 480 - label_wh[1]


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(60, 250)), min_size=2, max_size=4))
def test_four_people_anywhere_get_labels_that_do_not_cover_each_other(corners):
    placed = NONE
    for x, y in corners:
        left, top = place_label(np.array([x, y, x + 60.0, y + 170.0]), (110, 20), (854, 480), placed, NONE)
        new = np.array([left, top, left + 110, top + 20.0])
        overlap = np.minimum(new[2:], placed[:, 2:]) - np.maximum(new[:2], placed[:, :2])
        assert not (overlap > 0).all(axis=1).any()
        placed = np.vstack([placed, new])
