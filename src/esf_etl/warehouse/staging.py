"""Rows on their way from pages to the warehouse: files of them, and tables of the workspace for what is decided by."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from duckdb import DuckDBPyConnection

__all__ = ["WORK", "append_staged", "loaded_batches", "loaded_files", "staged_rows"]

WORK = "work"
"""The schema of the workspace that holds this run's rows on their way."""


def append_staged(connection: DuckDBPyConnection, name: str, rows: pa.Table) -> None:
    """Add Arrow rows to a table of the workspace, which the first rows create."""
    connection.register("arriving", rows)
    connection.execute(f"CREATE TABLE IF NOT EXISTS {WORK}.{name} AS FROM arriving LIMIT 0")
    connection.execute(f"INSERT INTO {WORK}.{name} FROM arriving")
    connection.unregister("arriving")


def loaded_files(connection: DuckDBPyConnection) -> pa.Array:
    """The numbers of the files that were elected to give the version of their project."""
    found = connection.execute(f"SELECT file_no FROM {WORK}.election WHERE outcome = 'loaded'").to_arrow_table()
    return found["file_no"].combine_chunks()


def loaded_batches(path: str, loaded: pa.Array) -> Iterator[pa.RecordBatch]:
    """The rows of an Arrow file that are of loaded files: as they lie there, where all of them are."""
    # Imported here: a night with nothing new does not need it.
    import pyarrow.compute as pc

    file = pa.ipc.open_file(pa.memory_map(path))
    for number in range(file.num_record_batches):
        batch = file.get_batch(number)
        taken = pc.is_in(batch["file_no"], loaded)
        yield batch if taken.true_count == batch.num_rows else batch.filter(taken)


def staged_rows(connection: DuckDBPyConnection, paths: Sequence[str]) -> int:
    """How many of the rows in Arrow files of one table are of loaded files."""
    loaded = loaded_files(connection)
    return sum(batch.num_rows for path in paths for batch in loaded_batches(path, loaded))
