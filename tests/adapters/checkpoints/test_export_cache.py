"""Exports are made once, whole or not at all."""

import pytest

from gaitway.adapters.checkpoints.export import cached_export
from gaitway.errors import StoreError


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "weights.pt"
    path.write_bytes(b"weights")
    return path


def test_built_once_per_content_and_settings(tmp_path, source):
    built = []

    def build(folder):
        built.append(folder)
        (folder / "network.xml").write_text(str(len(built)))

    first = cached_export(source, {"size": [64, 64]}, build, tmp_path)
    assert (first / "network.xml").read_text() == "1"
    assert cached_export(source, {"size": [64, 64]}, build, tmp_path) == first
    assert cached_export(source, {"size": [96, 64]}, build, tmp_path) != first
    source.write_bytes(b"other weights")
    assert cached_export(source, {"size": [64, 64]}, build, tmp_path) != first
    assert len(built) == 3


def test_a_failed_build_leaves_nothing_and_is_tried_again(tmp_path, source):
    def fail(folder):
        (folder / "half.bin").write_bytes(b"half")
        raise RuntimeError("no room")

    with pytest.raises(RuntimeError):
        cached_export(source, 1, fail, tmp_path)
    done = cached_export(source, 1, lambda folder: (folder / "network.xml").write_text("x"), tmp_path)
    assert [f.name for f in done.iterdir()] == ["network.xml"]


def test_a_cache_that_cannot_be_written_is_one_line(tmp_path, source):
    (tmp_path / "exports").write_text("a file where a folder must be")
    with pytest.raises(StoreError) as caught:
        cached_export(source, 1, lambda _: None, tmp_path)
    assert "\n" not in str(caught.value)
