"""Parsing on a Dask cluster, by Prefect's task runner for it: chunks go out by reference, and rows come back as files.

What passes through the scheduler of a chunk is the names of its files, and what became of each; never a page, never a
contact. The workers read the pages themselves, and lay rows into a folder that all machines share, or into a place in
an object store. Order, validation, election and writing stay with the run.
"""

from __future__ import annotations

import asyncio
import pickle
import time
from collections import deque
from contextlib import ExitStack, contextmanager
from contextvars import Context, copy_context
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import distributed
from distributed.comm.core import CommClosedError
from distributed.scheduler import KilledWorker
from prefect import Task
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect_dask.task_runners import DaskTaskRunner

from esf_etl.errors import EsfEtlError, UsageError
from esf_etl.parallel import WorkerDied, workers_for
from esf_flows.elsewhere import Order, hold_to_landing, order_of, parse_there
from esf_flows.staged import Staging, staging_for
from esf_flows.steps import reason

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    from prefect_dask.task_runners import PrefectDaskFuture

    from esf_etl.batch import Chunk, ChunkMapper, ChunkTask
    from esf_etl.settings import IngestSettings

__all__ = ["LOCAL", "ClusterError", "on_cluster"]

LOCAL = "local"
"""The name of a cluster of processes on this machine, for as long as the run lasts."""

_AHEAD = 12
"""So many chunks may wait to be taken, beside those that are worked on: as many as are validated at once, and some."""
_CONNECT_S = 30
_QUIET = {"PREFECT_LOGGING_ROOT_LEVEL": "WARNING", "PREFECT_LOGGING_LEVEL": "WARNING"}
"""What workers on this machine say on its terminal; what becomes of the chunks, Prefect knows."""
_LOOK_EVERY_S = 5.0
_NO_WORKER_S = 60.0
"""So long a cluster may be without a worker before the run gives up."""
_RETRIES = 2
_PAUSE_S = 1.0


class ClusterError(EsfEtlError):
    """The cluster cannot be used as it is; nothing was published."""

    code = "cluster-unusable"


class ChunkFailed(Exception):
    """A chunk could not be parsed, for a reason that another try may not meet; in words of ours."""


def _parse(number: int, order: bytes) -> bytes:  # noqa: ARG001 - the number is for the name of the task run
    """What a worker does. An error of ours is told as it is, and final; any other is tried again."""
    try:
        return pickle.dumps(parse_there(cast("Order", pickle.loads(order))))  # noqa: S301 - of our own flow
    except EsfEtlError as problem:
        return pickle.dumps(problem)
    except Exception as problem:  # noqa: BLE001 - told without its message, which could quote a page
        raise ChunkFailed(reason(problem)) from None


_PARSE_CHUNK = Task(
    fn=_parse,
    name="parse-chunk",
    task_run_name="parse-chunk-{number:05}",
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=_RETRIES,
    retry_delay_seconds=_PAUSE_S,
    log_prints=False,
)


def on_cluster(settings: IngestSettings) -> ChunkMapper:
    """What `ingest` parses with on the cluster of the settings; to be called in the flow, outside of its tasks.

    Raises `UsageError` where contacts are to be kept: they leave this machine for nowhere.
    """
    if settings.with_contacts:
        msg = "contacts are not sent through a cluster."
        raise UsageError(msg, advice="Run without --cluster to keep contacts, or without --with-contacts.")
    assert settings.cluster is not None  # noqa: S101 - it is asked for
    # Tasks of the cluster are children of the flow. In a task, Prefect would send that one along, and our run with it.
    context = copy_context()

    def parse_elsewhere(tasks: Iterable[ChunkTask]) -> Generator[Chunk, None, None]:
        with ExitStack() as stack:
            cluster = stack.enter_context(_cluster(settings, context))
            yield from _in_order(cluster, tasks, settings, stack)

    return parse_elsewhere


@dataclass(frozen=True, slots=True)
class _Cluster:
    runner: DaskTaskRunner
    context: Context

    @property
    def client(self) -> distributed.Client:
        return self.runner.client

    def threads(self) -> int:
        """How many chunks the workers can parse at a time. Raises `OSError` where the scheduler is gone."""
        return sum(self.client.nthreads().values())  # type: ignore[no-untyped-call]

    def submit(self, number: int, order: Order) -> PrefectDaskFuture[bytes]:
        # As bytes: Prefect and Dask look through lists for futures of theirs, and through this one in vain.
        parameters = {"number": number, "order": pickle.dumps(order)}
        return self.context.run(self.runner.submit, _PARSE_CHUNK, parameters)


def _api_url() -> str:
    """The address of the server that this run reports to, be it one that Prefect started for this run only."""
    with get_client(sync_client=True) as client:
        return str(client.api_url)


@contextmanager
def _cluster(settings: IngestSettings, context: Context) -> Iterator[_Cluster]:
    """The cluster, reached; one of processes on this machine ends with the context."""
    if settings.cluster == LOCAL:
        runner = DaskTaskRunner(
            cluster_kwargs={
                "n_workers": workers_for(10**9, settings.workers),
                "threads_per_worker": 1,
                "processes": True,
                "host": "127.0.0.1",
                # No dashboard; what is left of its server takes any free port, of this machine only.
                "dashboard_address": None,
                "scheduler_kwargs": {"dashboard": False, "dashboard_address": "127.0.0.1:0"},
                "env": _QUIET,
            }
        )
    else:
        runner = DaskTaskRunner(address=settings.cluster, client_kwargs={"timeout": _CONNECT_S})
    # Tasks take the settings of the run along: without the address of its server a worker would start one of its own.
    settings_of_tasks = temporary_settings({PREFECT_API_URL: _api_url()})
    with ExitStack() as stack:
        context.run(settings_of_tasks.__enter__)
        stack.callback(context.run, settings_of_tasks.__exit__, None, None, None)
        try:
            stack.enter_context(runner)
            cluster = _Cluster(runner, context)
            cluster.threads()
        except (OSError, ValueError, TimeoutError) as problem:
            msg = f"the cluster {settings.cluster} cannot be reached."
            advice = "Name the address of its scheduler (tcp://machine:8786), or `local` for processes of this machine."
            raise ClusterError(msg, code="cluster-unreachable", advice=advice) from problem
        yield cluster


def _in_order(
    cluster: _Cluster, tasks: Iterable[ChunkTask], settings: IngestSettings, stack: ExitStack
) -> Iterator[Chunk]:
    """The chunks in the order of their tasks; as many are under way as the workers and the run can use."""
    waiting = enumerate(tasks)
    under_way: deque[tuple[ChunkTask, PrefectDaskFuture[bytes]]] = deque()
    staging: Staging | None = None

    def fill() -> None:
        nonlocal staging
        room = 2 * cluster.threads() + _AHEAD
        while len(under_way) < room and (found := next(waiting, None)) is not None:
            number, task = found
            if staging is None:
                staging = stack.enter_context(staging_for(settings, task))
            under_way.append((task, cluster.submit(number, order_of(task, staging.place))))

    with _scheduler_may_go(settings):
        fill()
        while under_way:
            task, future = under_way.popleft()
            answer = pickle.loads(_answer(cluster, task, future))  # noqa: S301 - of a task of ours
            if isinstance(answer, EsfEtlError):
                raise answer
            hold_to_landing(task, answer)
            del future  # so that the worker lets go of its answer
            assert staging is not None  # noqa: S101 - made with the first task
            chunk = replace(answer.chunk, aside=staging.fetch(answer.chunk.aside, task.aside))
            fill()
            yield chunk


@contextmanager
def _scheduler_may_go(settings: IngestSettings) -> Iterator[None]:
    try:
        yield
    except (asyncio.CancelledError, distributed.CancelledError, CommClosedError) as problem:
        msg = f"the scheduler of the cluster {settings.cluster} went away."
        raise ClusterError(msg, code="cluster-unreachable", advice="Start it again, and the run.") from problem


def _answer(cluster: _Cluster, task: ChunkTask, future: PrefectDaskFuture[bytes]) -> bytes:
    """What the worker answers. Raises `WorkerDied` where the chunk ends every worker that takes it, or none is left."""
    first, last = task.files[0].path, task.files[-1].path
    alone_since: float | None = None
    while True:
        try:
            return future.result(timeout=_LOOK_EVERY_S)
        except TimeoutError:
            now = time.monotonic()
            alone_since = None if cluster.threads() else alone_since or now
            if alone_since is not None and now - alone_since > _NO_WORKER_S:
                msg = f"the cluster has had no worker for {_NO_WORKER_S:.0f} s."
                raise WorkerDied(msg, advice="Start workers, and then the run again.") from None
        except KilledWorker as problem:
            # Dask suspects every chunk that a worker had when it ended, be it still unread.
            msg = f"every worker that was given the pages from {first} to {last} ended."
            advice = "Most often memory ran out: fewer threads a worker. Else one of these pages, or one near, does it."
            raise WorkerDied(msg, advice=advice) from problem
        except ChunkFailed as problem:
            msg = f"the pages from {first} to {last} could not be parsed, also when tried again: {problem}"
            raise ClusterError(msg, advice="The log of the worker may say more.") from problem
