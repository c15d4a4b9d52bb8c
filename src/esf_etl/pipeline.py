"""One run, end to end: the one place that knows the order of things.

look -> parse and validate -> elect -> copy and write -> audit -> publish, under the lock and in the journal. A reader
of the warehouse sees the snapshot of before or the one of after, and nothing between.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

import duckdb

from esf_etl.errors import WarehouseError
from esf_etl.look import look
from esf_etl.progress import Silent
from esf_etl.run import Run
from esf_etl.warehouse import publish
from esf_etl.warehouse.folder import DATABASE

if TYPE_CHECKING:
    from esf_etl.batch import ChunkMapper
    from esf_etl.progress import Progress
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
    parse_elsewhere: ChunkMapper | None = None,
) -> RunSummary:
    """Bring what is new in the landing folder into the warehouse; returns what became of the run.

    `progress` is told of stages, counts and warnings. `step(name, call)` carries out each of the coarse steps (`look`,
    `parse`, `write`, `audit`, `publish`) by calling `call` once, in this process and thread: an orchestrator passes
    its own to make tasks of them. `parse_elsewhere` parses the chunks of the parse step in place of processes of this
    machine, such as on a cluster; the rest of the run stays here.

    Raises `LandingError`, `WarehouseError` (`SnapshotDamaged`, `AuditFailed`), `LockHeld`; whatever is raised, what is
    published stays as it was, and the journal has the run. A page that cannot be loaded raises nothing: it is a reject.
    """
    run = Run(settings, progress or Silent(), parse_elsewhere=parse_elsewhere)
    with ExitStack() as stack:
        if not settings.dry_run:
            run.folder.create()
            stack.enter_context(run.folder.locked())
            run.begin()
        try:
            run.open(stack)
            _carry_out(run, step)
        except BaseException as problem:
            cause = _cause_of(problem, run)
            if not settings.dry_run:
                run.fail(cause)
            if cause is problem:
                raise
            raise cause from problem
        if not settings.dry_run:
            run.end()
    return run.summary


def _cause_of(problem: BaseException, run: Run) -> BaseException:
    """What the run failed of, in words of ours: a damaged file, or a disk that does not take what is written."""
    if not isinstance(problem, duckdb.Error | OSError):
        return problem
    try:
        if run.base is not None and not publish.is_intact(run.base, DATABASE):
            return publish.damaged(run.base)
    except (OSError, WarehouseError) as damage:
        return damage
    if isinstance(problem, duckdb.Error) and not isinstance(problem, duckdb.IOException | duckdb.OutOfMemoryException):
        return problem
    said = problem.strerror or "" if isinstance(problem, OSError) else str(problem).partition("\n")[0]
    msg = f"the warehouse could not be written: {said}."
    advice = "Nothing was published. Is there space on the disk, and may the job write there?"
    return WarehouseError(msg, code="write-failed", path=str(run.folder.root), advice=advice)


def _carry_out(run: Run, step: Step) -> None:
    """All steps, as far as there is something new; a dry run stops before the first that writes."""
    step("look", lambda: look(run))
    if _is_news(run):
        # Imported here, as is what writes: a night with nothing new needs no contracts and no data frames.
        from esf_etl.intake import take_in

        step("parse", lambda: take_in(run))
    if run.settings.dry_run or not _is_news(run):
        run.summary.outcome = "published" if _is_news(run) else "idle"
        run.count_warehouse("base")
        run.close()
        return
    from esf_etl.writing import hold_to_audit, publish_copy, write

    step("write", lambda: write(run))
    step("audit", lambda: hold_to_audit(run))
    step("publish", lambda: publish_copy(run))


def _is_news(run: Run) -> bool:
    """Whether this run has something to do; after the parse step, something to write."""
    summary = run.summary
    waiting = summary.files_seen - summary.unchanged - summary.deferred
    return waiting > 0 or summary.vanished > 0
