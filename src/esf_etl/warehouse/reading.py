"""Questions to the published database, for the commands that only read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from esf_etl.errors import QueryError, SnapshotDamaged, UsageError
from esf_etl.warehouse.database import open_reader
from esf_etl.warehouse.digest import digest
from esf_etl.warehouse.folder import DATABASE, WarehouseFolder
from esf_etl.warehouse.gate import refuse_all_but_reading
from esf_etl.warehouse.publish import GO_BACK

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from esf_etl.warehouse.lake.address import Lake

__all__ = ["open_current", "overrides_in_force", "run_query", "standing_rejects", "warehouse_digest"]


def open_current(root: Path | Lake) -> DuckDBPyConnection:
    """A reader of what is published in this warehouse folder or lake; raises as `open_reader` does.

    Raises `WarehouseError` where `current` points to nothing.
    """
    if not isinstance(root, Path):
        from esf_etl.warehouse.lake.reading import open_lake_reader

        return open_lake_reader(root)
    folder = WarehouseFolder(root)
    folder.current_snapshot()
    return open_reader(folder.current / DATABASE)


def run_query(root: Path | Lake, query: str) -> tuple[list[str], list[str], list[tuple[Any, ...]]]:
    """Column names, their types and all rows of one query.

    Raises `QueryError` with the database's words, or for a query that does more than read.
    """
    with open_current(root) as connection:
        refuse_all_but_reading(connection, query)
        try:
            found: DuckDBPyConnection | None = connection.execute(query)
            if found is None or found.description is None:
                msg = "the query is empty."
                raise UsageError(msg, advice='Write one, such as "FROM project LIMIT 5".')
            description = found.description
            return [column[0] for column in description], [str(column[1]) for column in description], found.fetchall()
        except duckdb.Error as problem:
            raise QueryError(str(problem)) from problem


def standing_rejects(root: Path | Lake) -> list[dict[str, Any]]:
    """The rows of `etl.reject`, by landing, path and ordinal, as dictionaries."""
    names, _, rows = run_query(root, "FROM etl.reject ORDER BY landing, path, ordinal")
    return [dict(zip(names, row, strict=True)) for row in rows]


def overrides_in_force(connection: DuckDBPyConnection) -> list[dict[str, Any]]:
    """The rows of `etl.override` but for its own columns of times, by landing and line, as dictionaries."""
    names = ("landing", "line", "kind", "what", "becomes", "why", "pages")
    rows = connection.execute(f"SELECT {', '.join(names)} FROM etl.override ORDER BY landing, line").fetchall()
    return [dict(zip(names, row, strict=True)) for row in rows]


def warehouse_digest(root: Path | Lake) -> str:
    """The digest of what is published (see `esf_etl.warehouse.digest`)."""
    with open_current(root) as connection:
        try:
            return digest(connection)
        except duckdb.Error as problem:
            msg = f"DuckDB cannot read the published database: {str(problem).partition(chr(10))[0]}"
            raise SnapshotDamaged(msg, path=str(root), advice=GO_BACK) from problem
