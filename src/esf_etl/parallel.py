"""Parsing in several processes: chunks out, Arrow tables back, no more under way than the writer can take."""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from typing import TYPE_CHECKING

from esf_etl.batch import parse_chunk
from esf_etl.errors import EsfEtlError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from concurrent.futures import Future

    from esf_etl.batch import Chunk, ChunkTask

__all__ = ["WorkerDied", "parse_chunks", "workers_for"]

_FILES_WORTH_A_WORKER = 2_000
"""Fewer files are parsed sooner than another process has started."""

_AHEAD = 2
"""So many chunks may wait for the writer beside those that are being parsed."""


class WorkerDied(EsfEtlError):
    """A process that parsed pages was ended from outside."""

    code = "worker-died"


def workers_for(files: int, asked: int | None) -> int:
    """How many processes to parse with: as asked, else what the amount of work and the machine suggest."""
    if asked is not None:
        return asked
    return max(1, min(len(os.sched_getaffinity(0)), files // _FILES_WORTH_A_WORKER))


def parse_chunks(tasks: Iterable[ChunkTask], *, workers: int) -> Iterator[Chunk]:
    """The chunks of the tasks, in their order. With one worker they are parsed in this process.

    Raises `WorkerDied` where a process was killed, most often for want of memory.
    """
    if workers == 1:
        yield from map(parse_chunk, tasks)
        return
    # Not by fork: the database and the data frames of this process have threads, which a fork would leave behind.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["esf_etl.batch"])
    waiting = iter(tasks)
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        under_way: deque[Future[Chunk]] = deque(
            pool.submit(parse_chunk, task) for task in islice(waiting, workers + _AHEAD)
        )
        try:
            while under_way:
                chunk = under_way.popleft().result()
                under_way.extend(pool.submit(parse_chunk, task) for task in islice(waiting, 1))
                yield chunk
        except BrokenProcessPool as problem:
            msg = "a process that parsed pages was killed."
            raise WorkerDied(
                msg, advice="Nothing was published. Most often memory ran out: try fewer --workers."
            ) from problem
        finally:
            for future in under_way:
                future.cancel()
