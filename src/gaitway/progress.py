"""How a long run says where it is: one small value, passed to whoever wants to show it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """One step of a run.

    Attributes:
        stage: What is being done ("follow", "draw", "pull", ...).
        item: To what: a video's name, a model's name.
        done: Units done so far: frames, bytes.
        total: Units in all, or None where nobody knows.
        note: Something to tell the user in words, or "".
        is_last: Nothing more comes for this stage and item.
    """

    stage: str
    item: str
    done: int = 0
    total: int | None = None
    note: str = ""
    is_last: bool = False


Report = Callable[[Progress], None]


def silent(_: Progress) -> None:
    """Show nothing."""
