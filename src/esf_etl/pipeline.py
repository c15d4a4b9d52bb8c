"""One run, end to end: the one place that knows the order of things.

look -> parse and validate -> elect -> copy and write -> audit -> publish, under the lock and in the journal. A reader
of the warehouse sees the snapshot of before or the one of after, and nothing between.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

import duckdb

from esf_etl.errors import EsfEtlError, WarehouseError
from esf_etl.look import look, tell_of_overrides
from esf_etl.progress import Silent
from esf_etl.run import Run
from esf_etl.warehouse import publish
from esf_etl.warehouse.failure import cause_of, in_words
from esf_etl.warehouse.folder import DATABASE

if TYPE_CHECKING:
    from esf_etl.batch import ChunkMapper
    from esf_etl.progress import Progress, Watcher
    from esf_etl.settings import IngestSettings
    from esf_etl.summary import RunSummary

__all__ = ["Step", "ingest"]

Step = Callable[[str, Callable[[], None]], None]
"""Carries out one named step by calling it once."""


def _just_do_it(name: str, call: Callable[[], None]) -> None:  # noqa: ARG001 - the name is for others
    call()


def ingest(
    settings: IngestSettings,
    *,
    progress: Progress | None = None,
    step: Step = _just_do_it,
    watcher: Watcher | None = None,
    parse_elsewhere: ChunkMapper | None = None,
) -> RunSummary:
    """Bring what is new in the landing folder into the warehouse; returns what became of the run.

    `progress` is told of stages, counts and warnings. `step(name, call)` carries out each of the coarse steps (`look`,
    `parse`, `write`, `audit`, `publish`) by calling `call` once, in this process and thread: an orchestrator passes
    its own to make tasks of them. `watcher` is told of the run as a whole.
    `parse_elsewhere` parses the chunks of the parse step in place of processes of this machine, such as on a
    cluster; the rest of the run stays here.

    Whatever becomes of it, the file of metrics is written anew in the end; a dry run writes none.

    Raises `LandingError`, `WarehouseError` (`SnapshotDamaged`, `AuditFailed`), `LockHeld`; whatever is raised, what is
    published stays as it was, and the journal has the run. A page that cannot be loaded raises nothing: it is a reject.
    """
    with in_words(settings.warehouse):
        run = _run_of(settings, progress or Silent(), parse_elsewhere)
        _run(run, step, watcher or Silent())
        return run.summary


def _run(run: Run, step: Step, watcher: Watcher) -> None:
    """The run under its lock and in its journal."""
    settings = run.settings
    with ExitStack() as stack:
        if not settings.dry_run:
            run.folder.create()
            stack.enter_context(run.folder.locked())
            run.begin()
        watcher.began(run.summary)
        try:
            run.open(stack)
            _carry_out(run, step)
        except BaseException as problem:
            cause = _cause_of(problem, run)
            if not settings.dry_run:
                run.fail(cause)
                _leave_metrics(run)
            watcher.ended(run.summary, cause)
            if cause is problem:
                raise
            raise cause from problem
        if not settings.dry_run:
            run.end()
            _leave_metrics(run)
        watcher.ended(run.summary, None)


def _leave_metrics(run: Run) -> None:
    """Write the file of metrics, of failed runs too. One that cannot be written fails no run: that is a warning."""
    try:
        from esf_etl.reports.metrics import write_metrics  # imported here: a dry run needs none of it
        from esf_etl.warehouse.lake.address import lake_of

        write_metrics(run.settings.warehouse, run.settings.metrics_file, lake=lake_of(run.settings))
    except Exception as problem:  # noqa: BLE001 - whatever is wrong with the figures, what the run did stands
        why = str(problem) if isinstance(problem, EsfEtlError | ModuleNotFoundError) else type(problem).__name__
        run.warn(f"The file of metrics was not written: {why}")


def _cause_of(problem: BaseException, run: Run) -> BaseException:
    """What the run failed of, in words of ours: a damaged file, a disk that does not take what is written, memory."""
    if run.settings.lake is not None and isinstance(problem, duckdb.Error):
        from esf_etl.lake import lake_failed

        return lake_failed(run, problem)
    if isinstance(problem, duckdb.Error | OSError):
        try:
            if run.base is not None and not publish.is_intact(run.base, DATABASE):
                return publish.damaged(run.base)
        except WarehouseError as damage:
            return damage
        except OSError as damage:
            return cause_of(damage, run.folder.root)
    return cause_of(problem, run.folder.root)


def _carry_out(run: Run, step: Step) -> None:
    """All steps, as far as there is something new; a dry run stops before the first that writes."""
    step("look", lambda: _do(look, run))
    if _is_news(run):
        # Imported here, as is what writes: a night with nothing new needs no contracts and no data frames.
        from esf_etl.intake import take_in

        step("parse", lambda: _do(take_in, run))
    if run.settings.dry_run or not _is_news(run):
        run.summary.outcome = "published" if _is_news(run) else "idle"
        tell_of_overrides(run, after=_is_news(run))
        run.count_warehouse("base")
        run.close()
        return
    tell_of_overrides(run, after=True)
    for name, work in _last_steps(run):
        step(name, partial(_do, work, run))


def _run_of(settings: IngestSettings, progress: Progress, parse_elsewhere: ChunkMapper | None) -> Run:
    if settings.lake is None:
        return Run(settings, progress, parse_elsewhere=parse_elsewhere)
    from esf_etl.lake import LakeRun

    return LakeRun(settings, progress, parse_elsewhere=parse_elsewhere)


def _last_steps(run: Run) -> tuple[tuple[str, Callable[[Run], None]], ...]:
    if run.settings.lake is not None:
        from esf_etl.lake import LAST_STEPS
    else:
        from esf_etl.writing import LAST_STEPS
    return LAST_STEPS


def _do(work: Callable[[Run], None], run: Run) -> None:
    """Do the work of a step, and give up a query that a signal interrupted.

    DuckDB looks for signals while it executes a query. Whatever a handler raises then (KeyboardInterrupt, the timeout
    or the cancellation of an orchestrator) becomes a RuntimeError, "Query interrupted", with the other as its cause.
    Its threads work on, though, and closing the connection would wait until they are done.
    """
    try:
        work(run)
    except RuntimeError as problem:
        by = problem.__cause__
        if by is None or isinstance(by, Exception):
            raise
        run.connection.interrupt()
        raise by from problem


def _is_news(run: Run) -> bool:
    """Whether this run has something to do; after the parse step, something to write."""
    summary = run.summary
    waiting = summary.files_seen - summary.unchanged - summary.deferred
    return waiting > 0 or summary.vanished > 0 or run.overrides_changed
