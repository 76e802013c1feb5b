"""The gallery's own behaviour, on every kind of database."""

import threading

import numpy as np
import pytest

from gaitway.adapters.gallery import Decided, Gallery, Purged, Walk
from gaitway.errors import IncompatibleModelsError, InputError
from gaitway.recognition.calibration import CALIBRATIONS
from gaitway.recognition.distance import distance_matrix
from gaitway.recognition.fpir import fit_fpir
from gaitway.types import Embedding
from support.galleries import near, walk


def names(result):
    return [c.name for c in result.candidates]


def test_the_enrolled_are_found_again_nearest_first(gallery):
    gallery.enroll("Ada", [walk(1), walk(2)])
    gallery.enroll("Ben", walk(3))
    (result,) = gallery.search(near(walk(3), 9))
    assert names(result) == ["Ben", "Ada"]
    assert (result.searched, result.subjects) == (3, 2)
    stored = walk(3).parts.astype(np.float16).astype(np.float32)
    wanted = distance_matrix(near(walk(3), 9).parts[None], stored[None])[0, 0]
    assert result.candidates[0].distance == pytest.approx(float(wanted), abs=1e-5)


def test_an_embedding_does_for_a_walk(gallery):
    gallery.enroll("Ada", Embedding(walk(1).parts, "model-1", "clip", 3))
    subject, (template,) = gallery.show("Ada")
    assert (template.video, template.track_id, template.model_id) == ("clip", 3, "model-1")
    assert names(gallery.search(Embedding(walk(1).parts, "model-1"))[0]) == ["Ada"]
    assert subject.templates == 1


def test_what_is_kept_of_a_template(gallery):
    given = walk(
        1, video="v", track_id=7, first_frame=3, last_frame=44, frames=40, quality=0.5, view_deg=90.0
    )
    subject = gallery.enroll("Ada", given, notes="left wing", consent="2026, signed")
    _, (kept,) = gallery.show(subject.id)
    for field in (
        "video",
        "video_sha256",
        "track_id",
        "first_frame",
        "last_frame",
        "frames",
        "quality",
        "view_deg",
    ):
        assert getattr(kept, field) == getattr(given, field), field
    assert (subject.notes, subject.consent) == ("left wing", "2026, signed")


def test_embeddings_of_two_models_never_meet(gallery):
    gallery.enroll("Ada", walk(1))
    gallery.enroll("Ben", walk(1, model="model-2"))
    gallery.enroll("Cleo", Walk(walk(1).parts, "model-1", "another file"))
    assert names(gallery.search(walk(1))[0]) == ["Ada"]
    assert names(gallery.search(walk(1, model="model-2"))[0]) == ["Ben"]
    nobody = gallery.search(walk(1, model="model-3"))[0]
    assert (nobody.candidates, nobody.searched) == ((), 0)
    with pytest.raises(IncompatibleModelsError):
        gallery.search(walk(1, parts=5))
    with pytest.raises(IncompatibleModelsError):
        gallery.enroll("Dev", walk(1, parts=5))
    assert [s.name for s in gallery.list()] == ["Ada", "Ben", "Cleo"]


def test_a_batch_answers_as_its_walks_alone(gallery):
    gallery.enroll_many({f"p{i}": [walk(i), walk(100 + i)] for i in range(30)})
    probes = [near(walk(i), 50 + i, by=0.5) for i in range(12)] + [walk(3, model="model-2")]
    together = gallery.search(probes, k=5)
    alone = [gallery.search(probe, k=5)[0] for probe in probes]
    assert [names(r) for r in together] == [names(r) for r in alone]


def test_another_process_s_changes_show_in_the_next_search(url):
    with Gallery(url) as one, Gallery(url) as other:
        one.enroll("Ada", walk(1))
        assert names(other.search(walk(1))[0]) == ["Ada"]
        one.enroll("Ben", walk(2))
        assert names(other.search(walk(2))[0]) == ["Ben", "Ada"]
        one.rename("Ben", "Benjamin")
        assert names(other.search(walk(2))[0]) == ["Benjamin", "Ada"]
        one.merge("Benjamin", into="Ada")
        assert names(other.search(walk(2))[0]) == ["Ada"]
        one.split("Ada", [one.show("Ada")[1][1].id], "Bo")
        assert names(other.search(walk(2))[0]) == ["Bo", "Ada"]
        one.forget("Bo")
        assert names(other.search(walk(2))[0]) == ["Ada"]


def test_rename_merge_and_split_keep_every_template(gallery):
    gallery.enroll("Ada", [walk(1), walk(2)])
    gallery.enroll("Ben", walk(3))
    merged = gallery.merge("Ben", into="Ada")
    assert (merged.name, merged.templates) == ("Ada", 3)
    assert [s.name for s in gallery.list()] == ["Ada"]
    _, templates = gallery.show("Ada")
    split = gallery.split("Ada", [templates[-1].id], "Ben")
    assert (split.templates, gallery.show("Ada")[0].templates) == (1, 2)
    assert gallery.rename("Ada", notes="tall").notes == "tall"
    assert gallery.verify() == ()


@pytest.mark.parametrize("name", ["", "   ", "a\nb", "x" * 201])
def test_a_bad_name_changes_nothing(gallery, name):
    with pytest.raises(InputError):
        gallery.enroll(name, walk(1))
    assert gallery.list() == ()


def test_wrong_requests_are_told_and_change_nothing(gallery):
    gallery.enroll("Ada", walk(1))
    gallery.enroll("Ben", walk(2))
    before = gallery.list()
    for request in (
        lambda: gallery.rename("Ada", "Ben"),
        lambda: gallery.rename("Nobody", "X"),
        lambda: gallery.merge("Ada", into="Ada"),
        lambda: gallery.merge("Nobody", into="Ada"),
        lambda: gallery.split("Ada", [10**6], "C"),
        lambda: gallery.split("Ada", [], "C"),
        lambda: gallery.split("Ada", [gallery.show("Ada")[1][0].id], "Ben"),
        lambda: gallery.forget("Nobody"),
        lambda: gallery.name_sightings([5], "C"),
        lambda: gallery.enroll("C", []),
    ):
        with pytest.raises(InputError):
            request()
    assert gallery.list() == before
    assert gallery.verify() == ()


def test_numbers_that_float16_cannot_hold_are_refused():
    for value in (np.nan, np.inf, 1e6):
        parts = np.zeros((2, 3), np.float32)
        parts[1, 1] = value
        with pytest.raises(InputError):
            Walk(parts, "model-1")


def test_where_a_person_appears(gallery):
    ada = gallery.enroll("Ada", walk(1))
    seen = [
        near(walk(1), 5, video="a", video_sha256="1"),
        near(walk(1), 6, video="b", video_sha256="2"),
        walk(8),
    ]
    decided = [Decided("certain", ada.id, 0.1, 0.9), Decided("review", ada.id, 0.3, 0.6), Decided("unknown")]
    gallery.record(seen, decided)
    assert [(s.video, s.status, s.name) for s in gallery.where("Ada")] == [
        ("a", "certain", "Ada"),
        ("b", "review", "Ada"),
    ]
    gallery.record([seen[1]], [Decided("unknown", reason="looked again")])  # the latest decision counts
    assert [s.video for s in gallery.where("Ada")] == ["a"]
    assert len(gallery.sightings()) == 3
    again = next(s for s in gallery.sightings() if s.video == "b")
    assert [d.status for _, d in gallery.history(again.id)] == ["review", "unknown"]
    assert gallery.history(again.id)[0][1].distance == 0.3


def test_unknown_tracks_are_grouped_and_named_later(gallery):
    people = [walk(1), walk(2)]
    seen = [
        near(person, 10 * i + j, video=f"v{j}", video_sha256=str(j), first_frame=0, last_frame=9)
        for i, person in enumerate(people)
        for j in range(3)
    ]
    gallery.record(seen, [Decided("unknown")] * 6)
    groups = gallery.cluster_unknown(max_distance=1.0)
    assert [len(g.sightings) for g in groups] == [3, 3]
    assert all(len(set(g.videos)) == 3 for g in groups)
    gallery.name_sightings(groups[0].sightings, "Ada")
    assert len(gallery.where("Ada")) == 3
    assert gallery.show("Ada")[0].templates == 3
    assert len(gallery.cluster_unknown(max_distance=1.0)) == 1


def test_splitting_takes_along_what_was_seen_of_the_split(gallery):
    seen = [walk(1, video_sha256="1"), walk(2, video_sha256="1")]
    gallery.record(seen, [Decided("unknown")] * 2)
    ids = [s.id for s in gallery.sightings()]
    gallery.name_sightings(ids, "Ada")
    second = gallery.show("Ada")[1][1].id
    gallery.split("Ada", [second], "Ben")
    assert [(s.id, s.status) for s in gallery.where("Ben")] == [(ids[1], "named")]
    assert [s.id for s in gallery.where("Ada")] == [ids[0]]
    gallery.forget("Ben")
    assert [s.id for s in gallery.sightings()] == [ids[0]]


def test_without_a_distance_groups_follow_the_encoder_s_calibration(gallery):
    known = walk(1, model=next(name for name in CALIBRATIONS if name.startswith("gait-template")))
    more = [near(known, i, video_sha256=str(i), by=0.01) for i in (5, 6)]
    gallery.record([known, *more], [Decided("unknown")] * 3)
    assert [len(g.sightings) for g in gallery.cluster_unknown()] == [3]
    gallery.record([walk(7)], [Decided("unknown")])
    with pytest.raises(InputError, match="--distance"):
        gallery.cluster_unknown()
    gallery.calibrate(fit_fpir(np.random.default_rng(0).uniform(1, 2, (50, 20)), "model-1", "test"))
    assert [len(g.sightings) for g in gallery.cluster_unknown()] == [3, 1]


def test_two_seen_at_once_are_never_grouped(gallery):
    twins = [near(walk(1), i, video="v", video_sha256="v", first_frame=0, last_frame=9) for i in (3, 4)]
    gallery.record(twins, [Decided("unknown")] * 2)
    assert [len(g.sightings) for g in gallery.cluster_unknown(max_distance=5.0)] == [1, 1]


def test_purge_keeps_people_and_the_new(gallery):
    gallery.enroll("Ada", walk(1))
    gallery.record([walk(5), walk(6)], [Decided("unknown")] * 2)
    assert gallery.purge(keep_s=3600) == Purged(0, 0)
    assert gallery.purge(keep_s=-1) == Purged(2, 0)
    assert gallery.sightings() == ()
    assert len(gallery.list()) == 1


def test_every_act_is_in_the_audit_log_without_names(gallery):
    gallery.enroll("Ada Lovelace", walk(1))
    gallery.search(walk(1))
    gallery.rename("Ada Lovelace", "Countess")
    gallery.forget("Countess")
    lines = gallery.audit()
    assert [line.action for line in lines] == ["create", "enroll", "search", "rename", "forget", "erased"]
    assert "Lovelace" not in repr(lines)
    assert "Countess" not in repr(lines)
    assert [line.seq for line in lines] == list(range(1, 7))
    assert gallery.stats().audit_head == lines[-1].hash
    assert gallery.verify() == ()


def test_threads_share_a_gallery(gallery):
    errors = []

    def work(number):
        try:
            for i in range(5):
                gallery.enroll(f"p{number}-{i}", walk(10 * number + i))
                assert names(gallery.search(walk(10 * number + i), k=1)[0]) == [f"p{number}-{i}"]
        except Exception as error:  # noqa: BLE001 - any error at all fails the test
            errors.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(gallery.list()) == 20
    assert gallery.verify() == ()


def test_stats_count(gallery):
    gallery.enroll("Ada", [walk(1), walk(2)])
    gallery.enroll("Ben", walk(1, model="model-2"))
    gallery.record([walk(7)], [Decided("unknown")])
    stats = gallery.stats()
    assert (stats.subjects, stats.templates, stats.sightings, stats.unknown) == (2, 3, 1, 1)
    assert stats.models == {"model-1": 3 - 1, "model-2": 1}
    assert not stats.encrypted
