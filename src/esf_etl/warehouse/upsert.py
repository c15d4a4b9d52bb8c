"""One transaction on the copy: current rows, history, ledger, rejects, findings and the run."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from esf_etl.warehouse.create import HISTORY
from esf_etl.warehouse.database import script
from esf_etl.warehouse.staging import WORK, loaded_batches, loaded_files
from esf_schemas import PROJECT_TABLES, arrow_schema, contract

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from duckdb import DuckDBPyConnection

    from esf_schemas import Table

__all__ = ["COPY", "EndVersions", "elect", "record_runs", "upsert"]

EndVersions = Callable[["DuckDBPyConnection", str, str], None]
"""Ends the versions of a table: called with the connection, and the names of database and table."""

COPY = "esf"
"""The name under which the copy is attached while it is written."""

# What the writer knows of a row and the page does not.
_WRITTEN = {
    "valid_from": "getvariable('run_at')",
    "valid_to": "NULL",
    "run_id": "getvariable('run_id')",
    "landing": "getvariable('landing')",
    "source_path": "seen.path",
    "source_mtime_ns": "seen.mtime_ns",
    "cause": "election.cause",
}


def elect(connection: DuckDBPyConnection) -> dict[str, int]:
    """Choose the version of each staged project; returns how many files came to each outcome."""
    connection.execute(script("elect"))
    rows = connection.execute(f"SELECT outcome, count(*) FROM {WORK}.election GROUP BY outcome").fetchall()
    return dict(rows)


def upsert(
    connection: DuckDBPyConnection, aside: Mapping[str, Sequence[str]], *, end_versions: EndVersions | None = None
) -> None:
    """Write the elected versions, the ledger, rejects and findings into the copy. The caller holds the transaction.

    `aside` names for each project table the Arrow files of its staged rows. `end_versions` ends the versions of a table
    in place of an UPDATE, where another engine does that better.
    """
    loaded = loaded_files(connection)
    threads = connection.execute("SELECT current_setting('threads')").fetchone()
    # In one thread: one reads the files, whoever compresses, so that two take as long for twice the work and memory.
    connection.execute("SET threads = 1")
    for each in PROJECT_TABLES:
        table = each.table()
        if end_versions is not None:
            end_versions(connection, COPY, table.name)
        else:
            connection.execute(script("close_versions", {"table": table.name}))
        if aside.get(table.name):
            _insert_loaded(connection, table, aside[table.name], loaded)
    connection.execute(f"SET threads = {threads[0] if threads else 1}")
    connection.execute(script("ledger"))
    connection.execute(script("findings"))


def _insert_loaded(connection: DuckDBPyConnection, table: Table, paths: Sequence[str], loaded: pa.Array) -> None:
    """Insert the rows of loaded files from Arrow files, each mapped into memory while it is read.

    Joined with what the run knows of the file only where the table has a column of that: a join takes three times as
    long to hand prose on.
    """
    values = ", ".join(
        f"staged.{column.name}" if column.staged else f"{_WRITTEN[column.name]} AS {column.name}"
        for column in table.columns
    )
    known = ""
    if "seen." in values:
        known = (
            f" JOIN {WORK}.election AS election ON election.file_no = staged.file_no"
            f" JOIN {WORK}.seen AS seen ON seen.file_no = staged.file_no"
        )
    schema = pa.ipc.open_file(pa.memory_map(paths[0])).schema
    batches = (batch for path in paths for batch in loaded_batches(path, loaded))
    connection.register("staged", pa.RecordBatchReader.from_batches(schema, batches))
    connection.execute(f"INSERT INTO {COPY}.{HISTORY}.{table.name} BY NAME SELECT {values} FROM staged{known}")
    connection.unregister("staged")


def record_runs(connection: DuckDBPyConnection, runs: Sequence[dict[str, Any]]) -> None:
    """Add to `etl.run` of the copy the runs that it does not have yet."""
    rows = pa.Table.from_pylist(list(runs), schema=arrow_schema(contract("run")))
    connection.register("arriving", rows)
    connection.execute(
        f"INSERT INTO {COPY}.etl.run BY NAME"
        f" SELECT arriving.* FROM arriving ANTI JOIN {COPY}.etl.run AS known USING (run_id)"
    )
    connection.unregister("arriving")
