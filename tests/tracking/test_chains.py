"""Chains of pieces: looks reach over pieces that show nothing."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gaitway.tracking.association import Pairs, assign
from gaitway.tracking.chains import Chains

FAR = 1e9


def pairs_of(gain):
    rows, columns = np.array(sorted(gain), np.int64).reshape(-1, 2).T
    return Pairs(rows, columns, np.array([gain[pair] for pair in sorted(gain)], np.float64))


def chained(gain, nats, spans, *, reach=FAR, links=None):
    against = lambda a, b: nats.get((a, b), 0.0)  # noqa: E731
    total = spans.shape[1]
    if links is None:
        weighed = {pair: value - against(*pair) for pair, value in gain.items()}
        links = assign(pairs_of(weighed), (total, total))
    chains = Chains(pairs_of(gain), *links, spans=spans, against=against, reach=reach)
    chains.improve()
    before, after = chains.links()
    return dict(zip(before.tolist(), after.tolist(), strict=True))


def worth(links, gain, nats):
    """Add up everything, piece by piece: the slow twin."""
    previous = {b: a for a, b in links.items()}
    total = sum(gain[link] for link in links.items())
    for piece in list(previous):
        earlier = [piece]
        while earlier[-1] in previous:
            earlier.append(previous[earlier[-1]])
        total -= next((nats[a, piece] for a in earlier[1:] if nats.get((a, piece), 0.0)), 0.0)
    return total


def in_turn(count):
    return np.stack([np.arange(count) * 10, np.arange(count) * 10 + 5]).astype(np.int64)


def test_who_goes_in_comes_out_though_nothing_is_known_of_the_piece_between():
    # 0 red and 1 black come together in piece 2; 3 is red. Links alone would put black, 2 and red together.
    gain = {(1, 2): 4.0, (0, 2): 3.0, (2, 3): 5.0, (0, 3): 1.0}
    nats = {(1, 3): 6.0, (0, 3): -2.0}
    links = chained(gain, nats, in_turn(4))
    assert links == {0: 2, 2: 3}
    assert chained(gain, {}, in_turn(4)) == {1: 2, 2: 3}


def test_a_link_that_only_looks_farther_back_speak_against_is_parted():
    gain = {(0, 1): 4.0, (1, 2): 1.0}
    assert chained(gain, {(0, 2): 6.0}, in_turn(3)) == {0: 1}
    assert chained(gain, {(0, 2): 6.0}, in_turn(3), reach=8) == {0: 1, 1: 2}  # 0 is too long ago


@st.composite
def problems(draw):
    count = draw(st.integers(2, 9))
    possible = [(a, b) for a in range(count) for b in range(a + 1, count)]
    values = st.integers(-30, 60).map(lambda v: v / 10)
    gain = {pair: draw(values) for pair in draw(st.sets(st.sampled_from(possible), min_size=1))}
    nats = draw(st.dictionaries(st.sampled_from(possible), values.filter(bool)))
    return count, gain, nats


@given(problems())
def test_the_sum_never_falls_and_nobody_is_in_two_chains(problem):
    count, gain, nats = problem
    weighed = {pair: value - nats.get(pair, 0.0) for pair, value in gain.items()}
    first = assign(pairs_of(weighed), (count, count))
    begun = dict(zip(first[0].tolist(), first[1].tolist(), strict=True))
    links = chained(gain, nats, in_turn(count), links=first)
    assert worth(links, gain, nats) >= worth(begun, gain, nats) - 1e-9
    assert set(links.items()) <= set(gain)
    assert len(set(links.values())) == len(links)
    for a, b in links.items():  # no single parting is better
        rest = {key: value for key, value in links.items() if key != a}
        assert worth(rest, gain, nats) <= worth(links, gain, nats) + 1e-5, (a, b)
