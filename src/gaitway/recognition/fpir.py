"""How likely is a stranger this near to somebody of a gallery? Thresholds for a stated FPIR.

The false-positive identification rate (FPIR) is the share of searches for people who are not enrolled that
name somebody all the same. It grows with the gallery: more people, more chances of a look-alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Float64

from gaitway.errors import InputError

_LEVELS = np.concatenate(
    [10.0 ** np.arange(-8, -1, 0.25), [0.012, 0.02, 0.035, 0.05, 0.075], np.arange(1, 20) / 20]
)
_TAIL_SHARE = 0.1  # the nearest tenth of the strangers' searches shapes the tail below what was seen
_TAIL_COUNT = 10  # levels with fewer searches behind them than this are taken from the tail


@dataclass(frozen=True, slots=True, eq=False)
class FpirTable:
    """The distance within which a stranger's nearest person lies in a given share of searches.

    Attributes:
        model_id: The encoder it belongs to.
        sizes: Gallery sizes in people, rising; beyond the last one searches are taken to be independent
            draws of galleries of that size.
        levels: Shares (FPIR), rising, (L,).
        distance: (sizes, L), rising along L.
        strangers: Searches of people who were not in the gallery that it was fitted on.
        source: What these were.
    """

    model_id: str
    sizes: tuple[int, ...]
    levels: Float64[np.ndarray, " l"]
    distance: Float64[np.ndarray, "s l"]
    strangers: int
    source: str

    def threshold(self, fpir: float, people: int) -> float:
        """Return the distance within which strangers come in a share ``fpir`` of searches.

        Raises:
            InputError: ``fpir`` is not between 0 and 1, or there are no people.
        """
        if not 0 < fpir < 1 or people < 1:
            raise InputError(f"FPIR {fpir} for {people} people: wanted a number between 0 and 1, and people")
        low, high, share, scale = self._between(people)
        level = np.log(-np.expm1(np.log1p(-fpir) / scale))
        known = np.log(self.levels)
        below, above = (
            np.interp(level, known, self.distance[low]),
            np.interp(level, known, self.distance[high]),
        )
        return float((1 - share) * below + share * above)

    def fpir(self, distance: Float[np.ndarray, "*shape"], people: int) -> Float64[np.ndarray, "*shape"]:
        """Return the share of strangers' searches that come within ``distance``, in (0, 1)."""
        low, high, share, scale = self._between(people)
        row = (1 - share) * self.distance[low] + share * self.distance[high]
        level = np.exp(np.interp(np.asarray(distance, np.float64), row, np.log(self.levels)))
        rate: np.ndarray = -np.expm1(scale * np.log1p(-level))
        return rate

    def _between(self, people: int) -> tuple[int, int, float, float]:
        """Return the two sizes around ``people``, where between them (by logarithm), and a power beyond."""
        at = np.interp(np.log(people), np.log(self.sizes), np.arange(len(self.sizes)))
        low = int(at)
        return low, min(low + 1, len(self.sizes) - 1), float(at - low), max(people / self.sizes[-1], 1.0)

    def as_mapping(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "model_id": self.model_id,
            "sizes": list(self.sizes),
            "levels": self.levels.tolist(),
            "distance": self.distance.tolist(),
            "strangers": self.strangers,
            "source": self.source,
        }

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> FpirTable:
        """Return the table of ``as_mapping``.

        Raises:
            InputError: The values are no table.
        """
        try:
            table = cls(
                str(values["model_id"]),
                tuple(int(size) for size in values["sizes"]),
                np.array(values["levels"], np.float64),
                np.array(values["distance"], np.float64),
                int(values["strangers"]),
                str(values["source"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(
                f"this is no calibration ({error}): make one with 'gaitway calibrate'"
            ) from error
        if table.distance.shape != (len(table.sizes), len(table.levels)) or not len(table.sizes):
            raise InputError(
                "this is no calibration (its tables do not fit): make one with 'gaitway calibrate'"
            )
        return table


def fit_fpir(strangers: Float[np.ndarray, "n m"], model_id: str, source: str) -> FpirTable:
    """Fit the table on searches of strangers.

    For a gallery of K of the M people the nearest distance follows exactly from each search's sorted
    distances: the r-th of them is the nearest of K drawn ones with probability C(M - r, K - 1) / C(M, K).
    Below what so many searches can show, the tail is taken as exponential, which is no lighter than that of
    distances with a floor.

    Args:
        strangers: Distance of each of N searches to each of M people, none of them the one searched for.
        model_id: The encoder.
        source: What the searches are, for whoever reads the numbers.

    Raises:
        InputError: Too little to fit.

    Source:
        ISO/IEC 19795-1:2021 (FPIR, its dependence on the gallery's size); Pickands, Annals of Statistics
        1975 (tails beyond a threshold).
    """
    searches, people = strangers.shape
    if searches < 2 * _TAIL_COUNT or people < 2:
        raise InputError(
            f"{searches} searches among {people} people make no calibration, wanted 20 among 2: add data"
        )
    ordered = np.sort(strangers.astype(np.float64), axis=1)
    sizes = sorted({*(2**i for i in range(people.bit_length())), people})
    rows = [_levels_of(ordered, _chance_of_rank(people, size)) for size in sizes]
    # A smaller gallery cannot name more strangers at one distance, whatever the tails say.
    distance = np.maximum.accumulate(np.stack(rows)[::-1], axis=0)[::-1]
    return FpirTable(model_id, tuple(sizes), _LEVELS, distance, searches, source)


def _chance_of_rank(people: int, size: int) -> np.ndarray:
    """Return the probability that rank r (from 0) is the nearest of ``size`` drawn of ``people``."""
    ranks = np.arange(people)
    left = people - ranks  # not yet passed over
    chance_now = np.minimum(size / left, 1.0)
    passed = np.concatenate([[1.0], np.cumprod(np.maximum(1 - size / left, 0.0))[:-1]])
    chance: np.ndarray = chance_now * passed
    return chance


def _levels_of(ordered: np.ndarray, chance: np.ndarray) -> np.ndarray:
    """Return the distance at each level for one size."""
    kept = chance > 1e-12
    values = ordered[:, kept].ravel()
    weights = np.tile(chance[kept] / len(ordered), len(ordered))
    order = np.argsort(values, kind="stable")
    values, share = values[order], np.cumsum(weights[order])
    middle = share - weights[order] / 2
    seen = np.interp(_LEVELS, middle, values)
    start = float(np.interp(_TAIL_SHARE, middle, values))
    below = values < start
    mean_excess = (
        float(np.average(start - values[below], weights=weights[order][below])) if below.any() else 0.0
    )
    tail = start + max(mean_excess, 1e-12) * np.log(_LEVELS / _TAIL_SHARE)
    effective = _LEVELS * len(ordered) >= _TAIL_COUNT
    joined = np.where(effective, seen, np.minimum(tail, seen[effective][0] if effective.any() else start))
    rising: np.ndarray = np.maximum.accumulate(joined) + np.arange(len(joined)) * 1e-12
    return rising


@dataclass(frozen=True, slots=True)
class Rate:
    """A measured share and its 95 % interval.

    Attributes:
        count: Events.
        of: Trials.
        low: Lower end of the interval.
        high: Upper end.
    """

    count: int
    of: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """The share itself."""
        return self.count / max(self.of, 1)

    def __str__(self) -> str:
        return f"{self.share:.2%} ({self.low:.2%} to {self.high:.2%}, {self.count} of {self.of})"


def measured(events: Bool[np.ndarray, " n"], confidence: float = 0.95) -> Rate:
    """Return the share of ``events`` with its interval.

    Source:
        Clopper and Pearson, Biometrika 1934: exact for independent trials. Several searches for one person
        are not quite that, so read it as a lower bound of the uncertainty.

    Examples:
        >>> str(measured(np.array([True] + [False] * 99)))
        '1.00% (0.03% to 5.45%, 1 of 100)'
    """
    from scipy.stats import beta

    count, of, rest = int(events.sum()), len(events), (1 - confidence) / 2
    low = float(beta.ppf(rest, count, of - count + 1)) if count else 0.0
    high = float(beta.ppf(1 - rest, count + 1, of - count)) if count < of else 1.0
    return Rate(count, of, low, high)
