from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaitway.adapters.video import unique_names, video_name


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("clip.mp4", "clip"),
        ("clip.v1.mp4", "clip.v1"),
        ("a/b/clip.v1.final.mp4", "clip.v1.final"),
        ("Two Walkers (3).mov", "Two Walkers (3)"),
        ("прогулка.mp4", "прогулка"),
        ("步态.avi", "步态"),
        ("مشي.mkv", "مشي"),
        ("cafe\u0301.mp4", "caf\u00e9"),
        ("no_extension", "no_extension"),
        ("..", "video"),
        ("../..", "video"),
        ("..mp4", "video"),
        ("...mp4", "video"),
        ("..walk.mp4", "walk"),
        (".hidden.mp4", "hidden"),
        ("a\x00b\n.mp4", "a_b_"),
        ("a\\b:c*.mp4", "a_b_c_"),
        ("\u202egnp.mp4", "_gnp"),
        ("CON.mp4", "_CON"),
        ("nul.v1.mp4", "_nul.v1"),
        ("console.mp4", "console"),
        ("end. .mp4", "end"),
        ("camera:0", "camera-0"),
        ("/dev/video2", "video2"),
        ("rtsp://user:pw@host:554/cam/1?token=x", "host_cam_1"),
        ("https://user:pw@host/%2e%2e/%2fetc/clip.mp4?sig=1#f", "host_.._etc_clip.mp4"),
    ],
)
def test_names_are_readable_and_safe(source, name):
    assert video_name(source) == name


def test_a_folder_keeps_its_dots(tmp_path):
    folder = tmp_path / "subject.01"
    folder.mkdir()
    assert video_name(folder) == "subject.01"


@settings(deadline=None)
@given(st.text(alphabet=st.characters(), min_size=1, max_size=200))
def test_no_text_becomes_a_path(source):
    name = video_name(source)
    assert name
    assert Path(name).name == name
    assert not name.startswith(".")
    assert name == name.strip()
    assert len(name.encode()) <= 100
    assert not set(name) & set('/\\:*?"<>|')
    assert not any(unicodedata.category(c) in {"Cc", "Cs"} for c in name)
    assert video_name(f"{name}.mp4") == name  # a safe name stays as it is


def test_long_names_stay_apart():
    a, b = video_name("走" * 80 + "a.mp4"), video_name("走" * 80 + "b.mp4")
    assert a != b
    assert a.startswith("走" * 20)


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["a/w.mp4", "b/w.mp4", "b/W.mp4", "w.avi", "w.mp4", "b_w.mp4", "x/b/w.mp4", "w-2.mp4"]
        )
    )
)
def test_unique_names_are_distinct_whatever_the_inputs(sources):
    names = unique_names(sources)
    assert len({n.casefold() for n in names}) == len(sources)
    assert names == unique_names(sources)


def test_unique_names_do_not_depend_on_the_order():
    sources = ["cam1/walk.mp4", "cam2/walk.mp4", "cam2/walk.avi", "other.mp4"]
    names = dict(zip(sources, unique_names(sources), strict=True))
    again = dict(zip(sources[::-1], unique_names(sources[::-1]), strict=True))
    assert names == again
    assert names["cam1/walk.mp4"] == "cam1_walk"
    assert names["other.mp4"] == "other"


def test_the_same_input_twice_is_numbered():
    assert unique_names(["a.mp4", "a.mp4", "a.mp4"]) == ["a", "a-2", "a-3"]
