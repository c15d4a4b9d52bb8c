"""Contracts as SQL: CREATE TABLE and COMMENT statements in DuckDB's dialect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Collection

    from esf_schemas.model import Contract

__all__ = ["DUCKDB", "DUCKLAKE", "Dialect", "comment_on", "comment_sql", "create_table_sql", "literal", "sql_type"]

_SQL_TYPES: dict[pl.DataType, str] = {
    pl.String(): "VARCHAR",
    pl.Int32(): "INTEGER",
    pl.Int64(): "BIGINT",
    pl.Boolean(): "BOOLEAN",
    pl.Date(): "DATE",
    pl.Datetime("us"): "TIMESTAMP",
}


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a catalogue takes of the statements of a contract."""

    column_compression: bool
    """Whether a column may name its compression."""
    comments_on_view_columns: bool
    comments_on_macros: bool


DUCKDB = Dialect(column_compression=True, comments_on_view_columns=True, comments_on_macros=True)
"""A database file of DuckDB."""

DUCKLAKE = Dialect(column_compression=False, comments_on_view_columns=False, comments_on_macros=False)
"""DuckLake 1.5.5, which refuses all three; its Parquet files have one compression for all columns."""


def sql_type(dtype: pl.DataType) -> str:
    """The DuckDB type of a polars type; raises `KeyError` for a type that no contract may use."""
    if isinstance(dtype, pl.Decimal):
        return f"DECIMAL({dtype.precision},{dtype.scale})"
    return _SQL_TYPES[dtype]


def create_table_sql(contract: type[Contract], schema: str | None = None, *, dialect: Dialect = DUCKDB) -> str:
    """The CREATE TABLE statement of a contract, without a semicolon; `schema` defaults to the contract's own.

    Keys are held by construction and audit: a PRIMARY KEY would cost an index, and DuckLake has none.
    """
    table = contract.table()
    lines = []
    for column in table.columns:
        null = "" if column.nullable else " NOT NULL"
        compression = " USING COMPRESSION zstd" if column.prose and dialect.column_compression else ""
        lines.append(f"    {column.name} {sql_type(column.dtype)}{null}{compression}")
    return f"CREATE TABLE {schema or table.schema}.{table.name} (\n" + ",\n".join(lines) + "\n)"


def literal(text: str) -> str:
    """A text as a literal of SQL; quotes in it are escaped."""
    return f"'{text.replace(chr(39), chr(39) * 2)}'"


def comment_on(kind: Literal["TABLE", "VIEW", "COLUMN", "MACRO", "MACRO TABLE"], name: str, text: str) -> str:
    """One COMMENT statement, without a semicolon; quotes in `text` are escaped."""
    return f"COMMENT ON {kind} {name} IS {literal(text)}"


def comment_sql(
    contract: type[Contract],
    schema: str | None = None,
    *,
    kind: Literal["table", "view"] = "table",
    columns: Collection[str] | None = None,
) -> str:
    """The COMMENT statements of a table or view and its columns, each ended by a semicolon.

    `schema` is where it lies (default: the contract's own), `columns` which of its columns it has (default:
    all). To create a view anew, also by CREATE OR REPLACE, takes its comments away: run this after.
    """
    table = contract.table()
    name = f"{schema or table.schema}.{table.name}"
    statements = [comment_on("TABLE" if kind == "table" else "VIEW", name, table.description)]
    statements += [
        comment_on("COLUMN", f"{name}.{column.name}", column.description)
        for column in table.columns
        if columns is None or column.name in columns
    ]
    return ";\n".join(statements) + ";"
