"""A VideoSource without a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from types import TracebackType

import numpy as np

from gaitway.errors import InputError
from gaitway.types import Frame


class FakeVideo:
    """Pictures in memory, (H, W, 3) uint8 RGB, as a ``VideoSource``."""

    def __init__(self, images: Sequence[np.ndarray], *, name: str = "fake", rate: Fraction = Fraction(30)):
        self.name = name
        self.frame_rate = rate
        self.size_wh = (images[0].shape[1], images[0].shape[0])
        self.frame_count: int | None = len(images)
        self.warnings: list[str] = []
        self._images = images
        self._started = False

    def __iter__(self) -> Iterator[Frame]:
        if self._started:
            raise InputError(f"{self.name} was read already: open it again to read it twice")
        self._started = True
        return (Frame(image, i, float(i / self.frame_rate)) for i, image in enumerate(self._images))

    def __enter__(self) -> FakeVideo:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is held open."""
