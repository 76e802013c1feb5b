import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaitway.errors import InputError
from gaitway.recognition.assignment import assign_jointly, concurrent_groups

SPANS = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, 15)).map(lambda s: (s[0], s[0] + s[1])), max_size=6
)


def cost_of(answer, costs, unknown):
    return sum(unknown[i] if j < 0 else costs[i, j] for i, j in enumerate(answer))


def breaks_a_rule(answer, groups):
    return any(
        len(named) != len(set(named))
        for named in ([answer[i] for i in group if answer[i] >= 0] for group in groups)
    )


def brute_force(costs, groups, unknown):
    """Try every answer."""
    answers = itertools.product(range(-1, costs.shape[1]), repeat=len(costs))
    return min(cost_of(a, costs, unknown) for a in answers if not breaks_a_rule(a, groups))


class TestGroups:
    @given(SPANS, st.integers(0, 4))
    def test_two_share_a_group_exactly_if_they_overlap(self, spans, tolerance):
        groups = concurrent_groups(spans, tolerance)
        for i, j in itertools.combinations(range(len(spans)), 2):
            (a, b), (c, d) = spans[i], spans[j]
            shared = min(b, d) - max(a, c) + 1
            together = any(i in group and j in group for group in groups)
            within = (a <= c <= b and d - c < tolerance) or (c <= a <= d and b - a < tolerance)
            if not within:  # a track no longer than the tolerance has no frames to spare
                assert together == (shared > tolerance)

    @given(SPANS)
    def test_groups_are_maximal_and_cover_everyone(self, spans):
        groups = [set(group) for group in concurrent_groups(spans)]
        assert set().union(*groups) == set(range(len(spans)))
        assert not any(a < b for a in groups for b in groups)
        assert len({frozenset(group) for group in groups}) == len(groups)

    def test_a_backward_span_is_refused(self):
        with pytest.raises(InputError, match="first <= last"):
            concurrent_groups([(5, 4)])


class TestAssignment:
    @given(st.data(), SPANS.filter(bool), st.integers(1, 3), st.booleans())
    @settings(deadline=None, max_examples=150)
    def test_no_answer_is_better(self, data, spans, identities, with_ties):
        numbers = st.integers(-2, 2).map(float) if with_ties else st.floats(-3, 3)
        costs = np.array(
            data.draw(st.lists(numbers, min_size=len(spans) * identities, max_size=len(spans) * identities))
        ).reshape(len(spans), identities)
        unknown = np.array(data.draw(st.lists(numbers, min_size=len(spans), max_size=len(spans))))
        groups = concurrent_groups(spans)
        answer = assign_jointly(costs, groups, unknown)
        assert not breaks_a_rule(answer.tolist(), groups)
        assert cost_of(answer, costs, unknown) == pytest.approx(brute_force(costs, groups, unknown), abs=1e-6)

    def test_all_at_once_is_the_linear_assignment(self):
        costs = np.array([[1.0, 2.0], [1.1, 5.0]])
        assert assign_jointly(costs, [(0, 1)], np.full(2, 9.0)).tolist() == [1, 0]

    def test_a_broken_track_may_keep_its_identity(self):
        costs = np.array([[1.0, 3.0], [2.0, 1.5], [1.0, 3.0]])
        groups = concurrent_groups([(0, 9), (0, 30), (12, 30)])
        assert assign_jointly(costs, groups, np.full(3, 9.0)).tolist() == [0, 1, 0]

    def test_what_costs_more_than_unknown_is_unknown(self):
        assert assign_jointly(np.array([[2.0], [np.inf]]), [(0,), (1,)], np.array([1.0, 5.0])).tolist() == [
            -1,
            -1,
        ]

    def test_many_tracks_and_identities_stay_exact_where_all_are_seen_at_once(self):
        rng = np.random.default_rng(0)
        costs = rng.random((60, 80))
        answer = assign_jointly(costs, [tuple(range(60))], np.full(60, 2.0))
        assert len(set(answer.tolist())) == 60

    def test_nobody(self):
        assert assign_jointly(np.zeros((0, 3)), [], np.zeros(0)).shape == (0,)
