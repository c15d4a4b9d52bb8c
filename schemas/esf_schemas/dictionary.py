"""Contracts as the data dictionary: every column of every table, for programs and for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from esf_schemas.ddl import sql_type
from esf_schemas.diagram import diagram
from esf_schemas.registry import CONTRACTS, ETL_TABLES, PROJECT_TABLES, REF_TABLES, VAULT_TABLES

if TYPE_CHECKING:
    from esf_schemas.model import Column, Table

__all__ = ["DictionaryEntry", "dictionary", "dictionary_markdown"]

_INTRODUCTION = """\
Every table and column of the warehouse, as the contracts describe them; `esf-etl dictionary` prints this page. The
project tables are views of the current rows; `history` has tables of the same names and columns with all versions.
Keys are held by construction and audit, not by the database. The views of the schema `report` are in
[reports.md](reports.md).

NULL says whether a value may be missing. Marks: **key** (with the others of its table it tells the rows apart),
**personal data** (a value can be personal; where it is, it is left out of the warehouse), **lineage** (where the row
came from: left out of the digest)."""

_DIAGRAMS = (
    (
        "What pages say, and what its codes stand for (`contact` is in the private vault):",
        (*PROJECT_TABLES, *REF_TABLES, *VAULT_TABLES),
    ),
    ("What the job did:", ETL_TABLES),
)


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
    """The data dictionary as Markdown: diagrams of how the tables join, then one section a table."""
    parts = ["# Data dictionary", _INTRODUCTION]
    for text, contracts in _DIAGRAMS:
        parts += [text, f"```mermaid\n{diagram(contracts)}\n```"]
    for contract in CONTRACTS:
        table = contract.table()
        parts += [f"## {table.schema}.{table.name}", table.description, _rows(table)]
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


def _rows(table: Table) -> str:
    """A table's columns as the rows of a Markdown table."""
    rows = ["| column | type | unit | NULL | marks | meaning |", "| --- | --- | --- | --- | --- | --- |"]
    for column in table.columns:
        marks = [
            word
            for word, told in (
                ("key", column.name in table.key),
                ("personal data", column.pii),
                ("lineage", column.lineage),
            )
            if told
        ]
        cells = (
            f"`{column.name}`",
            sql_type(column.dtype),
            column.unit or "",
            "yes" if column.nullable else "no",
            ", ".join(marks),
            column.description,
        )
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows)
