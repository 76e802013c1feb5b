"""After forget, nothing of the person is found in any file."""

import json

import cv2
import numpy as np
import pytest

from gaitway.adapters.gallery import Decided, Gallery, Walk
from gaitway.adapters.gallery.bytesearch import occurrences
from gaitway.adapters.gallery.walks import pack
from gaitway.adapters.results.folder import OutputFolder
from gaitway.wiring.publish import publish_features, publish_silhouettes
from support.fakes import video_result
from support.galleries import near, walk

NAME, NOTES, CONSENT = "Zebulon Quartermain", "limps on the left", "signed in Utrecht"


def files_of(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def stretches(one, length=12):
    content = pack(one.parts)
    return [content[i : i + length] for i in range(0, len(content) - length, 4)]


def found(folder, needles):
    return [
        (path.name, needle)
        for path, content in files_of(folder).items()
        for needle in needles
        if needle in content
    ]


def crowd(gallery, count=150, size=(16, 64)):
    gallery.enroll_many({f"person {i}": walk(1000 + i, *size) for i in range(count)})


def texts(*values):
    return [value.encode() for value in values]


@pytest.mark.parametrize("encrypted", [False, True])
def test_no_byte_of_a_template_or_name_is_left_in_any_file(tmp_path, encrypted):
    from gaitway.adapters.gallery.sealing import write_key

    pytest.importorskip("cryptography") if encrypted else None
    key = tmp_path / "key" if encrypted else None
    if key:
        write_key(key)
    hers = [walk(i, 16, 64, video="zeb.mp4") for i in range(3)]
    seen = near(hers[0], 77, video="station.mp4")
    with Gallery(tmp_path / "sub" / ".." / "people.db", key=key) as gallery:
        crowd(gallery)
        zeb = gallery.enroll(NAME, hers, notes=NOTES, consent=CONSENT)
        crowd(gallery, 170)
        gallery.record([seen, near(walk(1003, 16, 64), 3)], [Decided("certain", zeb.id), Decided("unknown")])
        gallery.search(hers)
        needles = [s for w in (*hers, seen) for s in stretches(w)] + texts(
            NAME, NOTES, CONSENT, "station.mp4"
        )
        if not encrypted:
            assert len(found(tmp_path, needles)) > len(needles) // 2  # the search would see them
        erasure = gallery.forget(NAME)
        assert found(tmp_path, needles) == []  # while it is open: log and temporary files included
        assert (erasure.templates, erasure.sightings, erasure.name_elsewhere) == (3, 1, 0)
        assert erasure.proven
        assert erasure.searched_bytes > 100_000
        assert gallery.search(hers[0])[0].candidates[0].name != NAME
        assert gallery.verify() == ()
        assert gallery.stats().subjects == 170
    assert found(tmp_path, needles) == []


@pytest.mark.parametrize("encrypted", [False, True])
def test_what_was_seen_of_an_enrolled_track_goes_whoever_it_was_taken_for(tmp_path, encrypted):
    """Searched before it was enrolled: the sighting is of nobody, and holds the very same bytes."""
    from gaitway.adapters.gallery.sealing import write_key

    key = tmp_path / "key" if encrypted else None
    if key:
        pytest.importorskip("cryptography")
        write_key(key)
    hers = walk(1, 16, 64)
    with Gallery(tmp_path / "people.db", key=key) as gallery:
        crowd(gallery, 20)
        gallery.record([hers, walk(2, 16, 64)], [Decided("unknown")] * 2)
        gallery.enroll(NAME, hers)
        erasure = gallery.forget(NAME)
        assert (erasure.templates, erasure.sightings, erasure.shared) == (1, 1, 0)
        assert [s.track_id for s in gallery.sightings()] == [2]
        assert found(tmp_path, stretches(hers)) == []


def test_a_track_enrolled_as_two_people_stays_the_other_one_s(tmp_path):
    with Gallery(tmp_path / "people.db") as gallery:
        gallery.enroll("Ada", [walk(1), walk(2)])
        gallery.enroll("Ben", walk(1))
        assert gallery.forget("Ada").shared == 1
        assert gallery.search(walk(1))[0].candidates[0].name == "Ben"
        assert found(tmp_path, stretches(walk(2))) == []


def test_an_old_name_goes_with_the_renaming_and_the_forgetting(tmp_path):
    with Gallery(tmp_path / "people.db") as gallery:
        crowd(gallery, 30, (4, 16))
        gallery.enroll(NAME, walk(1))
        gallery.rename(NAME, "Q")
        gallery.enroll("Other", walk(2))
        gallery.merge("Other", into="Q")
        gallery.forget("Q")
        assert found(tmp_path, texts(NAME, "Other")) == []


def test_forgetting_with_another_reader_open_waits_for_it(tmp_path):
    with Gallery(tmp_path / "people.db") as one, Gallery(tmp_path / "people.db") as other:
        crowd(one, 20)
        one.enroll(NAME, walk(1, 16, 64))
        other.preload()
        other.search(walk(1, 16, 64))
        one.forget(NAME)
        assert found(tmp_path, stretches(walk(1, 16, 64)) + texts(NAME)) == []
        assert other.search(walk(1, 16, 64))[0].candidates[0].name != NAME


def test_a_name_within_another_s_is_told_and_left(tmp_path):
    with Gallery(tmp_path / "people.db") as gallery:
        gallery.enroll("Anna", walk(1))
        gallery.enroll("Annabel", walk(2))
        assert gallery.forget("Anna").name_elsewhere >= 1
        assert [s.name for s in gallery.list()] == ["Annabel"]


def test_silhouettes_features_and_reports_go_from_output_folders(tmp_path):
    out, video = tmp_path / "out", video_result("clip", (1, 2))
    with OutputFolder(out) as folder:
        folder.save_video("k1", video)
        folder.save_embeddings("k2", video)
        publish_silhouettes(folder, video, "k1")
        publish_features(folder, video, "k2")
        run = folder.open_run()
        row = {"video": "clip", "track": 1}
        (run / "results.json").write_text(json.dumps({"gallery": [], "probes": [row]}))
        folder.finish_run(run)
    pictures = [cv2.imencode(".png", s)[1].tobytes() for s in video.walks[1].silhouettes]
    with Gallery(tmp_path / "people.db") as gallery:
        gallery.enroll("Ada", video.embeddings[1])
        gallery.enroll("Ben", video.embeddings[2])
        erasure = gallery.forget("Ada", folders=[out, tmp_path / "nowhere"])
    assert erasure.files >= 20 + 1 + 2 + 1
    left = files_of(out)
    assert not any(picture in content for picture in pictures for content in left.values())
    assert not any(video.embeddings[1].parts.tobytes() in content for content in left.values())
    assert (out / "GaitSilhouette" / "clip" / "002").is_dir()
    assert (out / "GaitFeatures" / "clip" / "002.npz").exists()
    assert not list((out / ".gaitway").glob("*.npz"))
    assert not (out / "OutputVideos" / "latest").is_symlink()


def published(out, video):
    """Write what enroll and search leave of a video in a folder."""
    with OutputFolder(out) as folder:
        folder.save_video("k1", video)
        folder.save_embeddings("k2", video)
        publish_silhouettes(folder, video, "k1")
        publish_features(folder, video, "k2")


def test_silhouettes_go_also_where_the_features_are_another_encoder_s(tmp_path):
    out, video = tmp_path / "out", video_result("clip", (1, 2))
    with Gallery(tmp_path / "people.db") as gallery:
        gallery.enroll("Ada", Walk(video.embeddings[1].parts, "other-encoder", video="clip", track_id=1))
        published(out, video)
        gallery.remember_output(out)
        gallery.forget("Ada")
    assert not (out / "GaitSilhouette" / "clip" / "001").exists()
    assert not (out / "GaitFeatures" / "clip" / "001.npz").exists()
    assert (out / "GaitSilhouette" / "clip" / "002").exists()
    assert not list((out / ".gaitway").glob("*.npz"))


def test_another_video_of_the_same_name_is_left(tmp_path):
    out, video = tmp_path / "out", video_result("clip", (1,))
    with Gallery(tmp_path / "people.db") as gallery:
        gallery.enroll("Ada", Walk(video.embeddings[1].parts + 1, "fake-1", video="clip", track_id=1))
        published(out, video)
        gallery.forget("Ada", [out])
    assert (out / "GaitSilhouette" / "clip" / "001").exists()
    assert (out / "GaitFeatures" / "clip" / "001.npz").exists()


def test_a_video_s_name_goes_with_its_last_track(tmp_path):
    out, video = tmp_path / "out", video_result(NAME, (1,))
    with Gallery(tmp_path / "people.db") as gallery:
        gallery.enroll("Q", video.embeddings[1])
        published(out, video)
        gallery.forget("Q", [out])
    assert found(tmp_path, texts(NAME)) == []
    assert not [path for path in out.rglob("*") if NAME in path.name]


def test_exported_archives_are_told_of(tmp_path):
    pytest.importorskip("cryptography")
    with Gallery(tmp_path / "people.db") as gallery:
        gallery.enroll("Ada", walk(1))
        gallery.export(tmp_path / "a.zip")
        gallery.enroll("Ben", walk(2))
        assert (gallery.forget("Ada").exports, gallery.forget("Ben").exports) == (1, 0)


def seen_and_enrolled(tmp_path, gallery):
    """A video of three: one enrolled, one seen, one too short for a decision; another seen elsewhere."""
    out = tmp_path / "out"
    video, other = video_result("clip", (1, 2, 3)), video_result("other", (7,))
    gallery.enroll("Ada", video.embeddings[1])
    for each, track in ((video, 1), (video, 2), (other, 7)):
        gallery.record([Walk.of(each.embeddings[track], video_sha256=each.name)], [Decided("unknown")])
        published(out, each)
    gallery.remember_output(out)
    return out


def tracks_left(out):
    return sorted(f"{p.parent.name}/{p.name}" for p in (out / "GaitSilhouette").glob("*/*"))


def test_purging_erases_old_sightings_everywhere_and_keeps_the_enrolled(tmp_path):
    with Gallery(tmp_path / "people.db") as gallery:
        out = seen_and_enrolled(tmp_path, gallery)
        nothing = gallery.purge(3600)
        assert (nothing.sightings, nothing.files) == (0, 0)
        assert tracks_left(out) == ["clip/001", "clip/002", "clip/003", "other/007"]
        purged = gallery.purge(-1)
        assert purged.sightings == 3
        assert tracks_left(out) == ["clip/001"]
        assert sorted(p.name for p in (out / "GaitFeatures").rglob("*.npz")) == ["001.npz"]
        assert purged.files == 3 * 20 + 3 + 2  # silhouettes, features, stored walks and embeddings
        assert found(tmp_path, [video_result("other", (7,)).embeddings[7].parts.tobytes()]) == []
        assert gallery.verify() == ()
        gallery.record([walk(5, video="clip", track_id=2)], [Decided("unknown")])
        assert gallery.purge(3600).files == 0


def test_an_interrupted_purge_goes_on_at_the_next_opening(tmp_path, monkeypatch):
    from gaitway.adapters.gallery import erasure, traces

    with Gallery(tmp_path / "people.db") as gallery:
        out = seen_and_enrolled(tmp_path, gallery)
        with monkeypatch.context() as patch:
            patch.setattr(traces, "erase_tracks", interrupted)
            with pytest.raises(KeyboardInterrupt):
                gallery.purge(-1)
        assert [p.where for p in gallery.verify()] == ["purge"]
        with monkeypatch.context() as patch:
            patch.setattr(erasure, "clean", interrupted)
            with pytest.raises(KeyboardInterrupt):
                Gallery(tmp_path / "people.db")
        assert tracks_left(out) == ["clip/001"]
    with Gallery(tmp_path / "people.db") as gallery:
        assert gallery.verify() == ()


def test_a_hostile_video_name_leads_nowhere(tmp_path):
    (tmp_path / "GaitSilhouette").mkdir()
    precious = tmp_path / "elsewhere" / "007"
    precious.mkdir(parents=True)
    (precious / "file").write_text("keep")
    with Gallery(tmp_path / "people.db") as gallery:
        gallery.enroll("Ada", walk(7, video="../elsewhere"))
        gallery.forget("Ada", folders=[tmp_path])
    assert (precious / "file").exists()


def interrupted(*_):
    raise KeyboardInterrupt


def test_an_interrupted_erasure_goes_on_at_the_next_opening(tmp_path, monkeypatch):
    from gaitway.adapters.gallery import erasure, traces

    out, video = tmp_path / "out", video_result("clip", (1,))
    with OutputFolder(out) as folder:
        publish_features(folder, video, "k2")
    with Gallery(tmp_path / "people.db") as gallery:
        gallery.enroll(NAME, video.embeddings[1])
        for module, step, attempt in (
            (traces, "erase", lambda: gallery.forget(NAME, folders=[out])),
            (erasure, "clean", lambda: Gallery(tmp_path / "people.db")),
        ):
            with monkeypatch.context() as patch:
                patch.setattr(module, step, interrupted)
                with pytest.raises(KeyboardInterrupt):
                    attempt()
            assert [p.where.startswith("erasure") for p in gallery.verify()] == [True]
    with Gallery(tmp_path / "people.db") as gallery:
        assert gallery.verify() == ()
        assert gallery.audit(1)[0].action == "erased"
    assert not (out / "GaitFeatures" / "clip" / "001.npz").exists()
    assert found(tmp_path, texts(NAME)) == []


def test_byte_strings_are_found_wherever_they_stand(tmp_path):
    rng = np.random.default_rng(0)
    content = bytearray(rng.integers(0, 256, 3 << 24, np.uint8).tobytes())
    needles = [rng.integers(0, 256, n, np.uint8).tobytes() for n in (2, 9, 24)]
    places = (0, (1 << 24) - 5, (1 << 25) - 1, len(content) - 24)
    for place in places:
        content[place : place + 24] = needles[2]
    file = tmp_path / "f"
    file.write_bytes(content)
    assert occurrences(file, needles[2:]) == 4
    for needle in needles:
        count, at = 0, content.find(needle)
        while at >= 0:
            count, at = count + 1, content.find(needle, at + 1)
        assert occurrences(file, [needle]) == count
    assert occurrences(file, []) == 0
    (tmp_path / "empty").write_bytes(b"")
    assert occurrences(tmp_path / "empty", needles) == 0
