import numpy as np

from gaitway.tracking.cutting import CutConfig, cut_tracks
from gaitway.tracking.linking import LinkConfig
from gaitway.tracking.tracklets import Pieces

RATE = 25.0


def pieces_of(frames, *, beside):
    """One walker seen in ``frames``; with somebody ``beside`` who hides a third of its box throughout."""
    own = np.array([[4.0 * f, 100, 40, 100] for f in frames])
    apart = 20 if beside else 320
    other = np.array([[4.0 * f + apart, 100, 40, 100] for f in range(60)])
    number = np.repeat([0, 1], [len(own), len(other)])
    frame = np.concatenate([frames, np.arange(60)])
    return Pieces(
        number, frame, np.concatenate([own, other]), np.ones(len(frame), bool), np.zeros(len(frame), bool)
    )


def cut(whole, changes=()):
    return cut_tracks(whole, np.array(changes, np.int64), RATE, CutConfig(), LinkConfig())


def lost_for(gap):
    return np.array([f for f in range(60) if not 30 <= f < 30 + gap])


def test_who_is_lost_beside_somebody_is_cut_at_the_return():
    pieces, changed, _ = cut(pieces_of(lost_for(10), beside=True))
    own = pieces.piece[:50]
    assert np.flatnonzero(np.diff(own)).tolist() == [29]
    assert not changed.any()


def test_who_is_lost_alone_or_for_a_moment_stays_whole():
    for whole in (pieces_of(lost_for(10), beside=False), pieces_of(lost_for(4), beside=True)):
        assert cut(whole)[0].total == 2


def test_a_change_by_looks_is_a_cut_and_the_boxes_round_it_are_not_trusted():
    pieces, changed, _ = cut(pieces_of(np.arange(60), beside=False), [25])
    assert np.flatnonzero(changed).tolist() == [25]
    assert pieces.piece[24] + 1 == pieces.piece[25]
    reach = round(CutConfig().doubt_s * RATE)
    doubted = np.flatnonzero(~pieces.is_clear)
    assert doubted.tolist() == list(range(25 - reach, 26 + reach))


def test_a_change_while_lost_beside_somebody_is_placed_in_the_boxes_given():
    _, changed, _ = cut(pieces_of(lost_for(10), beside=True), [28])
    assert np.flatnonzero(changed).tolist() == [28]


def displaced(gap):
    """One who stands and is lost for ``gap`` frames, while somebody else's box is where they stood."""
    whole = pieces_of(lost_for(gap), beside=False)
    is_there = (whole.piece == 1) & (whole.frame >= 30) & (whole.frame < 30 + gap)
    whole.xywh[:, 0] = np.where(whole.piece == 0, 300, np.where(is_there, 304, 500))
    return whole, is_there


def test_who_comes_back_from_where_another_was_seen_is_cut_there():
    whole, _ = displaced(10)
    own = cut(whole)[0].piece[:50]
    assert np.flatnonzero(np.diff(own)).tolist() == [29]


def test_a_box_where_somebody_is_missing_for_a_moment_is_neither_s():
    whole, is_there = displaced(4)
    pieces, _, _ = cut(whole)
    assert (~pieces.is_clear).tolist() == is_there.tolist()
    assert np.flatnonzero(np.diff(pieces.piece[56:])).tolist() == [31]  # its middle


def test_a_box_where_somebody_has_long_been_missing_is_its_owner_s():
    whole, _ = displaced(20)
    assert cut(whole)[0].is_clear.all()
