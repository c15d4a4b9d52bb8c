"""One transaction on the copy: current rows, history, ledger, rejects, findings and the run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from esf_etl.warehouse.create import HISTORY
from esf_etl.warehouse.database import script
from esf_schemas import PROJECT_TABLES, arrow_schema, contract

if TYPE_CHECKING:
    from collections.abc import Sequence

    from duckdb import DuckDBPyConnection

__all__ = ["COPY", "WORK", "append_staged", "elect", "record_runs", "stage_aside", "upsert"]

WORK = "work"
"""The schema of the workspace that holds this run's rows on their way."""

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


def append_staged(connection: DuckDBPyConnection, name: str, rows: pa.Table) -> None:
    """Add Arrow rows to a table of the workspace, which the first rows create."""
    connection.register("arriving", rows)
    connection.execute(f"CREATE TABLE IF NOT EXISTS {WORK}.{name} AS FROM arriving LIMIT 0")
    connection.execute(f"INSERT INTO {WORK}.{name} FROM arriving")
    connection.unregister("arriving")


def stage_aside(connection: DuckDBPyConnection, name: str, schema: pa.Schema, paths: Sequence[str]) -> None:
    """Make the rows of Arrow files a table of the workspace; they are read from there each time, and never held."""
    if paths:
        # Imported here: a night with nothing new does not need it.
        from pyarrow import dataset, fs

        rows = dataset.dataset(list(paths), schema=schema, format="ipc", filesystem=fs.LocalFileSystem(use_mmap=True))
    else:
        rows = schema.empty_table()
    connection.register(f"aside_{name}", rows)
    connection.execute(f"CREATE VIEW {WORK}.{name} AS FROM aside_{name}")


def elect(connection: DuckDBPyConnection) -> dict[str, int]:
    """Choose the version of each staged project; returns how many files came to each outcome."""
    connection.execute(script("elect"))
    rows = connection.execute(f"SELECT outcome, count(*) FROM {WORK}.election GROUP BY outcome").fetchall()
    return dict(rows)


def upsert(connection: DuckDBPyConnection) -> None:
    """Write the elected versions, the ledger, rejects and findings into the copy. The caller holds the transaction."""
    for each in PROJECT_TABLES:
        table = each.table()
        connection.execute(script("close_versions", {"table": table.name}))
        values = ", ".join(
            f"staged.{column.name}" if column.staged else f"{_WRITTEN[column.name]} AS {column.name}"
            for column in table.columns
        )
        connection.execute(
            f"INSERT INTO {COPY}.{HISTORY}.{table.name} BY NAME SELECT {values} FROM {WORK}.{table.name} AS staged"
            f" JOIN {WORK}.election AS election ON election.file_no = staged.file_no AND election.outcome = 'loaded'"
            f" JOIN {WORK}.seen AS seen ON seen.file_no = staged.file_no"
        )
    connection.execute(script("ledger"))
    connection.execute(script("findings"))


def record_runs(connection: DuckDBPyConnection, runs: Sequence[dict[str, Any]]) -> None:
    """Add to `etl.run` of the copy the runs that it does not have yet."""
    rows = pa.Table.from_pylist(list(runs), schema=arrow_schema(contract("run")))
    connection.register("arriving", rows)
    connection.execute(
        f"INSERT INTO {COPY}.etl.run BY NAME"
        f" SELECT arriving.* FROM arriving ANTI JOIN {COPY}.etl.run AS known USING (run_id)"
    )
    connection.unregister("arriving")
