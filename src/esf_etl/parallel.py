"""Work in several processes: tasks out, results back in order, no more under way than whoever takes them can use."""

from __future__ import annotations

import os
from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from esf_etl.errors import EsfEtlError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable
    from concurrent.futures import Future

__all__ = ["WorkerDied", "map_in_order", "workers_for"]

_FILES_WORTH_A_WORKER = 2_000
"""Fewer files are parsed sooner than another process has started."""

_NEW_OBJECTS_A_COLLECTION = 100_000

Task = TypeVar("Task")
Result = TypeVar("Result")


class WorkerDied(EsfEtlError):
    """A process that parsed pages was ended from outside."""

    code = "worker-died"


def workers_for(files: int, asked: int | None) -> int:
    """How many processes to parse with: as asked, else what the amount of work and the machine suggest."""
    if asked is not None:
        return asked
    return max(1, min(_processors(), files // _FILES_WORTH_A_WORKER))


def _processors() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on this system
        return os.cpu_count() or 1


def map_in_order(
    function: Callable[[Task], Result], tasks: Iterable[Task], *, workers: int, preload: str, ahead: int = 2
) -> Generator[Result, None, None]:
    """The results of `function` over the tasks, in their order; with one worker they are made in this process.

    `preload` names the module that new processes import first. `ahead` results may wait to be taken, beside the tasks
    that are worked on: then the processes wait, so that memory is bounded whoever is slower. Raises `WorkerDied` where
    one of them was killed, most often for want of memory.
    """
    if workers == 1:
        yield from map(function, tasks)
        return
    # Imported here: a program that parses in its own process should not pay for them.
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    # Not by fork: the database and the data frames of this process have threads, which a fork would leave behind.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([preload])
    waiting = iter(tasks)
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_settle_in) as pool:
        under_way: deque[Future[Result]] = deque()
        try:
            under_way.extend(pool.submit(function, task) for task in islice(waiting, workers + ahead))
            while under_way:
                result = under_way.popleft().result()
                under_way.extend(pool.submit(function, task) for task in islice(waiting, 1))
                yield result
        except (BrokenProcessPool, EOFError, ConnectionError) as problem:  # the latter where none can be started
            msg = "a process that parsed pages was killed."
            raise WorkerDied(msg, advice="Most often memory ran out: try fewer workers.") from problem
        finally:
            for future in under_way:
                future.cancel()


def _settle_in() -> None:
    """In a new process: end when the one that started it is gone, and look for garbage in circles seldom.

    Records and tables have none, and to go through them all again and again takes a twentieth of the time.
    """
    import gc

    _end_with_parent()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS_A_COLLECTION)


def _end_with_parent() -> None:
    """End when the process that started this one is gone, also where that was killed."""
    import multiprocessing
    import threading
    from multiprocessing.connection import wait

    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch(sentinel: int) -> None:
        wait([sentinel])
        os._exit(1)

    threading.Thread(target=watch, args=(parent.sentinel,), daemon=True).start()
