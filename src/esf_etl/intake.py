"""What is new in the landing folder, listed, read, parsed, validated and staged, some of it at a time.

Nothing here holds all pages: the list of files goes into the workspace as it is made, prose goes from the process that
parsed it to a file in the staging folder, and the processes wait where the validation is slower than they are.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import pyarrow as pa

from esf_etl.batch import FILES, FINDINGS, REJECTS, ChunkTask, WaitingFile, parse_chunk, with_lines
from esf_etl.errors import LandingError
from esf_etl.landing import location_of, scan_landing
from esf_etl.parallel import map_in_order, workers_for
from esf_etl.warehouse.database import script
from esf_etl.warehouse.upsert import append_staged, stage_aside
from esf_schemas import PROJECT_TABLES, STAGED_TABLES, staged_arrow_schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    from esf_etl.batch import Chunk
    from esf_etl.run import Run

__all__ = ["look", "parse_new"]

_LISTED_AT_ONCE = 20_000
_FILES_A_CHUNK = 500
_CHUNKS_A_BATCH = 10
"""So many chunks are validated at once: a validation takes as long for one row as for a thousand."""
_TASKS_ASKED_FOR_AT_ONCE = 50

_LISTED = pa.schema(
    [
        ("path", pa.string()),
        ("size_bytes", pa.int64()),
        ("mtime_ns", pa.int64()),
        ("ctime_ns", pa.int64()),
        ("deferred", pa.bool_()),
    ]
)
_PROSE_TABLES = [
    contract.table().name for contract in PROJECT_TABLES if any(column.prose for column in contract.table().columns)
]


def look(run: Run) -> None:
    """List the landing folder and compare it with the ledger.

    Raises `LandingError` for a folder that is missing, cannot be listed, or has no page although the ledger knows some.
    """
    with run.told("look"):
        connection, summary = run.connection, run.summary
        passed_over: list[str] = []
        append_staged(connection, "listed", _LISTED.empty_table())
        files = scan_landing(run.settings.landing, settle_s=run.settings.settle_s, passed_over=passed_over)
        while some := list(islice(files, _LISTED_AT_ONCE)):
            summary.files_seen += len(some)
            columns = [
                pa.array(column, part.type) for column, part in zip(zip(*some, strict=True), _LISTED, strict=True)
            ]
            append_staged(connection, "listed", pa.table(columns, schema=_LISTED))
        for path in passed_over:
            run.warn(f"{path} is no regular file; it was passed over.")
        _refuse_emptiness(run)
        connection.execute(script("look"))
        summary.deferred = run.count("FROM work.seen WHERE state = 'deferred'")
        summary.unchanged = run.count("FROM work.seen WHERE state = 'unchanged'")
        summary.vanished = run.count("FROM work.vanished")


def _refuse_emptiness(run: Run) -> None:
    if run.summary.files_seen:
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


def parse_new(run: Run) -> None:
    """Read, parse, validate and stage what is new: the tables of `work` have its rows, rejects and findings."""
    # Imported here: a night with nothing new needs no data frames.
    from esf_etl.validate import validate

    connection = run.connection
    schemas = {contract.table().name: staged_arrow_schema(contract) for contract in STAGED_TABLES}
    for name, schema in (("file", FILES), ("reject", REJECTS), ("finding", FINDINGS)):
        append_staged(connection, name, schema.empty_table())
    staged = [contract.table().name for contract in PROJECT_TABLES if contract.table().name not in _PROSE_TABLES]
    for name in staged:
        append_staged(connection, name, schemas[name].empty_table())
    count = run.count("FROM work.todo")
    aside: dict[str, list[str]] = {name: [] for name in _PROSE_TABLES}
    done = 0
    chunks = map_in_order(
        parse_chunk,
        _tasks(run, schemas),
        workers=workers_for(count, run.settings.workers),
        preload="esf_etl.batch",
        ahead=_CHUNKS_A_BATCH + 2,
    )
    with run.told("parse"):
        while batch := list(islice(chunks, _CHUNKS_A_BATCH)):
            tables = [chunk.all_tables() for chunk in batch]
            accepted = validate({name: pa.concat_tables(each[name] for each in tables) for name in schemas})
            for name in staged:  # not contacts: nothing personal may reach a disk
                append_staged(connection, name, accepted.tables[name])
            _stage_outcomes(run, batch, accepted.rejects, accepted.findings)
            for chunk in batch:
                for name, path in chunk.aside.items():
                    aside[name].append(path)
            done += sum(chunk.files.num_rows for chunk in batch)
            run.progress.advance(done, count)
    for name, paths in aside.items():
        stage_aside(connection, name, schemas[name], paths)


def _stage_outcomes(run: Run, batch: list[Chunk], broken: pa.Table, odd: pa.Table) -> None:
    """Stage what became of each file: the parser's rejects and findings, and those of the validation."""
    append_staged(run.connection, "file", pa.concat_tables(chunk.files for chunk in batch))
    rejects = with_lines(broken, lambda number: _location_of_file(run, number), run.settings.max_page_bytes)
    for name, parsed, validated in (
        ("reject", pa.concat_tables(chunk.rejects for chunk in batch), rejects),
        ("finding", pa.concat_tables(chunk.findings for chunk in batch), odd),
    ):
        append_staged(run.connection, name, parsed)
        append_staged(run.connection, name, validated.select(parsed.schema.names).cast(parsed.schema))


def _location_of_file(run: Run, number: int) -> str:
    found = run.connection.execute("SELECT path FROM work.todo WHERE file_no = $number", {"number": number}).fetchone()
    assert found is not None  # noqa: S101 - a reject is of a file of this run
    return location_of(str(run.settings.landing), found[0])


def _tasks(run: Run, schemas: dict[str, pa.Schema]) -> Iterator[ChunkTask]:
    """The files to read in the order of their numbers, as tasks; a dry run has no folder to put prose aside in."""
    root = str(run.settings.landing)
    for first in range(0, run.count("FROM work.todo"), _FILES_A_CHUNK * _TASKS_ASKED_FOR_AT_ONCE):
        rows = run.connection.execute(
            "SELECT file_no, path, size_bytes, mtime_ns, known_sha256 FROM work.todo"
            " WHERE file_no >= $first AND file_no < $last ORDER BY file_no",
            {"first": first, "last": first + _FILES_A_CHUNK * _TASKS_ASKED_FOR_AT_ONCE},
        ).fetchall()
        files = list(map(WaitingFile._make, rows))
        for start in range(0, len(files), _FILES_A_CHUNK):
            aside = {
                name: str(run.staging / f"{name}.{first + start:09}.arrow")
                for name in ([] if run.settings.dry_run else _PROSE_TABLES)
            }
            yield ChunkTask(root, files[start : start + _FILES_A_CHUNK], schemas, run.settings.max_page_bytes, aside)
