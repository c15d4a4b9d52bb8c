"""Whether a lake's tables are those of this release."""

from __future__ import annotations

from typing import TYPE_CHECKING

from esf_etl.errors import WarehouseError
from esf_etl.warehouse.create import HISTORY
from esf_etl.warehouse.lake.attach import is_made
from esf_schemas import ETL_TABLES, PROJECT_TABLES
from esf_schemas.ddl import sql_type

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from esf_etl.warehouse.lake.address import Lake

__all__ = ["refuse_empty", "refuse_other_release"]


def refuse_empty(connection: DuckDBPyConnection, name: str, lake: Lake) -> None:
    """Raise `WarehouseError` where nothing was published in the attached lake yet."""
    if not is_made(connection, name):
        msg = "nothing was published in this lake yet."
        raise WarehouseError(msg, path=str(lake), advice="Make it by a first `esf-etl ingest`, with --lake-data.")


def refuse_other_release(connection: DuckDBPyConnection, name: str, lake: Lake) -> None:
    """Raise `WarehouseError` where a table of the attached lake has other columns than its contract, or is missing.

    A lake has no manifest to say its version; its columns do.
    """
    rows = connection.execute(
        "SELECT schema_name, table_name, column_name, data_type FROM duckdb_columns() WHERE database_name = ?", [name]
    ).fetchall()
    found = {(schema, table, column): type_ for schema, table, column, type_ in rows}
    for contract in (*PROJECT_TABLES, *ETL_TABLES):
        table = contract.table()
        schema = HISTORY if contract in PROJECT_TABLES else table.schema
        wanted = {(schema, table.name, column.name): sql_type(column.dtype) for column in table.columns}
        there = {key: type_ for key, type_ in found.items() if key[:2] == (schema, table.name)}
        if wanted != there:
            msg = f"its table {schema}.{table.name} is that of another release, or is missing."
            advice = "Use the release that made the lake, or make a new lake with this one."
            raise WarehouseError(msg, code="schema-version", path=str(lake), advice=advice)
