"""The contracts of the warehouse's tables: one pandera model a table, and what is derived from it.

A column is described once, in its contract. DDL, COMMENTs, Arrow schemas and the data dictionary follow from
that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from esf_schemas.version import ADDED_COLUMNS, SCHEMA_VERSION

if TYPE_CHECKING:
    from esf_schemas.arrow import FILE_NO, arrow_schema, staged_arrow_schema
    from esf_schemas.ddl import DUCKDB, DUCKLAKE, Dialect, comment_on, comment_sql, create_table_sql, literal
    from esf_schemas.dictionary import dictionary, dictionary_markdown
    from esf_schemas.model import Column, Contract, Table
    from esf_schemas.registry import (
        CONTRACTS,
        ETL_TABLES,
        PROJECT_TABLES,
        REF_TABLES,
        STAGED_TABLES,
        VAULT_TABLES,
        contract,
    )
    from esf_schemas.rules import FALLBACK, RULES, Rule

__all__ = [
    "ADDED_COLUMNS",
    "CONTRACTS",
    "DUCKDB",
    "DUCKLAKE",
    "ETL_TABLES",
    "FALLBACK",
    "FILE_NO",
    "PROJECT_TABLES",
    "REF_TABLES",
    "RULES",
    "SCHEMA_VERSION",
    "STAGED_TABLES",
    "VAULT_TABLES",
    "Column",
    "Contract",
    "Dialect",
    "Rule",
    "Table",
    "arrow_schema",
    "comment_on",
    "comment_sql",
    "contract",
    "create_table_sql",
    "dictionary",
    "dictionary_markdown",
    "literal",
    "staged_arrow_schema",
]

_LOADED_WHEN_USED = {
    "CONTRACTS": "registry",
    "Column": "model",
    "Contract": "model",
    "DUCKDB": "ddl",
    "DUCKLAKE": "ddl",
    "Dialect": "ddl",
    "ETL_TABLES": "registry",
    "FALLBACK": "rules",
    "FILE_NO": "arrow",
    "PROJECT_TABLES": "registry",
    "REF_TABLES": "registry",
    "RULES": "rules",
    "Rule": "rules",
    "STAGED_TABLES": "registry",
    "Table": "model",
    "VAULT_TABLES": "registry",
    "arrow_schema": "arrow",
    "comment_on": "ddl",
    "comment_sql": "ddl",
    "contract": "registry",
    "create_table_sql": "ddl",
    "dictionary": "dictionary",
    "dictionary_markdown": "dictionary",
    "literal": "ddl",
    "staged_arrow_schema": "arrow",
}


def __getattr__(name: str) -> Any:
    """Load the contracts when one is first asked for: a night with nothing new needs their version alone."""
    if name not in _LOADED_WHEN_USED:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    from importlib import import_module

    for each, module in _LOADED_WHEN_USED.items():
        globals()[each] = getattr(import_module(f"esf_schemas.{module}"), each)
    return globals()[name]
