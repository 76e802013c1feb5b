"""Work spread over processes: results in order, bounded memory, and nobody left behind."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import islice
from multiprocessing.synchronize import Event
from typing import TypeVar

import cv2

Job = TypeVar("Job")
Done = TypeVar("Done")

AHEAD = 3  # jobs per process that are under way or finished and waiting for their turn
WATCH_S = 1.0  # how often a process looks whether its parent is still there


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
    stop = context.Event()
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_begin, initargs=(os.getpid(), stop))
    try:
        under_way: deque[Future[Done]] = deque(pool.submit(work, j) for j in islice(waiting, AHEAD * workers))
        while under_way:
            result = under_way.popleft().result()
            under_way.extend(pool.submit(work, job) for job in islice(waiting, 1))
            yield result
    except BaseException:
        stop.set()  # nobody waits for what is under way
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _begin(parent: int, stop: Event) -> None:
    """Prepare a process: one core, Ctrl-C is the parent's business, and an end when the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)
    threading.Thread(target=_end_with, args=(parent, stop), daemon=True).start()


def _end_with(parent: int, stop: Event) -> None:
    while os.getppid() == parent and not stop.wait(WATCH_S):
        pass
    os._exit(1)
