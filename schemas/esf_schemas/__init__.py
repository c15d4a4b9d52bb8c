"""The contracts of the warehouse's tables: one pandera model a table, and what is derived from it.

A column is described once, in its contract. DDL, COMMENTs, Arrow schemas and the data dictionary follow from
that.
"""

from __future__ import annotations

from esf_schemas.arrow import FILE_NO, arrow_schema, staged_arrow_schema
from esf_schemas.ddl import comment_on, comment_sql, create_table_sql, literal
from esf_schemas.dictionary import dictionary, dictionary_markdown
from esf_schemas.model import Column, Contract, Table
from esf_schemas.registry import (
    CONTRACTS,
    ETL_TABLES,
    PROJECT_TABLES,
    REF_TABLES,
    SCHEMA_VERSION,
    STAGED_TABLES,
    VAULT_TABLES,
    contract,
)
from esf_schemas.rules import FALLBACK, RULES, Rule

__all__ = [
    "CONTRACTS",
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
