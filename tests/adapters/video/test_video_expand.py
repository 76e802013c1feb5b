from __future__ import annotations

from pathlib import Path

import pytest

from gaitway.adapters.video import expand_sources
from gaitway.errors import VideoNotFoundError


def _touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def _names(sources: list[str]) -> list[str]:
    return [Path(s).name for s in sources]


def test_a_file_stands_for_itself_whatever_its_suffix(tmp_path):
    _touch(tmp_path / "odd.bin")
    assert expand_sources([str(tmp_path / "odd.bin")]) == [str(tmp_path / "odd.bin")]


def test_a_folder_gives_its_videos_in_natural_order(tmp_path):
    _touch(*(tmp_path / n for n in ("p10.mp4", "p2.MP4", "p1.avi", "notes.txt", ".p3.mp4", "p4.mp4.partial")))
    assert _names(expand_sources([str(tmp_path)])) == ["p1.avi", "p2.MP4", "p10.mp4"]


def test_a_folder_of_pictures_is_one_input(tmp_path):
    _touch(tmp_path / "seq" / "1.png", tmp_path / "seq" / "2.png")
    assert expand_sources([str(tmp_path / "seq")]) == [str(tmp_path / "seq")]


def test_a_folder_of_image_folders_gives_each(tmp_path):
    _touch(tmp_path / "s10" / "1.png", tmp_path / "s9" / "1.jpg", tmp_path / "empty" / "readme.txt")
    assert _names(expand_sources([str(tmp_path)])) == ["s9", "s10"]


def test_a_glob_gives_videos_and_image_folders_only(tmp_path):
    _touch(*(tmp_path / n for n in ("c2.mp4", "c10.mp4", "c1.txt")), tmp_path / "c3" / "1.png")
    assert _names(expand_sources([str(tmp_path / "c*")])) == ["c2.mp4", "c3", "c10.mp4"]


def test_a_file_whose_name_looks_like_a_glob_is_that_file(tmp_path):
    _touch(tmp_path / "take[1].mp4", tmp_path / "take1.mp4")
    assert _names(expand_sources([str(tmp_path / "take[1].mp4")])) == ["take[1].mp4"]


def test_urls_and_cameras_pass_and_nothing_comes_twice(tmp_path):
    _touch(tmp_path / "a.mp4")
    inputs = ["rtsp://host/x", "camera:0", str(tmp_path / "a.mp4"), str(tmp_path / "*.mp4"), "camera:0"]
    assert expand_sources(inputs) == ["rtsp://host/x", "camera:0", str(tmp_path / "a.mp4")]


@pytest.mark.parametrize("pattern", ["missing.mp4", "none*.mp4", "empty", "bad\0name.mp4", "a/b.mp4/c.mp4"])
def test_what_matches_nothing_is_one_clear_line(tmp_path, pattern):
    (tmp_path / "empty").mkdir()
    with pytest.raises(VideoNotFoundError) as caught:
        expand_sources([str(tmp_path / pattern)])
    assert "\n" not in str(caught.value)
    assert pattern.replace("\0", "?") in str(caught.value)
