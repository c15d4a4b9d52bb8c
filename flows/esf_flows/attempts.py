"""The pipeline, run again where it failed of something that may pass by itself.

A step leaves its mark in the run's workspace, so that no step can be tried again alone: an attempt is a whole run of
the pipeline, with a place in the journal of its own. It is a Prefect task named `ingest`, whose retries are Prefect's;
the steps are tasks within it, and stand there once an attempt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prefect import Task
from prefect.cache_policies import NO_CACHE
from prefect.states import Cancelled, Completed, Failed

from esf_etl.errors import EsfEtlError, LockHeld
from esf_etl.pipeline import ingest
from esf_flows.steps import RunStopped, as_task, reason

if TYPE_CHECKING:
    from prefect import State

    from esf_etl.batch import ChunkMapper
    from esf_etl.progress import Progress, Watcher
    from esf_etl.settings import IngestSettings
    from esf_etl.summary import RunSummary

__all__ = ["LOCK_HELD", "TASK", "ingest_with_retries", "state_of"]

TASK = "ingest"

LOCK_HELD = "Lock held"
"""Name of the state of a run that did nothing because another one was at work: of type Cancelled."""


def state_of(problem: Exception) -> State[Any]:
    """The state of a run, or of an attempt, that did not do its work."""
    if isinstance(problem, LockHeld):
        return Cancelled(name=LOCK_HELD, message=reason(problem))
    return Failed(message=reason(problem))


def ingest_with_retries(
    settings: IngestSettings,
    progress: Progress,
    *,
    watcher: Watcher,
    parse_elsewhere: ChunkMapper | None = None,
    retries: int,
    first_delay_s: float,
) -> RunSummary:
    """One run of the pipeline, and after an error that is `transient` another one, at most `retries` more.

    It waits `first_delay_s` seconds before the first retry, and before each later one twice as long as before the last.
    `watcher` is told of each attempt. Raises what the last attempt raised. Where a signal stopped an attempt, raises
    what its handler did.
    """
    summaries: list[RunSummary] = []
    problems: list[Exception] = []

    def attempt() -> State[Any]:
        problems.clear()
        try:
            summaries.append(
                ingest(settings, progress=progress, step=as_task, watcher=watcher, parse_elsewhere=parse_elsewhere)
            )
        except Exception as problem:  # noqa: BLE001 - raised again below, out of Prefect's sight
            problems.append(problem)
            return state_of(problem)
        return Completed(message=summaries[0].sentence())

    def is_transient(*_of_prefect: object) -> bool:
        return bool(problems) and isinstance(problems[0], EsfEtlError) and problems[0].transient

    task = Task(
        fn=attempt,
        name=TASK,
        task_run_name=TASK,
        cache_policy=NO_CACHE,
        persist_result=False,
        retries=retries,
        retry_delay_seconds=[first_delay_s * 2**number for number in range(retries)] or None,
        retry_condition_fn=is_transient,
    )
    state = task(return_state=True)
    if problems:
        if isinstance(problems[0], RunStopped):
            raise problems[0].by
        raise problems[0]
    if not summaries:
        msg = f"Prefect did not carry out the task {TASK}: it ended as {state.name}."
        raise RuntimeError(msg)
    return summaries[0]
