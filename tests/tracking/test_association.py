import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaitway.tracking import association
from gaitway.tracking.association import Pairs, assign, overlaps

box = st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(1, 40), st.integers(1, 40))
some_boxes = st.lists(box, max_size=9).map(
    lambda rows: np.array([(x, y, x + w, y + h) for x, y, w, h in rows], np.float64).reshape(-1, 4).T
)


def plain_iou(a, b, pixel):
    width = min(a[2], b[2]) - max(a[0], b[0]) + pixel
    height = min(a[3], b[3]) - max(a[1], b[1]) + pixel
    if width <= 0 or height <= 0:
        return 0.0
    areas = [(x[2] - x[0] + pixel) * (x[3] - x[1] + pixel) for x in (a, b)]
    return width * height / (sum(areas) - width * height)


@pytest.mark.parametrize("dense_pairs", [0, 10**6])
@settings(deadline=None)
@given(a=some_boxes, b=some_boxes, pixel=st.sampled_from([0.0, 1.0]), least=st.sampled_from([0.0, 0.2, 0.85]))
def test_overlaps_equal_a_plain_loop(dense_pairs, a, b, pixel, least):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(association, "DENSE_PAIRS", dense_pairs)
        pairs = overlaps(a, b, pixel=pixel, least=least)
    found = {(i, j): v for i, j, v in zip(*pairs, strict=True) if v >= least}
    wanted = {
        (i, j): iou
        for i, j in itertools.product(range(a.shape[1]), range(b.shape[1]))
        if (iou := plain_iou(a[:, i], b[:, j], pixel)) > 0 and iou >= least
    }
    assert found == pytest.approx(wanted)
    assert (np.diff(pairs.rows) >= 0).all()


gain_tables = (
    st.integers(1, 5)
    .flatmap(
        lambda n: st.lists(
            st.lists(st.sampled_from([0.0, 0.1, 0.3, 0.6, 0.9]), min_size=4, max_size=4),
            min_size=n,
            max_size=n,
        )
    )
    .map(np.array)
)


@given(gain_tables)
@settings(max_examples=100, deadline=None)
def test_the_assignment_is_the_best_of_all(table):
    rows, columns = table.nonzero()
    chosen = assign(Pairs(rows, columns, table[rows, columns]), table.shape)
    assert len(set(chosen[0])) == len(chosen[0])
    assert len(set(chosen[1])) == len(chosen[1])
    wide = np.concatenate([table, np.zeros((len(table), len(table)))], axis=1)
    best = max(
        wide[np.arange(len(table)), list(order)].sum()
        for order in itertools.permutations(range(wide.shape[1]), len(table))
    )
    assert table[chosen].sum() == pytest.approx(best)


def test_pairs_without_gain_are_never_chosen():
    rows, columns = assign(Pairs(np.array([0, 1]), np.array([0, 1]), np.array([0.0, -1.0])), (2, 2))
    assert not len(rows)
    assert not len(columns)
