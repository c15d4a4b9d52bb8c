"""How the rows of a lake lie in their Parquet files: said when the lake is made, and kept in its catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from esf_etl.warehouse.create import HISTORY
from esf_schemas import PROJECT_TABLES

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["lay_out"]

_ROWS_A_GROUP = 10_240
_PROSE_ROWS_A_GROUP = 2_048
"""The fewest that DuckDB takes: a row group is held in memory until it is full, and read as a whole where one row of it
is wanted, as a night does to end a version. It makes the files 6 % larger than ten thousand rows would.
"""


def lay_out(connection: DuckDBPyConnection, name: str) -> None:
    """Say how the tables of the attached lake are written.

    To be called when they are committed: DuckLake takes no options for tables that a transaction has just made.
    """
    connection.execute(f"CALL {name}.set_option('parquet_compression', 'zstd')")
    for contract in PROJECT_TABLES:
        table = contract.table()
        rows = _PROSE_ROWS_A_GROUP if any(column.prose for column in table.columns) else _ROWS_A_GROUP
        where = f"schema => '{HISTORY}', table_name => '{table.name}'"
        connection.execute(f"CALL {name}.set_option('parquet_row_group_size', {rows}, {where})")
