"""The best joint answer: tracks seen at one time are different people, and unknown is allowed at a price."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, Int64

from gaitway.errors import InputError

_ALLOWED_GAP = 1e-9


def concurrent_groups(spans: Sequence[tuple[int, int]], tolerance: int = 0) -> list[tuple[int, ...]]:
    """Return the largest sets of tracks that are all seen at one moment, each sorted, in time order.

    These are the maximal cliques of an interval graph: no two tracks of a set can be the same person.

    Args:
        spans: First and last frame of each track, both included.
        tolerance: Tracks that share this many frames or fewer may be one person: trackers overlap a little
            where they break a track.

    Examples:
        >>> concurrent_groups([(0, 9), (5, 14), (10, 20)])
        [(0, 1), (1, 2)]
    """
    for first, last in spans:
        if last < first:
            raise InputError(f"a span runs from {first} to {last}: wanted first <= last")
    # Two tracks share more than `tolerance` frames exactly if they meet once their ends are taken back by it
    # (a track no longer than that keeps its first frame). Those alive just before an end are a largest set.
    ends = [max(last - tolerance, first) for first, last in spans]
    groups: list[tuple[int, ...]] = []
    alive: set[int] = set()
    for track in sorted(range(len(spans)), key=lambda k: (spans[k][0], k)):
        ended = {other for other in alive if ends[other] < spans[track][0]}
        if ended:
            groups.append(tuple(sorted(alive)))
            alive -= ended
        alive.add(track)
    if alive:
        groups.append(tuple(sorted(alive)))
    return groups


def assign_jointly(
    costs: Float[np.ndarray, "n m"],
    groups: Sequence[tuple[int, ...]],
    unknown_cost: Float[np.ndarray, " n"],
) -> Int64[np.ndarray, " n"]:
    """Give each track a gallery identity or none, so that the summed cost is least.

    Args:
        costs: Of giving track i identity j; infinite where impossible.
        groups: Sets of tracks that must get different identities; "none" may repeat.
        unknown_cost: Of leaving track i without an identity.

    Returns:
        Identity per track, -1 for none. Among equal solutions always the same one, whatever solved it.
    """
    count = len(costs)
    allowed = costs < unknown_cost[:, None]
    answer = np.full(count, -1, np.int64)
    for tracks in _connected(count, groups, allowed):
        rows = np.array(tracks)
        inner = [tuple(np.flatnonzero(np.isin(rows, group)).tolist()) for group in groups]
        inner = [group for group in inner if len(group) > 1]
        answer[rows] = _solve(costs[rows], inner, unknown_cost[rows], allowed[rows])
    return answer


def _connected(
    count: int, groups: Sequence[tuple[int, ...]], allowed: Bool[np.ndarray, "n m"]
) -> list[list[int]]:
    """Split the tracks into sets that do not constrain one another."""
    parent = list(range(count))

    def root(k: int) -> int:
        while parent[k] != k:
            parent[k] = parent[parent[k]]
            k = parent[k]
        return k

    for group in groups:
        for member in group[1:]:
            parent[root(member)] = root(group[0])
    sets: dict[int, list[int]] = {}
    for k in range(count):
        if allowed[k].any():
            sets.setdefault(root(k), []).append(k)
    return list(sets.values())


def _solve(
    costs: np.ndarray, groups: list[tuple[int, ...]], unknown_cost: np.ndarray, allowed: np.ndarray
) -> np.ndarray:
    alone = np.where(allowed.any(axis=1), np.argmin(np.where(allowed, costs, np.inf), axis=1), -1)
    if not any(_repeats(alone[list(group)]) for group in groups):
        return alone  # everyone's own best choice breaks no rule, so nothing can be better
    allowed = _best_only(costs, allowed)
    if len(groups) == 1 and len(groups[0]) == len(costs):
        return _solve_one_group(costs, unknown_cost, allowed)
    return _solve_program(costs, groups, unknown_cost, allowed)


def _best_only(costs: np.ndarray, allowed: np.ndarray) -> np.ndarray:
    """Keep of each track's identities as many of the best as there are tracks.

    The other tracks can take all but one of them, so nothing worse is ever needed: still exact.
    """
    count, identities = costs.shape
    if identities <= count:
        return allowed
    best = np.argsort(np.where(allowed, costs, np.inf), axis=1, kind="stable")[:, :count]
    kept = np.zeros_like(allowed)
    np.put_along_axis(kept, best, values=True, axis=1)
    both: np.ndarray = kept & allowed
    return both


def _repeats(identities: np.ndarray) -> bool:
    named = identities[identities >= 0]
    return len(np.unique(named)) < len(named)


def _solve_one_group(costs: np.ndarray, unknown_cost: np.ndarray, allowed: np.ndarray) -> np.ndarray:
    """Everyone is seen at once: a linear assignment, "none" being one private column per track."""
    from scipy.optimize import linear_sum_assignment

    count, identities = costs.shape
    gain = np.where(allowed, costs - unknown_cost[:, None], 0.0)
    _, columns = linear_sum_assignment(np.concatenate([gain, np.zeros((count, count))], axis=1))
    chosen = np.where(columns < identities, columns, -1).astype(np.int64)
    chosen[~allowed[np.arange(count), chosen] | (chosen < 0)] = -1
    return chosen


def _solve_program(
    costs: np.ndarray, groups: list[tuple[int, ...]], unknown_cost: np.ndarray, allowed: np.ndarray
) -> np.ndarray:
    """Solve the general case as a 0-1 program.

    A variable per allowed pair; a row per track, and per group and identity.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import csr_array

    track, identity = np.nonzero(allowed)
    rows, columns = [track], [np.arange(len(track))]
    row = len(costs)
    for group in groups:
        member = np.isin(track, group)
        for one in np.unique(identity[member]):
            pairs = np.flatnonzero(member & (identity == one))
            if len(pairs) > 1:
                rows.append(np.full(len(pairs), row))
                columns.append(pairs)
                row += 1
    index = (np.concatenate(rows), np.concatenate(columns))
    matrix = csr_array((np.ones(len(index[0])), index), shape=(row, len(track)))
    result = milp(
        (costs - unknown_cost[:, None])[track, identity],
        integrality=np.ones(len(track), np.int64),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(matrix, ub=1.0),
        options={"mip_rel_gap": _ALLOWED_GAP},
    )
    if result.x is None:
        raise InputError(f"the joint assignment found no answer: {result.message}")
    answer = np.full(len(costs), -1, np.int64)
    taken = result.x > 0.5
    answer[track[taken]] = identity[taken]
    return answer
