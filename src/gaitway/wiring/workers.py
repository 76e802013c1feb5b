"""Work spread over processes: results in order, bounded memory, and nobody left behind."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import islice
from typing import TypeVar

import cv2

Job = TypeVar("Job")
Done = TypeVar("Done")

AHEAD = 3  # jobs per process that are under way or finished and waiting for their turn
WATCH_S = 1.0


def in_order(work: Callable[[Job], Done], jobs: Iterable[Job], workers: int = 1) -> Iterator[Done]:
    """Yield ``work(job)`` for every job, in the jobs' order, several at a time.

    Args:
        work: A module's function; it, the jobs and the results go between processes.
        jobs: Taken as they are needed.
        workers: Processes; with one everything happens in this one.
    """
    if workers <= 1:
        yield from map(work, jobs)
        return
    waiting = iter(jobs)
    context = multiprocessing.get_context("spawn")  # a fork would copy threads' locks
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_begin, initargs=(os.getpid(),))
    try:
        under_way: deque[Future[Done]] = deque(pool.submit(work, j) for j in islice(waiting, AHEAD * workers))
        while under_way:
            result = under_way.popleft().result()
            under_way.extend(pool.submit(work, job) for job in islice(waiting, 1))
            yield result
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _begin(parent: int) -> None:
    """Prepare a process: one core, Ctrl-C is the parent's business, and an end when the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(WATCH_S)
    os._exit(1)
