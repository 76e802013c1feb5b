"""Which walks a step sees: P people, K walks of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64

from gaitway.errors import ConfigError, InputError
from gaitway.results import WalkRecord


@dataclass(frozen=True, slots=True)
class SamplerConfig:
    """Size of a batch; the defaults are those of the field's configurations for CASIA-B.

    Attributes:
        people: P, people of a step.
        walks: K, walks of each.
        shuffle: Mix the order of the batch, which else goes person by person.
    """

    people: int = 8
    walks: int = 16
    shuffle: bool = False

    def __post_init__(self) -> None:
        if self.people < 2 or self.walks < 2:
            raise ConfigError(
                f"a batch of {self.people} people with {self.walks} walks compares nobody: wanted 2 or "
                "more of each"
            )


class TripletSampler:
    """Draws a step's walks; the same ones for the same seed and step, whoever asks and in whatever order.

    Args:
        records: The training walks.
        config: Size of a batch.
        seed: Of the whole training.

    Raises:
        InputError: There are fewer people than a batch has.

    Attributes:
        subjects: The people, sorted; a label is a place in here.
    """

    def __init__(self, records: Sequence[WalkRecord], config: SamplerConfig, seed: int) -> None:
        self.subjects = sorted({record.subject for record in records})
        if len(self.subjects) < config.people:
            raise InputError(
                f"the training data has {len(self.subjects)} people, a batch has {config.people}: "
                "lower the sampler's people"
            )
        place = {subject: label for label, subject in enumerate(self.subjects)}
        labels = np.array([place[record.subject] for record in records])
        self._walks = [np.flatnonzero(labels == label) for label in range(len(self.subjects))]
        self._config, self._seed = config, seed

    def draw(self, step: int) -> tuple[Int64[np.ndarray, " n"], Int64[np.ndarray, " n"]]:
        """Return the places of a step's walks in the records, and their labels.

        People with fewer than K walks have some of them twice.
        """
        rng = np.random.default_rng([self._seed, step])
        people = rng.choice(len(self.subjects), self._config.people, replace=False)
        count = self._config.walks
        chosen = [
            rng.choice(self._walks[p], count, replace=len(self._walks[p]) < count) for p in people.tolist()
        ]
        walks, labels = np.concatenate(chosen).astype(np.int64), np.repeat(people, count).astype(np.int64)
        if self._config.shuffle:
            order = rng.permutation(len(walks))
            walks, labels = walks[order], labels[order]
        return walks, labels
