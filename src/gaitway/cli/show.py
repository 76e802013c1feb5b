"""What the user sees while a run goes on: bars on a terminal, plain lines elsewhere, nothing with --quiet."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from gaitway.cli.interrupt import raise_if_interrupted
from gaitway.progress import Progress, Report, silent
from gaitway.results import VideoResult


@contextmanager
def reporter(*, quiet: bool = False) -> Iterator[Report]:
    """Give a function that shows progress on standard error, as fits where that goes."""
    if quiet:
        yield _interruptible(silent)
    elif sys.stderr.isatty():
        with Bars(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
        ) as bars:
            yield _interruptible(_TerminalReport(bars))
    else:
        yield _interruptible(_PlainReport())


def _interruptible(report: Report) -> Report:
    """Look for a lost Ctrl-C whenever progress is told."""

    def told(step: Progress) -> None:
        raise_if_interrupted()
        report(step)

    return told


class _TerminalReport:
    """Shows each stage of each item as a bar."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._tasks: dict[tuple[str, str], TaskID] = {}

    def __call__(self, step: Progress) -> None:
        if step.note:
            self._bars.console.print(f"[bold]{step.item}[/bold]: {step.note}", highlight=False)
            return
        key = (step.stage, step.item)
        if key not in self._tasks:
            label = f"{step.stage} {step.item}"
            self._tasks[key] = self._bars.add_task(label, total=step.total, rate="")
        task = self._tasks[key]
        speed = next(t.speed for t in self._bars.tasks if t.id == task)
        total = step.done if step.is_last else step.total
        self._bars.update(task, completed=step.done, total=total, rate=f"{speed:.0f}/s" if speed else "")


class _PlainReport:
    """Prints a line when a stage of an item begins and ends, and one every half minute between."""

    EVERY_S = 30.0

    def __init__(self) -> None:
        self._begun: dict[tuple[str, str], float] = {}
        self._said: dict[tuple[str, str], float] = {}

    def __call__(self, step: Progress) -> None:
        if step.note:
            self.line(f"{step.item}: {step.note}")
            return
        now, key = time.monotonic(), (step.stage, step.item)
        if key not in self._begun:
            self._begun[key] = self._said[key] = now
        if step.is_last:
            seconds = now - self._begun[key]
            self.line(f"{step.stage} {step.item}: {step.done} done in {seconds:.1f} s")
        elif now - self._said[key] >= self.EVERY_S:
            self._said[key] = now
            of = f" of {step.total}" if step.total else ""
            self.line(f"{step.stage} {step.item}: {step.done}{of}")

    @staticmethod
    def line(text: str) -> None:
        """Print one line."""
        print(text, file=sys.stderr, flush=True)  # noqa: T201 - this is the command line


def show_doubts(videos: Iterable[VideoResult], failures: Mapping[str, str]) -> None:
    """Say on standard error what was odd and what failed, a line each; also with --quiet."""
    for video in videos:
        for warning in video.warnings:
            _PlainReport.line(f"gaitway: warning: {video.name}: {warning}")
    for reason in failures.values():
        _PlainReport.line(f"gaitway: failed: {reason}")
