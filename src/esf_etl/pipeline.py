"""One run, end to end: the one place that knows the order of things.

look -> parse and validate -> elect -> copy and write -> audit -> publish, under the lock and in the journal. A reader
of the warehouse sees the snapshot of before or the one of after, and nothing between.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from esf_etl.batch import FILES, FINDINGS, REJECTS, ChunkTask, parse_chunk, with_lines
from esf_etl.errors import AuditFailed, LandingError, WarehouseError
from esf_etl.landing import list_landing
from esf_etl.parallel import map_in_order, workers_for
from esf_etl.progress import Silent
from esf_etl.reports.views import create_reports
from esf_etl.run import Run
from esf_etl.summary import RunSummary, run_row
from esf_etl.validate import validate
from esf_etl.warehouse import publish
from esf_etl.warehouse.audit import audit
from esf_etl.warehouse.create import HISTORY, create_schema, load_reference
from esf_etl.warehouse.database import attach, script
from esf_etl.warehouse.folder import DATABASE
from esf_etl.warehouse.recovery import known_runs
from esf_etl.warehouse.upsert import COPY, append_staged, elect, record_runs, upsert
from esf_schemas import (
    CONTRACTS,
    PROJECT_TABLES,
    REF_TABLES,
    SCHEMA_VERSION,
    STAGED_TABLES,
    VAULT_TABLES,
    staged_arrow_schema,
)

if TYPE_CHECKING:
    from pathlib import Path

    from esf_etl.progress import Progress
    from esf_etl.settings import IngestSettings

__all__ = ["Step", "ingest"]

_FILES_A_CHUNK = 500

Step = Callable[[str, Callable[[], None]], None]
"""Carries out one named step by calling it once."""


def _just_do_it(name: str, call: Callable[[], None]) -> None:  # noqa: ARG001 - the name is for others
    call()


def ingest(
    settings: IngestSettings,
    *,
    progress: Progress | None = None,
    step: Step = _just_do_it,
) -> RunSummary:
    """Bring what is new in the landing folder into the warehouse; returns what became of the run.

    `progress` is told of stages, counts and warnings. `step(name, call)` carries out each of the coarse steps (`look`,
    `parse`, `write`, `audit`, `publish`) by calling `call` once, in this process and thread: an orchestrator passes
    its own to make tasks of them.

    Raises `LandingError`, `WarehouseError` (`SnapshotDamaged`, `AuditFailed`), `LockHeld`; whatever is raised, what is
    published stays as it was, and the journal has the run. A page that cannot be loaded raises nothing: it is a reject.
    """
    run = Run(settings, progress or Silent())
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
    step("look", lambda: _look(run))
    if _is_news(run):
        step("parse", lambda: _parse(run))
    if run.settings.dry_run or not _is_news(run):
        run.summary.outcome = "published" if _is_news(run) else "idle"
        run.count_warehouse("base")
        run.close()
        return
    step("write", lambda: _write(run))
    step("audit", lambda: _audit(run))
    step("publish", lambda: _publish(run))


def _look(run: Run) -> None:
    """List the landing folder and compare it with the ledger."""
    with run.told("look"):
        listing = list_landing(run.settings.landing, settle_s=run.settings.settle_s)
        for path in listing.passed_over:
            run.warn(f"{path} is no regular file; it was passed over.")
        connection = run.connection
        run.files = [*listing.files, *listing.deferred]
        _refuse_emptiness(run, listing.seen)
        listed = pa.table(
            {
                "file_no": pa.array(range(len(run.files)), pa.int64()),
                "path": pa.array([file.path for file in run.files], pa.string()),
                "size_bytes": pa.array([file.size_bytes for file in run.files], pa.int64()),
                "mtime_ns": pa.array([file.mtime_ns for file in run.files], pa.int64()),
                "ctime_ns": pa.array([file.ctime_ns for file in run.files], pa.int64()),
                "deferred": pa.array([number >= len(listing.files) for number in range(listing.seen)], pa.bool_()),
            }
        )
        connection.register("listed", listed)
        connection.execute(script("look"))
        connection.unregister("listed")
        summary = run.summary
        summary.files_seen = listing.seen
        summary.deferred = run.count("FROM work.seen WHERE state = 'deferred'")
        summary.unchanged = run.count("FROM work.seen WHERE state = 'unchanged'")
        summary.vanished = run.count("FROM work.vanished")


def _refuse_emptiness(run: Run, seen: int) -> None:
    if seen:
        return
    known = run.count("FROM base.etl.landing_file WHERE landing = getvariable('landing') AND missing_since IS NULL")
    if known:
        msg = f"the landing folder has no page files, but the ledger knows {known}."
        raise LandingError(
            msg,
            path=str(run.settings.landing),
            code="landing-empty",
            advice="Is its disk mounted? If the pages are gone on purpose, leave one file there.",
        )
    run.warn(f"The landing folder {run.settings.landing} has no page files (*.txt) yet; there is nothing to do.")


def _is_news(run: Run) -> bool:
    """Whether this run has something to do; after the parse step, something to write."""
    summary = run.summary
    waiting = summary.files_seen - summary.unchanged - summary.deferred
    return waiting > 0 or summary.vanished > 0


def _parse(run: Run) -> None:
    """Read, parse and validate what is new, and elect the versions."""
    connection, summary = run.connection, run.summary
    schemas = {contract.table().name: staged_arrow_schema(contract) for contract in STAGED_TABLES}
    for name, schema in (("file", FILES), ("reject", REJECTS), ("finding", FINDINGS)):
        append_staged(connection, name, schema.empty_table())
    for contract in PROJECT_TABLES:
        append_staged(connection, contract.table().name, schemas[contract.table().name].empty_table())
    work = connection.execute(
        "SELECT file_no, if(state = 'touched', known_sha256, NULL) FROM work.seen"
        " WHERE state IN ('new', 'again', 'touched') ORDER BY file_no"
    ).fetchall()
    tasks = (
        ChunkTask(
            tuple((number, run.files[number], known) for number, known in work[first : first + _FILES_A_CHUNK]),
            schemas,
            run.settings.max_page_bytes,
        )
        for first in range(0, len(work), _FILES_A_CHUNK)
    )
    workers = workers_for(len(work), run.settings.workers)
    with run.told("parse"):
        done = 0
        for chunk in map_in_order(parse_chunk, tasks, workers=workers, preload="esf_etl.batch"):
            accepted = validate(chunk.tables)
            for contract in PROJECT_TABLES:  # not contacts: nothing personal may reach a disk
                name = contract.table().name
                append_staged(connection, name, accepted.tables[name])
            append_staged(connection, "file", chunk.files)
            rejects = with_lines(accepted.rejects, run.files, run.settings.max_page_bytes)
            for name, parsed, validated in (
                ("reject", chunk.rejects, rejects),
                ("finding", chunk.findings, accepted.findings),
            ):
                append_staged(connection, name, parsed)
                append_staged(connection, name, validated.select(parsed.schema.names).cast(parsed.schema))
            done += chunk.files.num_rows
            run.progress.advance(done, len(work))
    with run.told("elect"):
        outcomes = elect(connection)
        summary.loaded = outcomes.get("loaded", 0)
        summary.same_content = outcomes.get("same-content", 0)
        summary.superseded = outcomes.get("superseded", 0)
        summary.rejected = run.count("SELECT DISTINCT file_no FROM work.reject")
        summary.unchanged += run.count("FROM work.file WHERE state = 'unchanged'")
        summary.deferred += run.count("FROM work.file WHERE state = 'unsettled'")
        if not summary.law_holds:
            msg = f"the files of the run do not add up: {summary.to_dict()}."
            raise AuditFailed(msg, code="law-broken", advice="This is a bug; nothing was published.")


def _write(run: Run) -> None:
    """Copy the current database aside and bring the new rows into the copy, in one transaction."""
    connection, summary = run.connection, run.summary
    copy = _snapshot_folder(run) / DATABASE
    with run.told("copy"):
        if run.base is not None:
            publish.copy_database(run.base, copy)
        attach(connection, copy, COPY, read_only=False)
        if run.base is None:
            create_schema(connection, COPY)
    with run.told("write"):
        connection.execute("BEGIN")
        if run.base is not None:
            load_reference(connection, COPY)
        create_reports(connection, COPY)
        upsert(connection)
        summary.outcome = "published"
        summary.snapshot = f"snapshots/{run.run_id}"
        run.count_warehouse(COPY)
        run.close()
        record_runs(connection, [*known_runs(run.folder), run_row(summary.to_dict())])
    with run.told("commit"):
        connection.execute("COMMIT")
    with run.told("checkpoint"):
        connection.execute(f"CHECKPOINT {COPY}")
        connection.execute(f"DETACH {COPY}")


def _snapshot_folder(run: Run) -> Path:
    folder = run.staging / "snapshot"
    folder.mkdir(exist_ok=True)
    return folder


def _audit(run: Run) -> None:
    """Open the copy read-only and hold it to the contracts."""
    with run.told("audit"):
        attach(run.connection, _snapshot_folder(run) / DATABASE, COPY, read_only=True)
        audit(run.connection)


def _publish(run: Run) -> None:
    """Write Parquet and manifest beside the database, move the whole into place, and flip `current` to it."""
    connection, folder = run.connection, _snapshot_folder(run)
    with run.told("parquet"):
        tables = [contract.table() for contract in (*PROJECT_TABLES, *REF_TABLES)]
        unchanged = [
            contract.table().name for contract in PROJECT_TABLES if not _is_changed(run, contract.table().name)
        ]
        publish.write_parquet(connection, COPY, tables, folder, before=run.base, unchanged=unchanged)
        rows = {
            f"{table.schema}.{table.name}": run.count(f"FROM {COPY}.{table.schema}.{table.name}")
            for table in (contract.table() for contract in CONTRACTS if contract not in VAULT_TABLES)
        }
        connection.execute(f"DETACH {COPY}")
    with run.told("seal"):
        publish.write_manifest(
            folder,
            run_id=run.run_id,
            schema_version=SCHEMA_VERSION,
            published_at=datetime.now(UTC).isoformat(),
            rows=rows,
            run=run.summary.to_dict(),
        )
    with run.told("move"):
        snapshot = publish.move_into_place(folder, run.folder.snapshots, run.run_id)
    with run.told("flip"):
        publish.flip(run.folder, snapshot)
    try:
        publish.prune(run.folder, keep=run.settings.keep_snapshots)
    except WarehouseError as problem:  # the new snapshot is published; an old one too many harms nobody
        run.warn(str(problem))


def _is_changed(run: Run, table: str) -> bool:
    """Whether this run opened or closed a row of a project table."""
    changes = "run_id = getvariable('run_id') OR valid_to = getvariable('run_at')"
    return run.count(f"FROM {COPY}.{HISTORY}.{table} WHERE {changes}") > 0
