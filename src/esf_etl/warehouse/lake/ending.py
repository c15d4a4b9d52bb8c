"""The end of versions in a lake: what it costs follows what ends, not what is there.

An UPDATE reads all columns of all files, to write a few rows anew. Here the rows are looked for by their narrow
columns, and the rest is read only of the row groups that hold one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from esf_etl.errors import AuditFailed
from esf_etl.warehouse.create import HISTORY
from esf_etl.warehouse.database import count_rows, script
from esf_schemas.ddl import literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["PLACES_MOST", "end_versions"]

PLACES_MOST = 10_000
"""So many rows of a file are looked for by their places. More lie nearly everywhere: then it is read whole."""


def end_versions(connection: DuckDBPyConnection, database: str, table: str) -> None:
    """End the rows of one table that were current until now, of the projects that are loaded or are none any more.

    The same as `close_versions.sql`, within a transaction. Raises `AuditFailed` where not every row was found again.
    """
    connection.execute(script("ending", {"table": table}))
    ended = count_rows(connection, "FROM ending")
    if not ended:
        return
    rows = f"{database}.{HISTORY}.{table}"
    # A file each: places in one file say nothing about the row groups of another.
    files = [literal(name) for (name,) in connection.execute("SELECT DISTINCT filename FROM ending").fetchall()]
    found = " UNION ALL ".join(
        f"SELECT * FROM {rows} WHERE filename = {name}"
        f" AND file_row_number IN (SELECT file_row_number FROM ending WHERE filename = {name})"
        for name in files
    )
    # Written before the others are deleted: with their end they are none of those.
    connection.execute(
        f"INSERT INTO {rows} BY NAME SELECT * REPLACE (getvariable('run_at') AS valid_to) FROM ({found})"
    )
    written = count_rows(connection, f"FROM {rows} WHERE valid_to = getvariable('run_at')")
    [(deleted,)] = connection.execute(
        f"DELETE FROM {rows} WHERE valid_to IS NULL AND project_id IN ("
        " SELECT project_id FROM work.election WHERE outcome = 'loaded' UNION ALL SELECT project_id FROM work.disowned)"
    ).fetchall()
    if not ended == written == deleted:
        msg = f"of {ended} rows of {table} that end, {written} were written and {deleted} deleted."
        raise AuditFailed(msg, code="law-broken", advice="This is a bug; nothing was published.")
