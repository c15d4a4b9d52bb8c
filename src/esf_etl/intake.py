"""What is new in the landing folder, read, parsed, validated and staged, some of it at a time; then the election.

Nothing here holds all pages: rows go from the process that parsed them to files in the staging folder, and the
processes wait where the validation is slower than they are.
"""

from __future__ import annotations

from contextlib import closing, contextmanager
from itertools import islice
from typing import TYPE_CHECKING

import pyarrow as pa

from esf_etl.batch import APPLIED, FILES, FINDINGS, REJECTS, ChunkTask, WaitingFile, parse_chunk, with_lines
from esf_etl.errors import AuditFailed
from esf_etl.inbox import page_bytes
from esf_etl.overrides import corrections_of
from esf_etl.pages.masking import Masking
from esf_etl.parallel import map_in_order, workers_for
from esf_etl.room import require_room
from esf_etl.validate import validate
from esf_etl.warehouse.overriding import note_after
from esf_etl.warehouse.staging import append_staged
from esf_etl.warehouse.upsert import elect
from esf_schemas import PROJECT_TABLES, STAGED_TABLES, staged_arrow_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from esf_etl.batch import Chunk, ChunkMapper
    from esf_etl.run import Run

__all__ = ["elect_versions", "take_in"]

_FILES_A_CHUNK = 500
_FILES_A_CHUNK_ELSEWHERE = 2_500
"""At most. What a cluster takes for a chunk, however small, is as long as the parsing of some 350 pages."""
_CHUNKS_ELSEWHERE = 64
"""Chunks become larger only beyond so many: enough for the workers of a cluster to have equal shares."""
_CHUNKS_A_BATCH = 10
_FILES_A_BATCH = 5_000
"""At most so many are validated at once: a validation takes as long for one row as for a thousand."""
_TASKS_ASKED_FOR_AT_ONCE = 50

_PUT_ASIDE = [contract.table().name for contract in PROJECT_TABLES]
_ELECTED_BY = ["file_no", "project_id", "content_digest"]
"""What of a project the election must know; all else stays aside until it is written."""


def take_in(run: Run) -> None:
    """Read, parse, validate and stage what is new, and elect the version of each project.

    Raises `AuditFailed` (`law-broken`) where the files of the run do not add up.
    """
    summary = run.summary
    if not run.settings.dry_run:
        require_room(run)
    _parse(run)
    with run.told("elect"):
        summary.rejected = run.count("SELECT DISTINCT file_no FROM work.reject")
        summary.unchanged += run.count("FROM work.file WHERE state = 'unchanged'")
        summary.deferred += run.count("FROM work.file WHERE state = 'unsettled'")
        elect_versions(run)


def elect_versions(run: Run) -> None:
    """Elect the version of each project by what is staged and what `base` has, and count what became of the pages.

    Raises `AuditFailed` (`law-broken`) where the files of the run do not add up.
    """
    summary = run.summary
    outcomes = elect(run.connection)
    note_after(run.connection)
    summary.loaded = outcomes.get("loaded", 0)
    summary.same_content = outcomes.get("same-content", 0)
    summary.superseded = outcomes.get("superseded", 0)
    if not summary.law_holds:
        msg = f"the files of the run do not add up: {summary.to_dict()}."
        raise AuditFailed(msg, code="law-broken", advice="This is a bug; nothing was published.")


def _parse(run: Run) -> None:
    """Read, parse, validate and stage what is new.

    The tables of `work` have what the election must know, rejects and findings; `run.aside` names the files of rows.
    """
    connection = run.connection
    schemas = {contract.table().name: staged_arrow_schema(contract) for contract in STAGED_TABLES}
    for name, schema in (("file", FILES), ("reject", REJECTS), ("finding", FINDINGS), ("applied", APPLIED)):
        append_staged(connection, name, schema.empty_table())
    append_staged(connection, "project", schemas["project"].empty_table().select(_ELECTED_BY))
    count = run.count("FROM work.todo")
    run.aside = {name: [] for name in _PUT_ASIDE}
    size = _files_a_chunk(run, count)
    chunks_a_batch = min(_CHUNKS_A_BATCH, max(1, _FILES_A_BATCH // size))
    tasks = _tasks(run, schemas, count, size)
    # Closed here, whatever happens: what clears up after a run must not find processes that still write for it.
    with run.told("parse"), closing(_chunks(run, tasks, count)) as chunks, _contacts(run) as put_aside:
        arriving = _told_of(run, chunks, count)
        while batch := list(islice(arriving, chunks_a_batch)):
            tables = [chunk.all_tables() for chunk in batch]
            accepted = validate({name: pa.concat_tables(each[name] for each in tables) for name in schemas})
            append_staged(connection, "project", accepted.tables["project"].select(_ELECTED_BY))
            put_aside(accepted.tables["contact"], accepted.tables["project"])
            _stage_outcomes(run, batch, accepted.rejects, accepted.findings)
            for chunk in batch:
                for name, path in chunk.aside.items():
                    run.aside[name].append(path)


def _files_a_chunk(run: Run, count: int) -> int:
    """How many files are a task: more of very many, where each task is paid for."""
    if _elsewhere(run) is None:
        return _FILES_A_CHUNK
    return max(_FILES_A_CHUNK, min(_FILES_A_CHUNK_ELSEWHERE, count // _CHUNKS_ELSEWHERE))


def _elsewhere(run: Run) -> ChunkMapper | None:
    """What parses the chunks instead of this machine; nothing for a dry run, which has no place to lay rows aside."""
    return None if run.settings.dry_run else run.parse_elsewhere


def _told_of(run: Run, chunks: Iterator[Chunk], count: int) -> Iterator[Chunk]:
    """The same chunks; who watches the run is told of each as it comes, since ten are many pages."""
    done = 0
    for chunk in chunks:
        done += chunk.files.num_rows
        run.progress.advance(done, count)
        yield chunk


def _chunks(run: Run, tasks: Iterator[ChunkTask], count: int) -> Generator[Chunk, None, None]:
    """The parsed chunks in the order of the tasks."""
    if (elsewhere := _elsewhere(run)) is not None:
        return elsewhere(tasks)
    return map_in_order(
        parse_chunk,
        tasks,
        workers=workers_for(count, run.settings.workers),
        preload="esf_etl.batch",
        ahead=_CHUNKS_A_BATCH + 2,
    )


@contextmanager
def _contacts(run: Run) -> Iterator[Callable[[pa.Table, pa.Table], None]]:
    """What puts contacts aside for the vault where the run is to keep them, and else forgets them."""
    if run.settings.dry_run or not run.settings.with_contacts:
        yield lambda contacts, projects: None  # noqa: ARG005
        return
    from esf_etl.warehouse.vault import ArrivingContacts

    assert run.suppression is not None  # noqa: S101 - it is read when the run begins
    arriving = ArrivingContacts(run.folder, run.suppression)
    try:
        yield arriving.add
    finally:
        arriving.close()


def _stage_outcomes(run: Run, batch: list[Chunk], broken: pa.Table, odd: pa.Table) -> None:
    """Stage what became of each file: the parser's rejects and findings, and those of the validation."""
    append_staged(run.connection, "file", pa.concat_tables(chunk.files for chunk in batch))
    append_staged(run.connection, "applied", pa.concat_tables(chunk.applied for chunk in batch))
    rejects = with_lines(broken, lambda number: _page_of(run, number))
    for name, parsed, validated in (
        ("reject", pa.concat_tables(chunk.rejects for chunk in batch), rejects),
        ("finding", pa.concat_tables(chunk.findings for chunk in batch), odd),
    ):
        append_staged(run.connection, name, parsed)
        append_staged(run.connection, name, validated.select(parsed.schema.names).cast(parsed.schema))


def _page_of(run: Run, number: int) -> bytes:
    found = run.connection.execute("SELECT path FROM work.todo WHERE file_no = $number", {"number": number}).fetchone()
    assert found is not None  # noqa: S101 - a reject is of a file of this run
    return page_bytes(run.settings.landing, found[0], limit=run.settings.max_page_bytes)


def _tasks(run: Run, schemas: dict[str, pa.Schema], count: int, size: int) -> Iterator[ChunkTask]:
    """The `count` files to read in the order of their numbers, as tasks of `size` files.

    All rows are put aside but contacts, which must not reach the disk but in the vault. A dry run has no folder for
    them.
    """
    root = str(run.settings.landing)
    forgotten = run.suppression.forgotten() if run.suppression else None
    masking = Masking(prose=run.settings.mask_prose, forgotten=forgotten)
    corrections = corrections_of(run.overrides)
    for first in range(0, count, size * _TASKS_ASKED_FOR_AT_ONCE):
        rows = run.connection.execute(
            "SELECT file_no, path, size_bytes, mtime_ns, known_sha256, etag FROM work.todo"
            " WHERE file_no >= $first AND file_no < $last ORDER BY file_no",
            {"first": first, "last": first + size * _TASKS_ASKED_FOR_AT_ONCE},
        ).fetchall()
        files = list(map(WaitingFile._make, rows))
        for start in range(0, len(files), size):
            aside = {
                name: str(run.staging / f"{name}.{first + start:09}.arrow")
                for name in ([] if run.settings.dry_run else _PUT_ASIDE)
            }
            yield ChunkTask(
                root, files[start : start + size], schemas, run.settings.max_page_bytes, aside, masking, corrections
            )
