"""From a processed video to names, without networks."""

from dataclasses import replace

import numpy as np
import pytest

from gaitway.adapters.gallery import Gallery, Walk
from gaitway.errors import InputError
from gaitway.recognition.fpir import fit_fpir
from gaitway.results import TrackSummary
from gaitway.wiring.gallery import _chosen, search_video
from support.fakes import video_result


def walks_of(video):
    return {
        t: Walk.of(e, video_sha256=video.name, last_frame=19, frames=20) for t, e in video.embeddings.items()
    }


@pytest.fixture
def gallery(tmp_path):
    with Gallery(tmp_path / "people.db") as opened:
        known = video_result("known", (1, 2))
        opened.enroll("Ada", known.embeddings[1])
        opened.enroll("Ben", known.embeddings[2])
        yield opened


def test_a_searched_video_is_answered_and_remembered(gallery):
    rng = np.random.default_rng(0)
    gallery.calibrate(fit_fpir(np.exp(rng.normal(0, 0.2, (500, 20))), "fake-1", "test"))
    video = video_result("clip", (1, 2, 3))
    answers = search_video(gallery, video, walks_of(video), None, 1)
    assert [(a.summary.track_id, a.status, a.name) for a in answers[:2]] == [
        (1, "certain", "Ada"),
        (2, "certain", "Ben"),
    ]
    assert answers[2].name is None
    assert all(len(a.candidates) == 1 for a in answers)
    assert [s.video for s in gallery.where("Ada")] == ["clip"]
    assert gallery.where("Ada")[0].distance == pytest.approx(0, abs=1e-3)
    assert len(gallery.sightings()) == 3


def test_tracks_without_a_walk_say_why_and_are_not_remembered(gallery):
    video = video_result("clip", (1,))
    lost = TrackSummary(9, 0, 3, 2, 0.1, "too few frames")
    video = replace(video, summaries=(*video.summaries, lost))
    answers = search_video(gallery, video, walks_of(video), None, 3)
    assert [(a.summary.track_id, a.reason) for a in answers if a.name is None] == [(9, "too few frames")]
    assert [s.track_id for s in gallery.sightings()] == [1]


def test_an_empty_gallery_and_an_empty_video_are_honest(tmp_path):
    with Gallery(tmp_path / "empty.db") as gallery:
        video = video_result("clip", (1,))
        (answer,) = search_video(gallery, video, walks_of(video), None, 3)
        assert (answer.status, answer.candidates) == ("unknown", ())
        assert search_video(gallery, video_result("none", ()), {}, None, 3) == []


def test_the_walk_to_enrol_must_be_clear():
    video = video_result("clip", (1, 2))
    walks = walks_of(video)
    assert _chosen(walks, video, 2) is walks[2]
    assert _chosen({1: walks[1]}, video, None) is walks[1]
    for given, track in ((walks, None), (walks, 5), ({}, None)):
        with pytest.raises(InputError, match="tracks"):
            _chosen(given, video, track)
