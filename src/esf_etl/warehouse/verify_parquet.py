"""Whether the Parquet files of a snapshot say what its database says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from esf_etl.warehouse.database import workspace
from esf_etl.warehouse.folder import PARQUET
from esf_etl.warehouse.publish import GO_BACK, is_intact
from esf_etl.warehouse.verifying import Check, verdict
from esf_schemas import PROJECT_TABLES, REF_TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from esf_etl.warehouse.publish import Manifest
    from esf_schemas import Table

__all__ = ["parquet_checks"]


def parquet_checks(connection: DuckDBPyConnection, snapshot: Path, manifest: Manifest) -> Iterator[Check]:
    """Each table of the open database against its file: columns, types, rows, and one hash over all their values.

    A file that is not the one that was published is not opened.
    """
    wrong = []
    tables = [contract.table() for contract in (*PROJECT_TABLES, *REF_TABLES)]
    with workspace() as files:
        for table in tables:
            name = f"{table.name}.parquet" if table.schema == "main" else f"{table.schema}/{table.name}.parquet"
            listed = f"{PARQUET}/{name}"
            if listed not in manifest.files:
                wrong.append(f"{listed} is not in the manifest")
            elif not is_intact(snapshot, listed):
                wrong.append(f"{listed} was not opened")
            else:
                wrong += _differences(connection, files, table, snapshot / listed, listed)
    yield verdict("parquet", wrong, f"{len(tables)} files say what their tables say.", GO_BACK)


def _differences(
    connection: DuckDBPyConnection, files: DuckDBPyConnection, table: Table, path: Path, listed: str
) -> list[str]:
    quoted = str(path).replace("'", "''")
    try:
        of_table, of_file = (
            _content(source, rows)
            for source, rows in ((connection, f"{table.schema}.{table.name}"), (files, f"read_parquet('{quoted}')"))
        )
    except duckdb.Error as problem:
        return [f"{listed} cannot be read: {str(problem).partition(chr(10))[0]}"]
    if of_table[0] != of_file[0]:
        return [f"{listed} has other columns than {table.name}"]
    if of_table[1] != of_file[1]:
        return [f"{listed} has {of_file[1]} rows, {table.name} has {of_table[1]}"]
    return [] if of_table == of_file else [f"{listed} has other values than {table.name}"]


def _content(connection: DuckDBPyConnection, rows: str) -> tuple[list[tuple[str, str]], int, int]:
    """Columns with their types, number of rows, and a hash of all values that knows no order of rows."""
    columns = [(name, str(kind)) for name, kind, *_ in connection.execute(f"DESCRIBE FROM {rows}").fetchall()]
    names = ", ".join(f'"{name}"' for name, _ in columns)
    row = connection.execute(f"SELECT count(*), coalesce(sum(hash({names})::HUGEINT), 0) FROM {rows}").fetchone()
    count, content = row or (0, 0)
    return columns, int(count), int(content)
