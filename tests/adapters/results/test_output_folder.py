"""The output folder: whole or not at all."""

import json
import os

import numpy as np
import pytest

from gaitway.adapters.results.folder import OutputFolder
from gaitway.adapters.results.keys import digest_input, result_key
from gaitway.errors import StoreError
from gaitway.files import PARTIAL
from gaitway.results import walk_blocks, walk_column
from support.fakes import video_result


def fill(text):
    def write(folder):
        (folder / "a.txt").write_text(text)

    return write


def test_a_result_survives_storing(tmp_path):
    result = video_result()
    with OutputFolder(tmp_path) as out:
        assert out.load_video("k") is None
        out.save_video("k", result)
        out.save_embeddings("e", result)
        back = out.load_embeddings("e", out.load_video("k"))
    assert back.summaries == result.summaries
    assert back.size_wh == result.size_wh
    for name in ("frame_index", "track_id", "xyxy", "confidence", "filled"):
        np.testing.assert_array_equal(getattr(back.tracks, name), getattr(result.tracks, name))
    for track_id, walk in result.walks.items():
        np.testing.assert_array_equal(back.walks[track_id].silhouettes, walk.silhouettes)
        np.testing.assert_array_equal(back.embeddings[track_id].parts, result.embeddings[track_id].parts)
        assert back.embeddings[track_id].model_id == "fake-1"


@pytest.mark.parametrize("rows", [1, 7, 20, 64])
@pytest.mark.parametrize("column", ["silhouettes", "frame_index", "quality", "keypoints"])
def test_walks_are_read_piece_by_piece(tmp_path, column, rows):
    result = video_result(length=20)
    with OutputFolder(tmp_path) as out:
        out.save_video("k", result)
        back = out.load_video("k")
    blocks = list(walk_blocks(back.walks, 2, column, rows))
    assert [len(block) for block in blocks[:-1]] == [rows] * (len(blocks) - 1)
    want = getattr(result.walks[2], column)
    assert blocks[0].dtype == want.dtype
    np.testing.assert_array_equal(np.concatenate(blocks), want)
    np.testing.assert_array_equal(np.concatenate(list(walk_blocks(result.walks, 2, column, rows))), want)
    with pytest.raises(KeyError):
        walk_column(back.walks, 3, column)


def test_a_state_file_cut_off_while_it_is_read_is_one_clear_line(tmp_path):
    with OutputFolder(tmp_path) as out:
        out.save_video("k", video_result())
        walks = out.load_video("k").walks
        path = tmp_path / ".gaitway" / "video-k.npz"
        path.write_bytes(path.read_bytes()[:-100])
        with pytest.raises(StoreError, match="damaged"):
            list(walks.stream(1, "quality"))


def test_a_damaged_state_file_is_one_clear_line(tmp_path):
    with OutputFolder(tmp_path) as out:
        out.save_video("k", video_result())
        path = tmp_path / ".gaitway" / "video-k.npz"
        path.write_bytes(path.read_bytes()[:200])
        with pytest.raises(StoreError, match="damaged") as caught:
            out.load_video("k")
    assert "\n" not in str(caught.value)


def test_publishing_replaces_the_whole_folder_and_only_when_the_key_changes(tmp_path):
    with OutputFolder(tmp_path) as out:
        out.publish("GaitSilhouette", "clip", "k1", fill("old"))
        (tmp_path / "GaitSilhouette" / "clip" / "stale.txt").write_text("stale")
        out.publish("GaitSilhouette", "clip", "k1", fill("not again"))
        assert (tmp_path / "GaitSilhouette" / "clip" / "a.txt").read_text() == "old"
        out.publish("GaitSilhouette", "clip", "k2", fill("new"))
    assert [p.name for p in (tmp_path / "GaitSilhouette" / "clip").iterdir()] == ["a.txt"]


def test_a_fill_that_fails_leaves_what_was_there(tmp_path):
    def broken(folder):
        (folder / "half.txt").write_text("half")
        raise OSError(28, "No space left on device")

    with OutputFolder(tmp_path) as out:
        out.publish("GaitSilhouette", "clip", "k1", fill("one"))
        with pytest.raises(StoreError, match="No space left"):
            out.publish("GaitSilhouette", "clip", "k2", broken)
    assert (tmp_path / "GaitSilhouette" / "clip" / "a.txt").read_text() == "one"
    with OutputFolder(tmp_path) as out:
        out.publish("GaitSilhouette", "clip", "k2", fill("two"))
    assert (tmp_path / "GaitSilhouette" / "clip" / "a.txt").read_text() == "two"


def test_leftovers_of_a_killed_run_are_swept(tmp_path):
    with OutputFolder(tmp_path) as out:
        run = out.open_run()
        (run / "half.mp4").write_bytes(b"x")
    with OutputFolder(tmp_path):
        assert not list((tmp_path / ".gaitway").glob(f"*{PARTIAL}"))


def test_two_writers_are_refused(tmp_path):
    with OutputFolder(tmp_path), pytest.raises(StoreError, match="another gaitway"), OutputFolder(tmp_path):
        pass


def test_latest_points_to_the_newest_run(tmp_path):
    with OutputFolder(tmp_path) as out:
        for text in ("one", "two"):
            run = out.open_run()
            fill(text)(run)
            last = out.finish_run(run)
    assert (tmp_path / "OutputVideos" / "latest" / "a.txt").read_text() == "two"
    assert (tmp_path / "OutputVideos" / "latest").resolve() == last.resolve()
    assert len([p for p in (tmp_path / "OutputVideos").iterdir() if not p.is_symlink()]) == 2


def test_a_broken_record_of_what_is_published_only_costs_work(tmp_path):
    with OutputFolder(tmp_path) as out:
        out.publish("GaitFeatures", "clip", "k1", fill("one"))
        (tmp_path / ".gaitway" / "published.json").write_text("{ not json")
        out.publish("GaitFeatures", "clip", "k1", fill("again"))
        record = json.loads((tmp_path / ".gaitway" / "published.json").read_text())
    assert record == {"GaitFeatures/clip": "k1"}
    assert (tmp_path / "GaitFeatures" / "clip" / "a.txt").read_text() == "again"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_an_unwritable_folder_is_one_clear_line(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(StoreError, match="Permission denied"), OutputFolder(tmp_path / "out"):
        pass


def test_a_file_in_the_way_is_one_clear_line(tmp_path):
    (tmp_path / "out").write_text("I am a file")
    with pytest.raises(StoreError, match="out"), OutputFolder(tmp_path / "out"):
        pass


def test_keys_tell_inputs_models_and_settings_apart(tmp_path):
    one, two = tmp_path / "1.mp4", tmp_path / "2.mp4"
    one.write_bytes(b"one")
    two.write_bytes(b"two")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "000.png").write_bytes(b"x")
    digests = {digest_input(p) for p in (one, two, folder)}
    (folder / "000.png").rename(folder / "001.png")
    assert len(digests | {digest_input(folder)}) == 4
    keys = {result_key(d, r) for d in ("a", "b") for r in ({"model": "x"}, {"model": "y"}, {})}
    assert len(keys) == 6
