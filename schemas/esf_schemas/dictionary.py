"""Contracts as the data dictionary: every column of every table, for programs and for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from esf_schemas.ddl import sql_type
from esf_schemas.registry import CONTRACTS

if TYPE_CHECKING:
    from esf_schemas.model import Column, Table

__all__ = ["DictionaryEntry", "dictionary", "dictionary_markdown"]


class DictionaryEntry(TypedDict):
    """One column: where it is, its DuckDB type, what it holds."""

    schema: str
    table: str
    column: str
    type: str
    nullable: bool
    unit: str | None
    pii: bool
    lineage: bool
    key: bool
    description: str


def dictionary() -> list[DictionaryEntry]:
    """All columns of all contracts, JSON-ready, in the order of the tables and their columns."""
    return [_entry(contract.table(), column) for contract in CONTRACTS for column in contract.table().columns]


def dictionary_markdown() -> str:
    """The data dictionary as Markdown, one section a table."""
    parts = ["# Data dictionary"]
    for contract in CONTRACTS:
        table = contract.table()
        parts.append(f"## {table.schema}.{table.name}")
        parts.append(table.description)
        rows = ["| column | type | unit | description |", "| --- | --- | --- | --- |"]
        for column in table.columns:
            cells = (f"`{column.name}`", sql_type(column.dtype), column.unit or "", _told(table, column))
            rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
        parts.append("\n".join(rows))
    return "\n\n".join(parts) + "\n"


def _entry(table: Table, column: Column) -> DictionaryEntry:
    return {
        "schema": table.schema,
        "table": table.name,
        "column": column.name,
        "type": sql_type(column.dtype),
        "nullable": column.nullable,
        "unit": column.unit,
        "pii": column.pii,
        "lineage": column.lineage,
        "key": column.name in table.key,
        "description": column.description,
    }


def _told(table: Table, column: Column) -> str:
    """The description, with what else an analyst should know of the column."""
    marks = [
        word
        for word, told in (
            ("key", column.name in table.key),
            ("never null", not column.nullable),
            ("personal data", column.pii),
            ("lineage", column.lineage),
        )
        if told
    ]
    return f"{column.description} ({', '.join(marks)})" if marks else column.description
