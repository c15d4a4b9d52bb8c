"""Rows on their way from pages to the warehouse: files of them, and tables of the workspace for what is decided by."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import pyarrow as pa

from esf_schemas.version import ADDED_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from duckdb import DuckDBPyConnection

    from esf_etl.landing import LandingFile

__all__ = [
    "WORK",
    "append_listed",
    "append_staged",
    "ledger_of_base",
    "loaded_batches",
    "loaded_files",
    "staged_rows",
]

WORK = "work"
"""The schema of the workspace that holds this run's rows on their way."""

_LISTED_AT_ONCE = 500
"""So few that Python does not look for garbage among them."""
_BATCHES_AN_INSERT = 40

_LISTED = pa.schema(
    [
        ("path", pa.string()),
        ("size_bytes", pa.int64()),
        ("mtime_ns", pa.int64()),
        ("ctime_ns", pa.int64()),
        ("deferred", pa.bool_()),
        ("etag", pa.string()),
    ]
)


def ledger_of_base(connection: DuckDBPyConnection) -> None:
    """The ledger of the attached `base` as a view of the workspace, whichever release made it."""
    added = ", ".join(f"NULL::VARCHAR AS {name}" for _, table, name in ADDED_COLUMNS if table == "landing_file")
    connection.execute(
        f"CREATE VIEW {WORK}.ledger AS FROM base.etl.landing_file UNION ALL BY NAME SELECT {added} WHERE FALSE"
    )


def append_listed(connection: DuckDBPyConnection, files: Iterator[LandingFile], *, names_twice: bool = False) -> int:
    """Put the files of the landing folder into the table `listed` of the workspace; returns how many there are.

    With `names_twice` a path may come again, and is left out then: the markers that object stores show as folders, with
    a slash at the end of their names, are listed without it.
    """
    append_staged(connection, "listed", _LISTED.empty_table())
    batches = _batches(files)
    count = 0
    while some := list(islice(batches, _BATCHES_AN_INSERT)):
        count += sum(batch.num_rows for batch in some)
        append_staged(connection, "listed", pa.Table.from_batches(some))
    if names_twice:
        again = f"rowid NOT IN (SELECT min(rowid) FROM {WORK}.listed GROUP BY path)"
        count -= len(connection.execute(f"DELETE FROM {WORK}.listed WHERE {again} RETURNING path").fetchall())
    return count


def _batches(files: Iterator[LandingFile]) -> Iterator[pa.RecordBatch]:
    while some := list(islice(files, _LISTED_AT_ONCE)):
        columns = zip(zip(*some, strict=True), _LISTED.types, strict=True)
        yield pa.record_batch([pa.array(column, type_) for column, type_ in columns], schema=_LISTED)


def append_staged(connection: DuckDBPyConnection, name: str, rows: pa.Table) -> None:
    """Add Arrow rows to a table of the workspace, which the first rows create."""
    connection.register("arriving", rows)
    connection.execute(f"CREATE TABLE IF NOT EXISTS {WORK}.{name} AS FROM arriving LIMIT 0")
    connection.execute(f"INSERT INTO {WORK}.{name} FROM arriving")
    connection.unregister("arriving")


def loaded_files(connection: DuckDBPyConnection) -> pa.Array:
    """For each file number of the run, from 0, whether that file was elected to give the version of its project."""
    found = connection.execute(
        f"SELECT coalesce(election.outcome = 'loaded', FALSE) AS loaded FROM {WORK}.todo AS todo"
        f" LEFT JOIN {WORK}.election AS election ON election.file_no = todo.file_no ORDER BY todo.file_no"
    ).to_arrow_table()
    return found["loaded"].combine_chunks()


def loaded_batches(path: str, loaded: pa.Array) -> Iterator[pa.RecordBatch]:
    """The rows of an Arrow file that are of loaded files: as they lie there, where all of them are."""
    file = pa.ipc.open_file(pa.memory_map(path))
    for number in range(file.num_record_batches):
        batch = file.get_batch(number)
        taken = loaded.take(batch["file_no"])
        yield batch if taken.true_count == batch.num_rows else batch.filter(taken)


def staged_rows(paths: Sequence[str], loaded: pa.Array) -> int:
    """How many of the rows in Arrow files of one table are of loaded files."""
    return sum(batch.num_rows for path in paths for batch in loaded_batches(path, loaded))
