"""The rows that are exported: a query of the published database, read bit by bit, and what is known of it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import duckdb

from esf_etl.errors import WarehouseError
from esf_etl.warehouse.reading import open_current

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from esf_etl.warehouse.lake.address import Lake

__all__ = ["Field", "Kind", "Snapshot", "fetched", "kinds", "open_export", "published_snapshot"]

Kind = Literal["text", "integer", "money", "share", "number", "date", "time", "boolean"]

_ROWS_AT_A_TIME = 1000
_KINDS: dict[str, Kind] = {
    "VARCHAR": "text",
    "TINYINT": "integer",
    "SMALLINT": "integer",
    "INTEGER": "integer",
    "BIGINT": "integer",
    "HUGEINT": "integer",
    "DATE": "date",
    "TIMESTAMP": "time",
    "BOOLEAN": "boolean",
}
_SHARES = ("_rate", "_share", "_coverage")


@dataclass(frozen=True, slots=True)
class Field:
    """A column of what is exported: its name and what its values are."""

    name: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is exported comes from this run, which began then (UTC)."""

    run_id: str
    started_at: datetime


@contextmanager
def open_export(root: Path | Lake) -> Iterator[DuckDBPyConnection]:
    """A reader of the warehouse. Raises `WarehouseError` where it is missing or has not what is asked of it."""
    with open_current(root) as connection:
        try:
            yield connection
        except duckdb.Error as problem:
            msg = f"the published database does not have what is to be exported: {str(problem).partition(chr(10))[0]}"
            raise WarehouseError(
                msg,
                path=str(root),
                code="warehouse-outdated",
                advice="Was it made by another release? `esf-etl ingest --reprocess` makes its views anew.",
            ) from problem


def published_snapshot(connection: DuckDBPyConnection) -> Snapshot:
    """The run whose snapshot is open."""
    row = connection.execute(
        "SELECT run_id, started_at FROM etl.run WHERE outcome = 'published' ORDER BY run_id DESC LIMIT 1"
    ).fetchone()
    if row is None:
        msg = "the published database knows no run that published it."
        raise WarehouseError(msg, advice="Ingest with --rebuild.")
    return Snapshot(*row)


def kinds(connection: DuckDBPyConnection) -> tuple[Field, ...]:
    """The columns of the query that was executed last."""
    return tuple(Field(column[0], _kind(column[0], str(column[1]))) for column in connection.description or ())


def _kind(name: str, sql_type: str) -> Kind:
    if sql_type.startswith("DECIMAL") or sql_type == "DOUBLE":
        if name.endswith("_sek"):
            return "money"
        return "share" if name.endswith(_SHARES) else "number"
    return _KINDS.get(sql_type, "text")


def fetched(connection: DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    """The rows of the query that was executed last; few of them are held at a time."""
    while rows := connection.fetchmany(_ROWS_AT_A_TIME):
        yield from rows
