"""What the floor loads: the columns of a published snapshot as Arrow files, made before anything is timed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

if TYPE_CHECKING:
    from pathlib import Path

    from duckdb import DuckDBPyConnection

__all__ = ["TABLES", "export_columns"]

TABLES = "tables.json"
_ROWS_A_BATCH = 20_000


def export_columns(snapshot: Path, folder: Path) -> None:
    """Write each table of a snapshot's database to an uncompressed Arrow file, and to `tables.json` what to make of it.

    For each table that is its name, its CREATE TABLE with the compression its columns have in the snapshot, and the
    columns that its Parquet file has there, None where it has no Parquet.
    """
    folder.mkdir(parents=True)
    with duckdb.connect(str(snapshot / "esf.duckdb"), read_only=True) as connection:
        found = connection.execute("SELECT schema_name, table_name FROM duckdb_tables() WHERE NOT internal").fetchall()
        tables = [
            {
                "schema": schema,
                "name": name,
                "create": _create_sql(connection, schema, name),
                "parquet": _parquet_columns(connection, snapshot / "parquet", schema, name),
            }
            for schema, name in found
        ]
        for schema, name in found:
            reader = connection.execute(f'FROM "{schema}"."{name}"').to_arrow_reader(_ROWS_A_BATCH)
            with (
                pa.OSFile(str(folder / f"{schema}.{name}.arrow"), "wb") as file,
                pa.ipc.new_file(file, reader.schema) as writer,
            ):
                for batch in reader:
                    writer.write_batch(batch)
    (folder / TABLES).write_text(json.dumps(tables, indent=1) + "\n", encoding="utf-8")


def _create_sql(connection: DuckDBPyConnection, schema: str, name: str) -> str:
    """The CREATE TABLE statement; DuckDB itself does not tell what compression was asked for, but what was used."""
    zstd = connection.execute(
        "SELECT DISTINCT column_name FROM pragma_storage_info($table) WHERE compression = 'ZSTD'",
        {"table": f'"{schema}"."{name}"'},
    ).fetchall()
    columns = connection.execute(
        "SELECT column_name, data_type, is_nullable FROM duckdb_columns()"
        " WHERE schema_name = $schema AND table_name = $name ORDER BY column_index",
        {"schema": schema, "name": name},
    ).fetchall()
    lines = [
        f'"{column}" {kind}{"" if nullable else " NOT NULL"}{" USING COMPRESSION zstd" if (column,) in zstd else ""}'
        for column, kind, nullable in columns
    ]
    return f'CREATE TABLE "{schema}"."{name}" ({", ".join(lines)})'


def _parquet_columns(connection: DuckDBPyConnection, parquet: Path, schema: str, name: str) -> list[str] | None:
    """The columns of a table's Parquet, be it one file or a folder of them, in `main` or in the table's own schema."""
    files = [
        path
        for path in parquet.rglob("*.parquet")
        if path.relative_to(parquet).with_suffix("").parts[:1] == (name,)
        or path.relative_to(parquet).with_suffix("").parts[:2] == (schema, name)
    ]
    if not files:
        return None
    described = connection.execute("DESCRIBE FROM read_parquet($file)", {"file": str(min(files))}).fetchall()
    return [column for column, *_ in described]
