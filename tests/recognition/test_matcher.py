import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaitway.errors import IncompatibleModelsError, InputError
from gaitway.protocols import Matcher
from gaitway.recognition import Calibration, JointMatcher, MatcherConfig
from gaitway.recognition import matcher as m
from gaitway.types import Embedding

CALIBRATION = Calibration(4.0, 2.0, 0.0, 1.0, 0.0, "made up: even odds at distance 2")
CONFIG = MatcherConfig(calibration=CALIBRATION)


def at(place, video="probe", track=1, model="toy"):
    """Return a one-part embedding at a place on a line; distances are differences of places."""
    return Embedding(np.array([[place]], np.float32), model, video, track)


def gallery(*places):
    return [at(place, "gallery", k + 1) for k, place in enumerate(places)]


def probes(*places):
    return [at(place, "probe", k + 1) for k, place in enumerate(places)]


def labels(matches):
    return [match.label and int(match.label[-3:]) for match in matches]


class TestDecision:
    def test_fits_the_protocol(self):
        assert isinstance(JointMatcher(), Matcher)

    def test_the_nearest_identity_wins_and_candidates_are_ranked(self):
        (match,) = JointMatcher(CONFIG).match(gallery(5, 0, 1.5), probes(0.1), [(0, 9)])
        assert match.label == "gallery-002"
        assert [c.label for c in match.candidates] == ["gallery-002", "gallery-003", "gallery-001"]
        assert match.score == pytest.approx(1 / (1 + np.exp(-(4 - 2 * 0.1))))
        assert match.reason is None

    def test_people_seen_at_once_get_different_names(self):
        # Both are nearest to 1; together the second is better off with 2.
        spans = [(0, 50), (0, 50)]
        assert labels(JointMatcher(CONFIG).match(gallery(0, 1), probes(0.0, 0.4), spans)) == [1, 2]
        alone = MatcherConfig(calibration=CALIBRATION, joint=False)
        assert labels(JointMatcher(alone).match(gallery(0, 1), probes(0.0, 0.4), spans)) == [1, 1]

    def test_a_poor_walk_pulls_no_good_one_along(self):
        # The second, spoilt, seems to be 1; then the first would have to be 2, which it hardly is.
        walks, spans = probes(0.45, -0.2), [(0, 50), (0, 50)]
        match = JointMatcher(CONFIG).match
        known = gallery(0, 1)
        assert labels(match(known, walks, spans)) == [2, 1]
        assert labels(match(known, walks, spans, qualities=[1.0, 0.05])) == [1, 2]

    def test_a_poor_walk_proves_little(self):
        for quality in (1.0, 0.5, 0.0):
            (answer,) = JointMatcher(CONFIG).match(gallery(0), probes(0.5), [(0, 9)], qualities=[quality])
            assert answer.score == pytest.approx(1 / (1 + np.exp(-quality * 3)))

    def test_a_broken_track_may_share_its_name(self):
        assert labels(JointMatcher(CONFIG).match(gallery(0, 1), probes(0, 0.1), [(0, 50), (52, 90)])) == [
            1,
            1,
        ]

    def test_a_short_overlap_is_the_trackers(self):
        spans = [(0, 50), (47, 90)]
        assert labels(JointMatcher(CONFIG).match(gallery(0, 1), probes(0, 0.1), spans)) == [1, 1]

    def test_nobody_near_enough_is_unknown(self):
        (match,) = JointMatcher(CONFIG).match(gallery(0), probes(2.1), [(0, 9)])
        assert (match.label, match.reason) == (None, m.NOT_NEAR)
        assert match.score < 0.5
        assert match.candidates[0].label == "gallery-001"

    def test_the_threshold_is_the_callers(self):
        strict = MatcherConfig(calibration=CALIBRATION, min_score=0.95)
        assert labels(JointMatcher(strict).match(gallery(0), probes(0.6, 0.4), [(0, 9), (20, 29)])) == [
            None,
            1,
        ]

    def test_who_loses_the_only_name_is_told_why(self):
        first, second = JointMatcher(CONFIG).match(gallery(0), probes(0.5, 0.1), [(0, 50), (0, 50)])
        assert (first.label, first.reason) == (None, m.TAKEN)
        assert second.label == "gallery-001"

    def test_an_encoder_without_a_calibration_still_separates(self):
        rng = np.random.default_rng(0)
        people = 20 * rng.standard_normal((6, 4, 64)).astype(np.float32)
        views = people + 4 * rng.standard_normal(people.shape).astype(np.float32)
        known = [Embedding(parts, "toy", "gallery", k + 1) for k, parts in enumerate(people[:5])]
        asked = [Embedding(parts, "toy", "probe", k + 1) for k, parts in enumerate(views)]
        assert labels(JointMatcher().match(known, asked, [(0, 50)] * 6)) == [1, 2, 3, 4, 5, None]

    def test_an_empty_gallery_names_nobody(self):
        (match,) = JointMatcher(CONFIG).match([], probes(1), [(0, 9)])
        assert (match.label, match.reason, match.candidates) == (None, m.NO_GALLERY, ())

    def test_no_probes(self):
        assert JointMatcher(CONFIG).match(gallery(1), [], []) == []

    def test_several_walks_of_one_person_count_as_their_nearest(self):
        (match,) = JointMatcher(CONFIG).match(
            gallery(0, 5, 4.9), probes(5.1), [(0, 9)], ["ann", "bob", "ann"]
        )
        assert match.label == "bob"
        assert [c.label for c in match.candidates] == ["bob", "ann"]
        assert match.candidates[1].distance == pytest.approx(0.2, abs=1e-6)

    def test_the_decision_is_listed_even_where_the_list_is_short(self):
        short = MatcherConfig(calibration=CALIBRATION, max_candidates=1)
        _, second = JointMatcher(short).match(gallery(0, 1), probes(0.0, 0.4), [(0, 50), (0, 50)])
        assert second.label == "gallery-002"
        assert second.label in [c.label for c in second.candidates]

    @given(st.data(), st.integers(1, 5), st.integers(1, 5))
    @settings(deadline=None, max_examples=40)
    def test_order_of_gallery_and_probes_does_not_matter(self, data, people, tracks):
        rng = np.random.default_rng(data.draw(st.integers(0, 2**31)))
        known, asked = gallery(*rng.normal(0, 2, people)), probes(*rng.normal(0, 2, tracks))
        spans = [(int(a), int(a + b)) for a, b in rng.integers(0, 60, (tracks, 2))]
        straight = JointMatcher(CONFIG).match(known, asked, spans)
        p, q = rng.permutation(people), rng.permutation(tracks)
        mixed = JointMatcher(CONFIG).match(
            [known[i] for i in p], [asked[i] for i in q], [spans[i] for i in q]
        )
        assert [(x.track_id, x.label) for x in mixed] == [
            (straight[i].track_id, straight[i].label) for i in q
        ]


class TestErrors:
    def test_two_models_are_never_compared(self):
        with pytest.raises(IncompatibleModelsError, match="one model"):
            JointMatcher(CONFIG).match([at(0, "g", 1, "a")], [at(0, "p", 1, "b")], [(0, 9)])

    def test_two_probe_videos_are_matched_apart(self):
        with pytest.raises(InputError, match="one video"):
            JointMatcher(CONFIG).match(gallery(0), [at(0, "p"), at(0, "q")], [(0, 9), (0, 9)])

    def test_each_probe_needs_its_span(self):
        with pytest.raises(InputError, match="one span per probe"):
            JointMatcher(CONFIG).match(gallery(0), probes(0), [])

    @pytest.mark.parametrize("qualities", [[], [0.5, 0.5], [1.1], [float("nan")]])
    def test_each_probe_needs_its_quality(self, qualities):
        with pytest.raises(InputError, match="qualities"):
            JointMatcher(CONFIG).match(gallery(0), probes(0), [(0, 9)], qualities=qualities)

    def test_each_walk_needs_its_label(self):
        with pytest.raises(InputError, match="one label per walk"):
            JointMatcher(CONFIG).match(gallery(0, 1), probes(0), [(0, 9)], ["ann"])

    @pytest.mark.parametrize("score", [0.0, 1.0, -1.0])
    def test_an_impossible_threshold(self, score):
        with pytest.raises(InputError, match="between 0 and 1"):
            JointMatcher(MatcherConfig(min_score=score))
