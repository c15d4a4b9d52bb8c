"""A lake for whoever only reads: as it is when it is opened, whatever is published meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from esf_etl.warehouse.lake.attach import load_extensions, newest_snapshot, open_lake
from esf_etl.warehouse.lake.release import refuse_empty

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from esf_etl.warehouse.lake.address import Lake

__all__ = ["NAME", "open_lake_reader"]

NAME = "esf"
"""The name of the database in a query, as a published file has it."""


def open_lake_reader(lake: Lake) -> DuckDBPyConnection:
    """A connection that reads one snapshot of the lake, the newest, and nothing else: no file of this machine.

    Raises `WarehouseError` where the lake cannot be reached, or nothing was published there.
    """
    connection = duckdb.connect(":memory:", config={"python_enable_replacements": "false", "temp_directory": ""})
    try:
        connection.execute("SET enable_progress_bar = false")  # on stdout, into the answer of a slow query
        load_extensions(connection)
        open_lake(connection, lake, NAME)
        refuse_empty(connection, NAME, lake)
        # One snapshot for all queries of this connection.
        snapshot = newest_snapshot(connection, NAME)
        connection.execute(f"DETACH {NAME}")
        open_lake(connection, lake, NAME, snapshot=snapshot)
        data = connection.execute(
            f"SELECT value FROM ducklake_options('{NAME}') WHERE option_name = 'data_path' LIMIT 1"
        ).fetchone()
        connection.execute("SET allowed_directories = $folders", {"folders": [data[0] if data else ""]})
        connection.execute(f"USE {NAME}")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
    except BaseException:
        connection.close()
        raise
    return connection
