"""What a query of the published database may be: one that reads. Everything else is refused before it is begun.

A read-only database and DuckDB's own lock are not enough. It allows itself to write the log files that belong beside an
open database, and with that lets `COPY … TO 'esf.duckdb.wal'` through: a file that the next reader would stumble over.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import duckdb
from duckdb import StatementType

from esf_etl.errors import QueryError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["refuse_all_but_reading"]

_GAPS = r"(?:\s+|--[^\n]*(?:\n|$)|/\*.*?\*/)"
_EXPLAIN = re.compile(rf"{_GAPS}*EXPLAIN{_GAPS}*(?:ANALYZE{_GAPS}*)?(?:\([^()]*\){_GAPS}*)?", re.IGNORECASE | re.DOTALL)
_SWITCHES = re.compile(r"(?:enable|disable)_logging|truncate_duckdb_logs", re.IGNORECASE)
"""Functions that a SELECT can call and that change something: the logs of the process, which would go to files."""


def refuse_all_but_reading(connection: DuckDBPyConnection, query: str) -> None:
    """Raise `QueryError` where one of the statements of a query is none that reads.

    Those that do are SELECT in all its forms (FROM, SHOW, DESCRIBE, SUMMARIZE, PIVOT, the PRAGMAs that only tell) and
    EXPLAIN of one. It is parsed by the connection that will run it: even to parse IMPORT opens a file.
    """
    if found := _SWITCHES.search(query):
        raise _refused(found[0].lower())
    for statement in _statements(connection, query):
        if statement.type == StatementType.EXPLAIN:
            explained = _EXPLAIN.sub("", statement.query, count=1)
            for inner in _statements(connection, explained):
                if inner.type != StatementType.SELECT:  # EXPLAIN ANALYZE carries out what it explains
                    raise _refused(f"EXPLAIN of {_name(inner)}")
        # A PIVOT is a SELECT after a type of its own, whose statement nobody wrote.
        elif statement.type != StatementType.SELECT and not (
            statement.type == StatementType.CREATE and not statement.query
        ):
            raise _refused(_name(statement))


def _statements(connection: DuckDBPyConnection, query: str) -> list[duckdb.Statement]:
    try:
        return connection.extract_statements(query)
    except duckdb.Error as problem:
        raise QueryError(str(problem)) from problem


def _name(statement: duckdb.Statement) -> str:
    return str(statement.type).rpartition(".")[2]


def _refused(what: str) -> QueryError:
    return QueryError(
        f"{what} is refused: a query may only read what is published.",
        advice="Write a SELECT. To work on the data, copy the database or read the Parquet files.",
    )
